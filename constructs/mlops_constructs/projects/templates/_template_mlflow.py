"""MLflow App of a project template, by values that projects read when they are created."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs.projects._published_value import ROOT, publish, read
from mlops_constructs.studio import MlflowApp, MlflowAppBase

_APP, _BUCKET, _KEY = "MlflowAppArn", "MlflowBucketName", "MlflowKeyArn"


@dataclass(frozen=True, kw_only=True)
class TemplateMlflow:
    """Defines an MLflow App by names of parameters of Systems Manager.

    Args:
        parameters: names of parameters by the names of the values.
        prefix: prefix of the artifacts.
    """

    parameters: Mapping[str, str]
    prefix: str

    @classmethod
    def publish(cls, scope: Construct, app: MlflowAppBase, *, name: str) -> TemplateMlflow:
        """Publishes an App for templates that are deployed later.

        Args:
            scope: parent construct of the parameters.
            app: App of this CDK app.
            name: name of the template, unique in the stack.
        """
        values = {_APP: app.mlflow_app_arn}
        if app.artifact_bucket is not None:
            values[_BUCKET] = app.artifact_bucket.bucket_name
            if app.artifact_bucket.encryption_key is not None:
                values[_KEY] = app.artifact_bucket.encryption_key.key_arn
        stack = cdk.Stack.of(scope).stack_name
        parameters = {key: f"{ROOT}{stack}/{name}/{key}" for key in values}
        for key, value in values.items():
            publish(scope, key, name=parameters[key], value=value)
        return cls(parameters=parameters, prefix=app.artifact_prefix)

    def app(self, stack: cdk.Stack, construct_id: str) -> MlflowAppBase:
        """Returns the App as an import in the stack of a template.

        Args:
            stack: stack of the template.
            construct_id: id of the App.
        """
        scope = Construct(stack, construct_id)
        values = {key: read(stack, key, name=name) for key, name in self.parameters.items()}
        key = kms.Key.from_key_arn(scope, "Key", values[_KEY]) if _KEY in values else None
        bucket = (
            s3.Bucket.from_bucket_attributes(
                scope, "Artifacts", bucket_name=values[_BUCKET], encryption_key=key
            )
            if _BUCKET in values
            else None
        )
        return MlflowApp.from_mlflow_app_arn(
            scope, "App", values[_APP], artifact_bucket=bucket, artifact_prefix=self.prefix
        )
