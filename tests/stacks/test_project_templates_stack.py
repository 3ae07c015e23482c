"""Project templates, the role that creates projects, and the products of the settings."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
import yaml
from aws_cdk.assertions import Template

from mlops_constructs.projects import Seed, SeedVersion
from stacks.foundation_stack import FoundationStack
from stacks.project_templates_stack import ProjectTemplatesStack
from stacks.seeds import Seeds
from stacks.settings.connections import ConnectionSettings
from stacks.settings.defaults import DefaultSettings
from stacks.settings.logs import LogSettings
from stacks.settings.names import Seed as SeedName
from stacks.settings.project_templates import ProjectTemplatesSettings

GITHUB = ConnectionSettings.model_validate({"name": "github", "provider": "GitHub"})
EXISTING = ConnectionSettings.model_validate(
    {
        "name": "gitlab",
        "provider": "GitLab",
        "existing_arn": "arn:aws:codeconnections:us-east-1:111111111111:connection/0c8f",
    }
)


ONE = [{"name": "tabular-model"}]


def stack_of(
    folder: Path, *, with_foundation: bool = False, **settings: Any
) -> ProjectTemplatesStack:
    (folder / "seed").mkdir(exist_ok=True)
    (folder / "seed/README.md").write_text("begin here\n")
    seed = Seed(folder=folder / "seed", version=SeedVersion(name="test", version="1"))
    app = cdk.App(outdir=str(folder / "assembly"))
    common: dict[str, Any] = {
        "defaults": DefaultSettings(),
        "env": cdk.Environment(account="111111111111", region="us-east-1"),
    }
    return ProjectTemplatesStack(
        app,
        "ProjectTemplates",
        settings=ProjectTemplatesSettings.model_validate(settings),
        seeds=dict.fromkeys(SeedName, Seeds(model_build=seed, model_deploy=seed)),
        connections=[GITHUB, EXISTING],
        foundation=FoundationStack(app, "Foundation", settings=LogSettings(), **common)
        if with_foundation
        else None,
        **common,
    )


def test_the_template_is_a_product_as_well_for_the_principals_of_the_settings(
    tmp_path: Path,
) -> None:
    stack = stack_of(
        tmp_path, templates=ONE, service_catalog={"principals": ["role/sagemaker-personas/*"]}
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


def test_there_is_a_template_for_each_seed_by_default() -> None:
    defaults = ProjectTemplatesSettings().templates

    assert [one.seed for one in defaults] == list(SeedName)
    assert {one.name for one in defaults} == {f"{seed.value}-model" for seed in SeedName}
    assert len({one.description for one in defaults}) == len(SeedName)


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
    stack = stack_of(tmp_path, templates=ONE, launch_role_name="ProjectsLaunchRole")

    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Role", {"RoleName": "ProjectsLaunchRole"}
    )
    assert ":role/ProjectsLaunchRole" in administrators_of_keys(tmp_path)


def test_a_launch_role_that_exists_is_not_made_again(tmp_path: Path) -> None:
    arn = "arn:aws:iam::111111111111:role/AmazonSageMakerProjectsLaunchRole"
    stack = stack_of(tmp_path, templates=ONE, launch_role_arn=arn)

    template = Template.from_stack(stack)
    assert "launch role" not in str(template.find_resources("AWS::IAM::Role")).lower()
    template.has_output("LaunchRoleArn", {"Value": arn})
    assert administrators_of_keys(tmp_path) == arn


def published(folder: Path) -> dict[str, Any]:
    """Returns the templates of projects in the assembly, by the source of their code."""
    templates = [yaml.safe_load(file.read_text()) for file in folder.glob("assembly/asset.*.yaml")]
    found = {}
    for template in templates:
        pipelines = [
            one["Properties"]["Stages"][0]["Actions"][0]
            for one in template["Resources"].values()
            if one["Type"] == "AWS::CodePipeline::Pipeline"
        ]
        (provider,) = {one["ActionTypeId"]["Provider"] for one in pipelines}
        arns = {str(one["Configuration"].get("ConnectionArn", "")) for one in pipelines}
        found[f"{provider} {''.join(arns)}".strip()] = template
    return found


THREE: list[dict[str, Any]] = [
    {"name": "tabular"},
    {"name": "tabular-github", "git": {"connection": "github", "owner": "acme"}},
    {"name": "tabular-gitlab", "git": {"connection": "gitlab", "owner": "acme/ml"}},
]


def test_each_template_is_a_file_and_a_product_with_its_git_service(tmp_path: Path) -> None:
    stack = stack_of(
        tmp_path, templates=THREE, service_catalog={"principals": ["role/sagemaker-personas/*"]}
    )

    template = Template.from_stack(stack)
    products = template.find_resources("AWS::ServiceCatalog::CloudFormationProduct").values()
    assert {one["Properties"]["Name"] for one in products} == {one["name"] for one in THREE}
    template.resource_count_is("AWS::ServiceCatalog::LaunchRoleConstraint", 3)
    template.resource_count_is("AWS::ServiceCatalog::Portfolio", 1)
    keys = [
        one["Properties"]["Key"]
        for one in template.to_json()["Resources"].values()
        if "SourceKey" in one.get("Properties", {})
    ]
    assert len(set(keys)) == 3
    for name in ("TemplateUrl", "TabularGithubTemplateUrl", "TabularGitlabProductId"):
        template.has_output(name, {})
    found = published(tmp_path)
    assert sorted(found)[0] == "CodeCommit"
    assert f"CodeStarSourceConnection {EXISTING.existing_arn}" in found
    (of_github,) = [one for key, one in found.items() if "Ref" in key]
    assert "/mlops/Connections/github/arn" in str(of_github["Parameters"])


def test_the_removal_of_a_template_changes_nothing_of_the_others(tmp_path: Path) -> None:
    catalog = {"principals": ["role/sagemaker-personas/*"]}
    (tmp_path / "two").mkdir()
    before = Template.from_stack(
        stack_of(tmp_path, templates=THREE, service_catalog=catalog)
    ).to_json()["Resources"]
    after = Template.from_stack(
        stack_of(tmp_path / "two", templates=THREE[1:], service_catalog=catalog)
    ).to_json()["Resources"]

    assert after.keys() < before.keys()
    changed = {key for key, one in after.items() if one != before[key]}
    # The seeds are equal, so only what all templates share can change.
    assert not {key for key in changed if "Templatetabular" in key or "Producttabular" in key}


def test_a_template_with_an_unknown_connection_is_rejected(tmp_path: Path) -> None:
    templates = [{"name": "a", "git": {"connection": "bitbucket", "owner": "acme"}}]

    with pytest.raises(ValueError, match=r"got the connection bitbucket; .*: github, gitlab"):
        stack_of(tmp_path, templates=templates)


def test_the_projects_of_all_templates_log_in_one_mlflow_app(tmp_path: Path) -> None:
    names = ["tabular-model", "other"]
    stack = stack_of(
        tmp_path,
        with_foundation=True,
        mlflow={"name": "experiments", "maintenance_window": "Sun:02:00"},
        templates=[{"name": name} for name in names],
    )
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::SageMaker::MlflowApp", 1)
    template.has_resource_properties(
        "AWS::SageMaker::MlflowApp",
        {"Name": "experiments", "WeeklyMaintenanceWindowStart": "Sun:02:00"},
    )
    template.has_output("MlflowTrackingUri", {})
    published = template.find_resources("AWS::SSM::Parameter")
    apps = {one["Properties"]["Name"] for one in published.values()}
    assert {f"/mlops/ProjectTemplates/{name}/MlflowAppArn" for name in names} <= apps


def test_the_artifacts_of_mlflow_are_kept_with_their_key(tmp_path: Path) -> None:
    template = Template.from_stack(stack_of(tmp_path, with_foundation=True, mlflow={})).to_json()
    kept = {
        one["Type"]: one.get("DeletionPolicy")
        for name, one in template["Resources"].items()
        if name.startswith("Mlflow")
        and one["Type"] in ("AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SageMaker::MlflowApp")
    }
    assert set(kept.values()) == {"RetainExceptOnCreate"}
    assert len(kept) == 3


def test_mlflow_needs_the_bucket_of_access_logs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ProjectTemplates: mlflow: requires foundation"):
        stack_of(tmp_path, mlflow={})


def test_without_mlflow_there_is_no_app(tmp_path: Path) -> None:
    template = Template.from_stack(stack_of(tmp_path))
    template.resource_count_is("AWS::SageMaker::MlflowApp", 0)


def test_projects_of_templates_define_feature_groups_where_the_settings_say_so(
    tmp_path: Path,
) -> None:
    stack = stack_of(
        tmp_path,
        feature_store=True,
        templates=[{"name": "tabular-model"}, {"name": "plain", "feature_store": False}],
    )

    Template.from_stack(stack)
    texts = [file.read_text() for file in (tmp_path / "assembly").glob("asset.*.yaml")]
    assert sorted("sagemaker:CreateFeatureGroup" in text for text in texts) == [False, True]
