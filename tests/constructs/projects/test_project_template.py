import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
import yaml

from mlops_constructs.network import Network, NetworkBase
from mlops_constructs.projects import Project, ProjectTemplate, Seed
from tests.constructs.projects.definitions import ENVIRONMENT, define_template
from tests.guards import unguarded_roles


def publish(directory: Path, seed: Seed, name: str = "tabular-model") -> ProjectTemplate:
    app = cdk.App(outdir=str(directory))
    stack = cdk.Stack(app, "Stack", env=ENVIRONMENT)
    template = define_template(stack, seed, template_name=name)
    app.synth()
    return template


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, seed: Seed) -> tuple[Path, ProjectTemplate]:
    directory = tmp_path_factory.mktemp("assembly")
    return directory, publish(directory, seed)


def test_sagemaker_sets_all_parameters_that_have_to_be_set(
    parametrised_template: Mapping[str, Any], removable_template: Mapping[str, Any]
) -> None:
    for template in (parametrised_template, removable_template):
        wanted = {
            name for name, one in template["Parameters"].items() if one.get("Default") is None
        }
        assert wanted == {"SageMakerProjectName", "SageMakerProjectId"}
    # What is removed with its project cannot be adopted by another one.
    assert set(removable_template["Parameters"]) == {*wanted, "BoundaryArn"}
    assert "Rules" not in removable_template


@pytest.mark.parametrize(
    ("name", "fits"), [("churn", True), ("churn-2", True), ("Churn", False), ("x" * 33, False)]
)
def test_the_template_takes_only_names_that_arns_keep(
    parametrised_template: Mapping[str, Any], name: str, fits: bool
) -> None:
    parameter = parametrised_template["Parameters"]["SageMakerProjectName"]

    assert bool(re.fullmatch(parameter["AllowedPattern"], name)) == fits


def test_names_follow_from_the_parameter(parametrised_template: Mapping[str, Any]) -> None:
    names = [
        one["Properties"]["Name"]
        for one in parametrised_template["Resources"].values()
        if one["Type"] == "AWS::CodePipeline::Pipeline"
    ]
    assert {"Fn::Join": ["", [{"Ref": "SageMakerProjectName"}, "-model-build"]]} in names
    assert {"Fn::Join": ["", [{"Ref": "SageMakerProjectName"}, "-model-deploy"]]} in names


def test_a_project_from_the_template_is_the_project_of_a_stack(
    parametrised_template: Mapping[str, Any], project_template: Mapping[str, Any]
) -> None:
    def kinds(template: Mapping[str, Any]) -> dict[str, str]:
        return {name: one["Type"] for name, one in template["Resources"].items()}

    assert kinds(parametrised_template) == kinds(project_template)
    assert set(parametrised_template["Outputs"]) == set(Project.OUTPUTS)


def test_every_role_of_a_project_has_the_published_boundary(
    parametrised_template: Mapping[str, Any],
) -> None:
    roles = [
        one["Properties"]
        for one in parametrised_template["Resources"].values()
        if one["Type"] == "AWS::IAM::Role"
    ]
    assert roles
    for role in roles:
        assert role["PermissionsBoundary"] == {"Ref": "BoundaryArn"}
    assert parametrised_template["Parameters"]["BoundaryArn"] == {
        "Type": "AWS::SSM::Parameter::Value<String>",
        "Default": "/mlops/test/boundary-arn",
        "Description": "Name of a parameter of Systems Manager; keep the default",
    }


def test_the_template_is_published_as_yaml(
    published: tuple[Path, ProjectTemplate],
) -> None:
    directory, template = published
    (file,) = directory.glob("asset.*.yaml")

    assert yaml.safe_load(file.read_text()) == template.template


def test_the_seeds_are_uploaded_to_where_the_template_expects_them(
    published: tuple[Path, ProjectTemplate],
) -> None:
    directory, template = published
    uploads = json.loads((directory / "Stack.assets.json").read_text())["files"].values()
    uploaded = {
        (place["bucketName"], place["objectKey"])
        for one in uploads
        for place in one["destinations"].values()
    }
    repositories = [
        one["Properties"]["Code"]["S3"]
        for one in template.template["Resources"].values()
        if one["Type"] == "AWS::CodeCommit::Repository"
    ]
    assert len(repositories) == 2
    for seed in repositories:
        assert seed["Bucket"] == {
            "Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
        }
        assert ("cdk-hnb659fds-assets-111111111111-us-east-1", seed["Key"]) in uploaded


