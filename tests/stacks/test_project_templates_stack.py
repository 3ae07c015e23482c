"""Templates as products of Service Catalog, where settings ask for it."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk.assertions import Template

from mlops_constructs.projects import Seed
from stacks.default_settings import DefaultSettings
from stacks.project_templates_stack import ProjectTemplatesStack
from stacks.seeds import Seeds
from stacks.settings import ProjectTemplatesSettings


def test_the_template_is_a_product_as_well_for_the_principals_of_the_settings(
    tmp_path: Path,
) -> None:
    (tmp_path / "README.md").write_text("begin here\n")
    seed = Seed(folder=tmp_path)
    stack = ProjectTemplatesStack(
        cdk.App(),
        "ProjectTemplates",
        settings=ProjectTemplatesSettings.model_validate(
            {"service_catalog": {"principals": ["role/sagemaker-personas/*"]}}
        ),
        seeds=Seeds(model_build=seed, model_deploy=seed),
        defaults=DefaultSettings(),
        env=cdk.Environment(account="111111111111", region="us-east-1"),
    )

    template = Template.from_stack(stack)
    template.resource_count_is("AWS::ServiceCatalog::LaunchRoleConstraint", 1)
    template.has_resource_properties(
        "AWS::ServiceCatalog::CloudFormationProduct", {"Name": "tabular-model"}
    )
    template.has_resource_properties(
        "AWS::ServiceCatalog::PortfolioPrincipalAssociation", {"PrincipalType": "IAM_PATTERN"}
    )
    template.has_output("ProductId", {})
