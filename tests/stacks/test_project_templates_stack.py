"""Project templates, the role that creates projects, and the products of the settings."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import yaml
from aws_cdk.assertions import Template

from mlops_constructs.projects import Seed
from stacks.project_templates_stack import ProjectTemplatesStack
from stacks.seeds import Seeds
from stacks.settings.defaults import DefaultSettings
from stacks.settings.project_templates import ProjectTemplatesSettings


def stack_of(folder: Path, **settings: Any) -> ProjectTemplatesStack:
    (folder / "README.md").write_text("begin here\n")
    seed = Seed(folder=folder)
    return ProjectTemplatesStack(
        cdk.App(outdir=str(folder / "assembly")),
        "ProjectTemplates",
        settings=ProjectTemplatesSettings.model_validate(settings),
        seeds=Seeds(model_build=seed, model_deploy=seed),
        defaults=DefaultSettings(),
        env=cdk.Environment(account="111111111111", region="us-east-1"),
    )


def test_the_template_is_a_product_as_well_for_the_principals_of_the_settings(
    tmp_path: Path,
) -> None:
    stack = stack_of(tmp_path, service_catalog={"principals": ["role/sagemaker-personas/*"]})

    template = Template.from_stack(stack)
    template.resource_count_is("AWS::ServiceCatalog::LaunchRoleConstraint", 1)
    template.has_resource_properties(
        "AWS::ServiceCatalog::CloudFormationProduct", {"Name": "tabular-model"}
    )
    template.has_resource_properties(
        "AWS::ServiceCatalog::PortfolioPrincipalAssociation", {"PrincipalType": "IAM_PATTERN"}
    )
    template.has_output("ProductId", {})


def administrators_of_keys(folder: Path) -> str:
    """Returns the principal that can administer the keys of projects in the template."""
    (file,) = (folder / "assembly").glob("asset.*.yaml")
    template = yaml.safe_load(file.read_text())
    (key,) = [
        one["Properties"]["KeyPolicy"]["Statement"]
        for one in template["Resources"].values()
        if one["Type"] == "AWS::KMS::Key"
    ]
    (statement,) = [one for one in key if one.get("Sid") == "LaunchRole"]
    return str(statement["Principal"]["AWS"])


def test_the_launch_role_has_the_name_of_the_settings(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, launch_role_name="ProjectsLaunchRole")

    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Role", {"RoleName": "ProjectsLaunchRole"}
    )
    assert ":role/ProjectsLaunchRole" in administrators_of_keys(tmp_path)


def test_a_launch_role_that_exists_is_not_made_again(tmp_path: Path) -> None:
    arn = "arn:aws:iam::111111111111:role/AmazonSageMakerProjectsLaunchRole"
    stack = stack_of(tmp_path, launch_role_arn=arn)

    template = Template.from_stack(stack)
    assert "launch role" not in str(template.find_resources("AWS::IAM::Role")).lower()
    template.has_output("LaunchRoleArn", {"Value": arn})
    assert administrators_of_keys(tmp_path) == arn
