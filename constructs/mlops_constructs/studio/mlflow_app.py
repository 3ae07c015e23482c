"""Serverless MLflow."""

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

from ._mlflow_actions import OPEN_ACTIONS, READ_ACTIONS, TRACK_ACTIONS
from ._mlflow_role import define_mlflow_role
from ._names import generated_name, name_problems

MAX_APP_NAME_LENGTH = 256
_WINDOW = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun):([01]\d|2[0-3]):([0-5]\d)")


class ModelRegistrationMode(StrEnum):
    """The registration of MLflow's models in SageMaker's model registry."""

    AUTOMATIC = "AutoModelRegistrationEnabled"
    """A model registered in MLflow becomes a version of a model package group."""

    MANUAL = "AutoModelRegistrationDisabled"
    """Models are not registered automatically; a pipeline registers evaluated models."""


class MlflowAppBase(cdk.Resource):
    """An MLflow App, owned or imported: its permissions.

    AWS publishes no CloudWatch metrics of an MLflow App.

    Attributes:
        mlflow_app_arn: ARN of the app.
        artifact_bucket: bucket of the artifacts; None if it is not known.
        artifact_prefix: prefix of the artifacts.
    """

    mlflow_app_arn: str
    artifact_bucket: s3.IBucket | None = None
    artifact_prefix: str = ""

    @property
    def tracking_uri(self) -> str:
        """The argument of `mlflow.set_tracking_uri`, which needs the package `sagemaker-mlflow`."""
        return self.mlflow_app_arn

    def grant_track(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants a principal permissions to log and read runs, models and traces.

        MLflow clients write artifacts to S3 directly: the permissions include the artifacts if
        their bucket is known.

        Args:
            grantee: principal.

        Example:
            ```python
            MlflowApp(stack, "Mlflow", artifact_bucket=bucket).grant_track(role)
            ```
        """
        granted = self._grant(grantee, [*READ_ACTIONS, *TRACK_ACTIONS])
        return self._grant_artifacts(granted, grantee, "s3:GetObject", "s3:PutObject")

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants a principal permissions to read runs, models, traces and artifacts.

        AWS authorizes `sagemaker:CallMlflowAppApi` for each call in addition to the
        `sagemaker-mlflow` action.

        Args:
            grantee: principal.

        Example:
            ```python
            MlflowApp(stack, "Mlflow", artifact_bucket=bucket).grant_read(role)
            ```
        """
        granted = self._grant(grantee, READ_ACTIONS)
        return self._grant_artifacts(granted, grantee, "s3:GetObject")

    def grant_open(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants a principal permissions to open the user interface of MLflow.

        Args:
            grantee: principal.

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
    """Defines a serverless MLflow 3 app for experiments, models and traces.

    AWS operates and updates it. It needs no capacity planning; while it is not used, only the
    artifacts in S3 have a cost.

    Args:
        artifact_bucket: bucket of the artifacts.
        artifact_prefix: prefix of the artifacts, without leading or trailing slash. Defaults to
            `mlflow`.
        mlflow_app_name: name of the app, up to 256 characters. A changed name or role replaces the
            app, and its tracking data is lost. Defaults to None: a name generated from the stack's
            name and the construct's path.
        role: role with which the app reads and writes artifacts. Defaults to None: a role with
            these permissions only and, if `model_registration_mode` is automatic, the permission to
            register models without approval, in groups that do not belong to projects.
        model_registration_mode: registration of MLflow's models in SageMaker. Defaults to
            `ModelRegistrationMode.MANUAL`.
        weekly_maintenance_window_start: start of the window in which AWS may update the app, as day
            and time in UTC such as "Tue:03:30". Defaults to None: AWS selects it.
        removal_policy: policy for the app, with its tracking data, when it is removed from the
            stack. Defaults to `RETAIN_ON_UPDATE_OR_DELETE`: the app is kept.

    Attributes:
        role: role with which the app reads and writes artifacts.

    Raises:
        ValueError: if the input is invalid; the message lists every problem.

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
        problems = Problems("MlflowApp", self)
        problems.extend(region_problems(self, "AWS::SageMaker::MlflowApp"))
        problems.extend(
            name_problems("mlflow_app_name", mlflow_app_name, max_length=MAX_APP_NAME_LENGTH)
        )
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
        """Imports an existing MLflow App.

        Args:
            scope: parent of the construct.
            construct_id: id of the construct within the scope.
            mlflow_app_arn: ARN of the app, which ends with a generated id.
            artifact_bucket: bucket of the artifacts. Defaults to None: grants include no artifacts.
            artifact_prefix: prefix of the artifacts. Defaults to `mlflow`.

        Example:
            ```python
            MlflowApp.from_mlflow_app_arn(
                stack, "Shared", "arn:aws:sagemaker:eu-west-1:111111111111:mlflow-app/app-ABC"
            ).grant_read(role)
            ```
        """
        return _ImportedMlflowApp(
            scope,
            construct_id,
            mlflow_app_arn,
            artifact_bucket=artifact_bucket,
            artifact_prefix=artifact_prefix,
        )


class _ImportedMlflowApp(MlflowAppBase):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        mlflow_app_arn: str,
        *,
        artifact_bucket: s3.IBucket | None,
        artifact_prefix: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.mlflow_app_arn = mlflow_app_arn
        self.artifact_bucket = artifact_bucket
        self.artifact_prefix = artifact_prefix


def _problems(prefix: str, weekly_maintenance_window_start: str | None) -> list[str]:
    found = []
    if is_known(prefix) and (not prefix or prefix != prefix.strip("/")):
        found.append(
            f"artifact_prefix: got {prefix!r}; allowed is a path without leading or trailing slash"
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
