"""MLflow without a server of one's own."""

from __future__ import annotations

import re
from enum import StrEnum

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems
from mlops_constructs.access import acknowledge_wildcards

from ._mlflow_role import define_mlflow_role
from ._names import generated_name, name_problems
from .mlflow_actions import OPEN_ACTIONS, READ_ACTIONS, TRACK_ACTIONS

LONGEST_APP_NAME = 256
_WINDOW = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun):([01]\d|2[0-3]):([0-5]\d)")


class ModelRegistrationMode(StrEnum):
    """Whether a model that is registered in MLflow appears in SageMaker's registry."""

    AUTOMATIC = "AutoModelRegistrationEnabled"
    """It does, as a version of a model package group."""

    MANUAL = "AutoModelRegistrationDisabled"
    """It does not: a pipeline registers what has been evaluated."""


class MlflowAppBase(cdk.Resource):
    """An MLflow App, owned or imported, and who may use it.

    AWS has no CloudWatch metrics of an MLflow App.
    """

    mlflow_app_arn: str
    artifact_bucket: s3.IBucket | None = None
    artifact_prefix: str = ""

    @property
    def tracking_uri(self) -> str:
        """What `mlflow.set_tracking_uri` takes; it needs the package `sagemaker-mlflow`."""
        return self.mlflow_app_arn

    def grant_track(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal log runs, models and traces, and read them.

        MLflow clients write artifacts to S3 themselves: the grant allows this, too, where the
        bucket is known.

        Example:
            ```python
            MlflowApp(stack, "Mlflow", artifact_bucket=bucket).grant_track(role)
            ```
        """
        granted = self._grant(grantee, [*READ_ACTIONS, *TRACK_ACTIONS])
        return self._grant_artifacts(granted, grantee, "s3:GetObject", "s3:PutObject")

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal read runs, models, traces and artifacts.

        AWS checks `sagemaker:CallMlflowAppApi` for every call, and the single `sagemaker-mlflow`
        actions besides.

        Example:
            ```python
            MlflowApp(stack, "Mlflow", artifact_bucket=bucket).grant_read(role)
            ```
        """
        granted = self._grant(grantee, READ_ACTIONS)
        return self._grant_artifacts(granted, grantee, "s3:GetObject")

    def grant_open(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal open the user interface of MLflow.

        Example:
            ```python
            MlflowApp(stack, "Mlflow", artifact_bucket=bucket).grant_open(role)
            ```
        """
        url = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["sagemaker:CreatePresignedMlflowAppUrl", "sagemaker:DescribeMlflowApp"],
            resource_arns=[self.mlflow_app_arn],
        )
        return url.combine(self._grant(grantee, OPEN_ACTIONS))

    def _grant(self, grantee: iam.IGrantable, actions: list[str] | tuple[str, ...]) -> iam.Grant:
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["sagemaker:CallMlflowAppApi", *actions],
            resource_arns=[self.mlflow_app_arn],
        )

    def _grant_artifacts(
        self, granted: iam.Grant, grantee: iam.IGrantable, *actions: str
    ) -> iam.Grant:
        bucket = self.artifact_bucket
        if bucket is None:
            return granted
        objects = bucket.arn_for_objects(f"{self.artifact_prefix}/*")
        granted = granted.combine(
            iam.Grant.add_to_principal(
                grantee=grantee, actions=list(actions), resource_arns=[objects]
            )
        ).combine(
            iam.Grant.add_to_principal(
                grantee=grantee,
                actions=["s3:ListBucket"],
                resource_arns=[bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": [f"{self.artifact_prefix}/*"]}},
            )
        )
        if isinstance(grantee, iam.Role):
            because = "MLflow names the artifacts of runs"
            acknowledge_wildcards(grantee, resources=[objects], reason=because)
        if bucket.encryption_key is not None:
            keys = ["kms:Decrypt", "kms:GenerateDataKey"]
            granted = granted.combine(
                iam.Grant.add_to_principal(
                    grantee=grantee,
                    actions=keys,
                    resource_arns=[bucket.encryption_key.key_arn],
                )
            )
        return granted


class MlflowApp(MlflowAppBase):
    """Defines a serverless MLflow 3 for experiments, models and traces.

    AWS runs and updates it; there is nothing to size, and nothing to pay while nobody uses it but
    for the artifacts in S3.

    Args:
        artifact_bucket: where artifacts of runs are kept.
        artifact_prefix: part of the bucket, without slashes around it.
        mlflow_app_name: its name. Left out: one is made of the stack's name and the path in the
            stack. Another name or role replaces it, and what it has tracked is lost.
        role: role with which it reads and writes artifacts. Left out: one that can do just that,
            and register models where `model_registration_mode` is automatic: in groups of their
            own, not in those of projects, and never as approved.
        model_registration_mode: whether models of MLflow are registered in SageMaker. Left out:
            not.
        weekly_maintenance_window_start: when AWS may update it, day and time in UTC, as
            "Tue:03:30". Left out: AWS chooses.
        removal_policy: what becomes of it, and of all that it has tracked, when it leaves the
            stack. Left out: it stays.

    Raises:
        ValueError: with every problem of the input.

    Source: CreateMlflowApp in SageMaker's API reference, "Set up IAM permissions for MLflow Apps"
    in its developer guide.

    Example:
        ```python
        MlflowApp(
            stack,
            "Mlflow",
            artifact_bucket=bucket,
            model_registration_mode=ModelRegistrationMode.AUTOMATIC,
            weekly_maintenance_window_start="Sun:02:00",
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        artifact_bucket: s3.IBucket,
        artifact_prefix: str = "mlflow",
        mlflow_app_name: str | None = None,
        role: iam.IRole | None = None,
        model_registration_mode: ModelRegistrationMode = ModelRegistrationMode.MANUAL,
        weekly_maintenance_window_start: str | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        problems = Problems(f"MlflowApp {self.node.path}")
        problems.extend(region_problems(self, "AWS::SageMaker::MlflowApp"))
        problems.extend(name_problems("mlflow_app_name", mlflow_app_name, longest=LONGEST_APP_NAME))
        problems.extend(_problems(artifact_prefix, weekly_maintenance_window_start))
        problems.raise_if_any()
        self.artifact_bucket = artifact_bucket
        self.artifact_prefix = artifact_prefix
        self.role: iam.IRole = role or define_mlflow_role(
            self,
            bucket=artifact_bucket,
            prefix=artifact_prefix,
            registers_models=model_registration_mode is ModelRegistrationMode.AUTOMATIC,
        )
        self._resource = sagemaker.CfnMlflowApp(
            self,
            "Resource",
            name=mlflow_app_name or generated_name(self),
            artifact_store_uri=artifact_bucket.s3_url_for_object(artifact_prefix),
            role_arn=self.role.role_arn,
            model_registration_mode=model_registration_mode.value,
            weekly_maintenance_window_start=weekly_maintenance_window_start,
        )
        self.mlflow_app_arn = self._resource.attr_arn
        cdk.RemovalPolicies.of(self).apply(removal_policy)

    @classmethod
    def from_mlflow_app_arn(
        cls,
        scope: Construct,
        construct_id: str,
        mlflow_app_arn: str,
        *,
        artifact_bucket: s3.IBucket | None = None,
        artifact_prefix: str = "mlflow",
    ) -> MlflowAppBase:
        """An MLflow App that exists already.

        Args:
            mlflow_app_arn: its ARN, which ends with a generated id.
            artifact_bucket: where its artifacts are, so that grants can include them. Left out:
                grants are about MLflow only.
            artifact_prefix: part of that bucket.

        Example:
            ```python
            MlflowApp.from_mlflow_app_arn(
                stack, "Shared", "arn:aws:sagemaker:eu-west-1:111111111111:mlflow-app/app-ABC"
            ).grant_read(role)
            ```
        """
        imported = MlflowAppBase(scope, construct_id)
        imported.mlflow_app_arn = mlflow_app_arn
        imported.artifact_bucket = artifact_bucket
        imported.artifact_prefix = artifact_prefix
        return imported


def _problems(prefix: str, weekly_maintenance_window_start: str | None) -> list[str]:
    found = []
    if is_known(prefix) and (not prefix or prefix != prefix.strip("/")):
        found.append(
            f"artifact_prefix: got {prefix!r}; allowed is a path without slashes around it"
        )
    given = weekly_maintenance_window_start is not None and is_known(
        weekly_maintenance_window_start
    )
    if given and not _WINDOW.fullmatch(str(weekly_maintenance_window_start)):
        found.append(
            f"weekly_maintenance_window_start: got {weekly_maintenance_window_start!r}; allowed "
            "are a day and a time in UTC, such as Tue:03:30"
        )
    return found
