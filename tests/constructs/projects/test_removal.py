"""Resources of a project that is removed completely, or retained."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from mlops_constructs.network import Network, NetworkUseCase
from mlops_constructs.projects import Seed
from tests.constructs.projects.definitions import (
    define_project,
    define_template,
    project_template_of,
)

REMOVAL_TAG = {"Key": "mlops-constructs:removed-with-stack", "Value": "true"}


@pytest.fixture(scope="module")
def removable(seed: Seed) -> Mapping[str, Any]:
    return project_template_of(seed, removal_policy=cdk.RemovalPolicy.DESTROY)


def ids_of(template: Mapping[str, Any], kind: str) -> set[str]:
    return {name for name, one in template["Resources"].items() if one["Type"] == kind}


def removal_of(template: Mapping[str, Any]) -> str:
    (found,) = ids_of(template, "Custom::ProjectRemoval")
    return found


def needs(template: Mapping[str, Any], logical_id: str) -> set[str]:
    """Returns everything that is created before a resource, and deleted after it."""
    found: set[str] = set()
    open_ = [logical_id]
    while open_:
        resource = template["Resources"][open_.pop()]
        named = {*_references(resource.get("Properties", {}))}
        depends = resource.get("DependsOn", [])
        named |= {depends} if isinstance(depends, str) else set(depends)
        new = {one for one in named if one in template["Resources"]} - found
        found |= new
        open_ += new
    return found


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("Ref"), str):
            yield value["Ref"]
        if isinstance(value.get("Fn::GetAtt"), list):
            yield value["Fn::GetAtt"][0]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _references(one)


def test_pipelines_are_deleted_before_what_they_made_and_roles_and_stores_after(
    removable: Mapping[str, Any],
) -> None:
    removal = removal_of(removable)
    for pipeline in ids_of(removable, "AWS::CodePipeline::Pipeline"):
        assert removal in needs(removable, pipeline)

    later = needs(removable, removal)
    for kind in (
        "AWS::CodeBuild::Project",
        "AWS::ECR::Repository",
        "AWS::KMS::Key",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
        "AWS::SageMaker::ModelPackageGroup",
    ):
        assert ids_of(removable, kind) <= later, kind
    (deployment,) = [one for one in ids_of(removable, "AWS::IAM::Role") if "DeploymentRole" in one]
    assert deployment in later


def test_the_key_is_deleted_after_the_bucket(removable: Mapping[str, Any]) -> None:
    (bucket,), keys = ids_of(removable, "AWS::S3::Bucket"), ids_of(removable, "AWS::KMS::Key")
    assert keys <= needs(removable, bucket)


def test_the_function_reaches_this_project_alone(removable: Mapping[str, Any]) -> None:
    (policy,) = [
        one["Properties"]["PolicyDocument"]["Statement"]
        for name, one in removable["Resources"].items()
        if name.startswith("ProjectRemovalRolePermissions")
    ]
    for statement in policy:
        resources = statement["Resource"]
        for resource in resources if isinstance(resources, list) else [resources]:
            text = json.dumps(resource)
            assert "churn" in text or "Project" in text, text
            assert text != '"*"'
    allowed = {
        action
        for one in policy
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }
    assert not [one for one in allowed if one.startswith("iam:")]
    assert {"cloudformation:DeleteStack", "s3:DeleteObjectVersion"} <= allowed


def test_only_removable_resources_have_the_removal_tag(
    removable: Mapping[str, Any], project_template: Mapping[str, Any]
) -> None:
    marked = [
        one["Type"]
        for one in removable["Resources"].values()
        if REMOVAL_TAG in one.get("Properties", {}).get("Tags", [])
    ]
    assert marked == ["AWS::SageMaker::ModelPackageGroup"]
    assert REMOVAL_TAG["Key"] not in json.dumps(project_template)


def test_a_project_that_is_kept_has_no_function_and_keeps_the_roles_of_its_endpoints(
    project_template: Mapping[str, Any],
) -> None:
    assert not ids_of(project_template, "AWS::Lambda::Function")
    assert not ids_of(project_template, "Custom::ProjectRemoval")
    kept = {
        name
        for name, one in project_template["Resources"].items()
        if one["Type"].startswith("AWS::IAM::")
        and one.get("DeletionPolicy") == "RetainExceptOnCreate"
    }
    assert {name[: name.index("Role")] for name in kept} == {
        "ProjectModelDeployPipelineDeployment",
        "ProjectModelExecution",
        "ProjectMonitoringRun",
        "ProjectMonitoringStarter",
    }
    for name in kept:
        assert needs(project_template, name) & ids_of(project_template, "AWS::IAM::Role") <= kept


def test_the_code_of_the_function_is_uploaded_to_where_the_template_expects_it(
    seed: Seed, tmp_path: Path
) -> None:
    app = cdk.App(outdir=str(tmp_path))
    stack = cdk.Stack(app, "Stack")
    published = define_template(
        stack,
        seed,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    app.synth()
    uploads = json.loads((tmp_path / "Stack.assets.json").read_text())["files"].values()
    keys = {place["objectKey"] for one in uploads for place in one["destinations"].values()}
    (function,) = ids_of(published.template, "AWS::Lambda::Function")
    assert published.template["Resources"][function]["Properties"]["Code"]["S3Key"] in keys


def test_the_function_that_removes_a_project_runs_in_a_network_where_that_is_demanded(
    seed: Seed,
) -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    network = Network(
        stack,
        "Network",
        uses=[NetworkUseCase.FUNCTIONS, NetworkUseCase.DELIVERY, NetworkUseCase.OPERATIONS],
    )
    define_project(stack, seed, function_network=network, removal_policy=cdk.RemovalPolicy.DESTROY)

    template: Mapping[str, Any] = Template.from_stack(stack).to_json()
    ((name, function),) = (
        (name, one)
        for name, one in template["Resources"].items()
        if one["Type"] == "AWS::Lambda::Function" and "Removal" in name
    )
    assert len(function["Properties"]["VpcConfig"]["SubnetIds"]) == 2
    # The function responds to CloudFormation and calls AWS through them.
    assert ids_of(template, "AWS::EC2::VPCEndpoint") <= set(function["DependsOn"]), name