def test_the_address_of_a_template_does_not_depend_on_its_content(
    published: tuple[Path, ProjectTemplate],
) -> None:
    directory, _ = published
    stack = json.loads((directory / "Stack.template.json").read_text())
    (resource,) = [
        one for one in stack["Resources"].values() if one["Type"] == "Custom::ProjectTemplate"
    ]
    assert resource["Properties"]["Key"] == "templates/tabular-model.yaml"


def test_two_synths_are_byte_identical(
    published: tuple[Path, ProjectTemplate], tmp_path: Path, seed: Seed
) -> None:
    first, _ = published
    publish(tmp_path, seed)

    for file in first.glob("*"):
        if file.suffix in (".yaml", ".zip") or file.name.endswith(".template.json"):
            assert (tmp_path / file.name).read_bytes() == file.read_bytes()


def test_the_context_of_the_cli_leaves_no_trace_in_the_template(
    published: tuple[Path, ProjectTemplate],
    tmp_path: Path,
    seed: Seed,
) -> None:
    _, template = published

    assert "aws:cdk:path" not in str(template.template)
    assert "aws:asset:path" not in str(template.template)


def test_a_malformed_name_is_rejected(tmp_path: Path, seed: Seed) -> None:
    with pytest.raises(ValueError, match="template_name: got 'tabular model'; allowed are"):
        publish(tmp_path, seed, name="tabular model")


def with_network(directory: Path, seed: Seed, network: Callable[[cdk.Stack], NetworkBase]) -> Any:
    """The stack's template, and that of the projects."""
    app = cdk.App(outdir=str(directory))
    stack = cdk.Stack(app, "Stack", env=ENVIRONMENT)
    template = define_template(stack, seed, network=network(stack))
    return app.synth().get_stack_by_name("Stack").template, template.template


def build_in(template: Mapping[str, Any]) -> Any:
    return next(
        one["Properties"]
        for one in template["Resources"].values()
        if one["Type"] == "AWS::CodeBuild::Project"
    )


def test_projects_find_a_network_of_the_app_by_its_parameters(tmp_path: Path, seed: Seed) -> None:
    stack, project = with_network(tmp_path, seed, lambda scope: Network(scope, "Network"))

    published = {
        one["Properties"]["Name"]
        for one in stack["Resources"].values()
        if one["Type"] == "AWS::SSM::Parameter"
    }
    names = ["VpcId", "SubnetId1", "SubnetId2", "SecurityGroupId1"]
    parameters = {name: project["Parameters"][name] for name in names}
    assert {one["Type"] for one in parameters.values()} == {"AWS::SSM::Parameter::Value<String>"}
    assert {one["Default"] for one in parameters.values()} == {
        f"/mlops/Stack/tabular-model/{name}" for name in names
    }
    assert {one["Default"] for one in parameters.values()} <= published
    assert build_in(project)["VpcConfig"] == {
        "VpcId": {"Ref": "VpcId"},
        "Subnets": [{"Ref": "SubnetId1"}, {"Ref": "SubnetId2"}],
        "SecurityGroupIds": [{"Ref": "SecurityGroupId1"}],
    }
    assert "Fn::ImportValue" not in json.dumps(project)
    assert not unguarded_roles(project)


def test_projects_name_an_imported_network_by_its_ids(tmp_path: Path, seed: Seed) -> None:
    ids: dict[str, Any] = {
        "vpc_id": "vpc-0a1b2c3d",
        "subnet_ids": ["subnet-0a1b2c3d", "subnet-0a1b2c3e"],
        "security_group_ids": ["sg-0a1b2c3d"],
    }

    stack, project = with_network(
        tmp_path, seed, lambda scope: Network.from_ids(scope, "Corporate", **ids)
    )

    assert "Outputs" not in stack, "nothing is exported"
    assert build_in(project)["VpcConfig"]["Subnets"] == ids["subnet_ids"]
    assert not unguarded_roles(project)
