"""MLflow Apps, and who may use them."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs.studio import MlflowApp, ModelRegistrationMode

from .conftest import ROLE_ARN, Resources, only, statements

ARN = "arn:aws:sagemaker:eu-west-1:111111111111:mlflow-app/app-ABC"


def actions(policies: dict[str, dict[str, Any]]) -> set[str]:
    found: set[str] = set()
    for statement in statements(policies):
        given = statement["Action"]
        found |= {given} if isinstance(given, str) else set(given)
    return found


@pytest.fixture
def training(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Training", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))


def test_an_app_needs_only_a_bucket(
    stack: cdk.Stack, bucket: s3.IBucket, resources: Resources
) -> None:
    MlflowApp(stack, "Mlflow", artifact_bucket=bucket)

    app = only(resources("MlflowApp"))
    assert app["DeletionPolicy"] == "RetainExceptOnCreate"
    assert app["Properties"]["ArtifactStoreUri"] == "s3://churn-artifacts/mlflow"
    assert app["Properties"]["ModelRegistrationMode"] == "AutoModelRegistrationDisabled"
    policies = resources("AWS::IAM::ManagedPolicy")
    assert actions(policies) == {
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
    }
    (listing,) = [one for one in statements(policies) if "s3:ListBucket" in one["Action"]]
    assert "Condition" not in listing, "HeadBucket names no prefix"


def test_an_app_that_registers_models_may_do_so_and_use_the_bucket_s_key(
    stack: cdk.Stack, resources: Resources
) -> None:
    key = kms.Key(stack, "Key")
    bucket = s3.Bucket(stack, "B", encryption=s3.BucketEncryption.KMS, encryption_key=key)

    MlflowApp(
        stack,
        "Mlflow",
        artifact_bucket=bucket,
        mlflow_app_name="churn",
        model_registration_mode=ModelRegistrationMode.AUTOMATIC,
        weekly_maintenance_window_start="Sun:02:00",
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )

    app = only(resources("MlflowApp"))
    assert app["DeletionPolicy"] == "Delete"
    assert app["Properties"]["ModelRegistrationMode"] == "AutoModelRegistrationEnabled"
    assert app["Properties"]["WeeklyMaintenanceWindowStart"] == "Sun:02:00"
    allowed = actions(resources("AWS::IAM::ManagedPolicy"))
    assert {"sagemaker:CreateModelPackage", "kms:GenerateDataKey"} < allowed


def test_models_that_mlflow_registers_are_of_no_project(
    stack: cdk.Stack, bucket: s3.IBucket, resources: Resources
) -> None:
    MlflowApp(
        stack,
        "Mlflow",
        artifact_bucket=bucket,
        model_registration_mode=ModelRegistrationMode.AUTOMATIC,
    )

    of_no_project = {"aws:ResourceTag/sagemaker:project-name": "true"}
    about_models = [
        one
        for one in statements(resources("AWS::IAM::ManagedPolicy"))
        if "sagemaker:" in str(one["Action"])
    ]
    assert about_models
    assert all(one["Condition"]["Null"] == of_no_project for one in about_models)


def test_who_tracks_may_add_but_not_delete(
    stack: cdk.Stack, bucket: s3.IBucket, training: iam.Role, resources: Resources
) -> None:
    app = MlflowApp(stack, "Mlflow", artifact_bucket=bucket)

    app.grant_track(training).assert_success()

    granted = {
        name: policy for name, policy in resources("AWS::IAM::Policy").items() if "Train" in name
    }
    allowed = actions(granted)
    assert {"sagemaker:CallMlflowAppApi", "sagemaker-mlflow:LogMetric", "s3:PutObject"} < allowed
    assert not [action for action in allowed if "Delete" in action]
    for statement in statements(granted):
        assert statement["Resource"] != "*"


def test_who_reads_or_opens_may_not_write(
    stack: cdk.Stack, training: iam.Role, resources: Resources
) -> None:
    app = MlflowApp.from_mlflow_app_arn(stack, "Mlflow", ARN)

    app.grant_read(training)
    app.grant_open(training)

    allowed = actions(resources("AWS::IAM::Policy"))
    assert app.tracking_uri == ARN
    assert {"sagemaker-mlflow:GetRun", "sagemaker-mlflow:AccessUI"} < allowed
    assert "sagemaker:CreatePresignedMlflowAppUrl" in allowed
    verbs = ("Create", "Log", "Set", "Update", "Put", "Delete")
    writing = [action for action in allowed if action.split(":")[1].startswith(verbs)]
    assert writing == ["sagemaker:CreatePresignedMlflowAppUrl"]


def test_an_app_takes_a_role(
    stack: cdk.Stack, bucket: s3.IBucket, role: iam.IRole, resources: Resources
) -> None:
    MlflowApp(stack, "Mlflow", artifact_bucket=bucket, role=role)

    assert only(resources("MlflowApp"))["Properties"]["RoleArn"] == ROLE_ARN


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mlflow_app_name": "my_app"}, "mlflow_app_name: got 'my_app'"),
        ({"artifact_prefix": "/mlflow/"}, "artifact_prefix: got '/mlflow/'"),
        (
            {"weekly_maintenance_window_start": "Sunday 2am"},
            "weekly_maintenance_window_start: got 'Sunday 2am'",
        ),
        ({"weekly_maintenance_window_start": "Sun:24:00"}, "such as Tue:03:30"),
    ],
)
def test_an_app_that_aws_would_reject_is_rejected(
    stack: cdk.Stack, bucket: s3.IBucket, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match="MlflowApp S/Mlflow cannot be defined") as raised:
        MlflowApp(stack, "Mlflow", artifact_bucket=bucket, **arguments)
    assert message in str(raised.value)
