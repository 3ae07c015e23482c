"""Templates whose projects log their trainings in an MLflow App of the platform."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlops_constructs.access._managed_policies import MAX_POLICY_LENGTH, policy_size
from mlops_constructs.projects import ProjectBoundary, Seed
from mlops_constructs.studio import MlflowApp, MlflowAppBase
from tests.constructs.projects.definitions import ENVIRONMENT, define_template
from tests.constructs.projects.template_roles import ACCOUNT, REGION, Project
from tests.constructs.projects.test_permissions_boundary import allows, outside_of
from tests.rehearsal.ministack.patched import install

APP = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:mlflow-app/app-ABC"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/platform"
VARIABLE = "MLFLOW_APP_ARN"
VALUES = {"MlflowAppArn": APP, "MlflowBucketName": "platform-mlflow", "MlflowKeyArn": KEY}


def app_in(stack: cdk.Stack) -> MlflowAppBase:
    bucket = s3.Bucket.from_bucket_attributes(
        stack,
        "Artifacts",
        bucket_name=VALUES["MlflowBucketName"],
        encryption_key=kms.Key.from_key_arn(stack, "Key", KEY),
    )
    return MlflowApp.from_mlflow_app_arn(stack, "Mlflow", APP, artifact_bucket=bucket)


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory, seed: Seed) -> tuple[Any, Any]:
    """The template of the platform's stack, and that of its projects."""
    app = cdk.App(outdir=str(tmp_path_factory.mktemp("assembly")))
    stack = cdk.Stack(app, "Stack", env=ENVIRONMENT)
    mlflow = app_in(stack)
    template = define_template(stack, seed, mlflow=mlflow)
    ProjectBoundary(
        stack,
        "Boundary",
        templates=[template.template],
        parameter_name="/mlops/test/boundary-arn",
        mlflow=mlflow,
    )
    return Template.from_stack(stack).to_json(), template.template


@pytest.fixture(scope="module")
def project(assembly: tuple[Any, Any]) -> Mapping[str, Any]:
    """The template of a project, with the values that CloudFormation reads for it."""
    text = json.dumps(assembly[1])
    for name, value in VALUES.items():
        text = text.replace(json.dumps({"Ref": name}), json.dumps(value))
    found: Mapping[str, Any] = json.loads(text)
    return found


@pytest.fixture(scope="module")
def boundary(assembly: tuple[Any, Any]) -> Mapping[str, Any]:
    (policy,) = (
        one["Properties"]["PolicyDocument"]
        for name, one in assembly[0]["Resources"].items()
        if one["Type"] == "AWS::IAM::ManagedPolicy" and name.startswith("Boundary")
    )
    document: Mapping[str, Any] = Project(assembly[0]).resolved(policy)
    return document


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "corrections.policy_variables")


def test_projects_find_the_app_by_its_parameters(assembly: tuple[Any, Any]) -> None:
    stack, project = assembly
    published = {
        one["Properties"]["Name"]: one["Properties"]["Value"]
        for one in stack["Resources"].values()
        if one["Type"] == "AWS::SSM::Parameter"
    }
    names = {name: project["Parameters"][name]["Default"] for name in VALUES}
    assert names == {name: f"/mlops/Stack/tabular-model/{name}" for name in VALUES}
    assert {name: published[names[name]] for name in VALUES} == VALUES


def test_the_builds_of_a_project_log_in_the_app(project: Mapping[str, Any]) -> None:
    environments = [
        one["Properties"]["Environment"].get("EnvironmentVariables", [])
        for one in project["Resources"].values()
        if one["Type"] == "AWS::CodeBuild::Project"
    ]
    apps = [each["Value"] for one in environments for each in one if each["Name"] == VARIABLE]
    assert apps == [APP]


def test_what_a_role_may_log_is_within_the_boundary(
    boundary: Mapping[str, Any], project: Mapping[str, Any]
) -> None:
    roles = Project(project)
    logged = [
        statement for _, statement in roles.statements() if "sagemaker-mlflow" in str(statement)
    ]
    assert logged
    assert outside_of(boundary, roles) == []


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("sagemaker:CallMlflowAppApi", APP, True),
        ("sagemaker-mlflow:LogBatch", APP, True),
        ("sagemaker-mlflow:DeleteRun", APP, False),
        ("sagemaker:CreatePresignedMlflowAppUrl", APP, False),
        ("sagemaker-mlflow:LogBatch", f"{APP}D", False),
        ("sagemaker:CallMlflowAppApi", f"{APP}D", False),
        ("s3:PutObject", "arn:aws:s3:::platform-mlflow/mlflow/1/page.html", True),
        ("s3:PutObject", "arn:aws:s3:::platform-data/mlflow/page.html", False),
        ("s3:DeleteObject", "arn:aws:s3:::platform-mlflow/mlflow/1/page.html", False),
        ("kms:GenerateDataKey", KEY, True),
        ("kms:ScheduleKeyDeletion", KEY, False),
        ("kms:Decrypt", f"{KEY}-other", False),
    ],
)
def test_the_boundary_allows_to_log_in_the_app_of_the_platform_only(
    boundary: Mapping[str, Any], action: str, resource: str, *, expected: bool
) -> None:
    assert allows(boundary, action, resource) is expected


def test_the_boundary_has_room_for_the_app(boundary: Mapping[str, Any]) -> None:
    document = json.dumps(boundary).replace(REGION, "ap-southeast-1").replace(" ", "")
    name = VALUES["MlflowBucketName"]
    # Names and ids that AWS generates are longer.
    longer = (63 - len(name)) + len("GHIJKLMNOPQR") + (36 - len("platform"))
    assert policy_size(boundary) <= MAX_POLICY_LENGTH
    assert len(document) + longer <= MAX_POLICY_LENGTH


def test_a_boundary_without_the_app_of_its_templates_is_rejected(
    tmp_path: Path, seed: Seed
) -> None:
    stack = cdk.Stack(cdk.App(outdir=str(tmp_path)), "Stack", env=ENVIRONMENT)
    template = define_template(stack, seed, mlflow=app_in(stack))
    with pytest.raises(ValueError, match="got roles that log in MLflow; give the App"):
        ProjectBoundary(
            stack,
            "Boundary",
            templates=[template.template],
            parameter_name="/mlops/test/boundary-arn",
        )
