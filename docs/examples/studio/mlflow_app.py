"""Serverless MLflow: experiments, models and traces of a team, with artifacts in its bucket.

Use it when several users train models: `mlflow.set_tracking_uri` takes the output `TrackingUri`
(with the package sagemaker-mlflow), and a model that is registered in MLflow appears in SageMaker's
model registry, where it can be approved.
"""

from typing import Any

import aws_cdk as cdk
from constructs import Construct
from stores import Stores

from mlops_constructs import studio
from mlops_constructs.access import Permission, ServiceRole


class MlflowApp(cdk.Stack):
    """Defines an MLflow App, and a role of training jobs that log to it."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        app = studio.MlflowApp(
            self,
            "Mlflow",
            mlflow_app_name="mlflow-app-example",
            artifact_bucket=stores.bucket,
            model_registration_mode=studio.ModelRegistrationMode.AUTOMATIC,
            weekly_maintenance_window_start="Sun:02:00",
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        training = ServiceRole(
            self,
            "TrainingRole",
            service="sagemaker.amazonaws.com",
            description="SageMaker: trains, and logs to MLflow",
            permissions=[
                Permission(
                    actions=["cloudwatch:PutMetricData"],
                    resources=["*"],
                    conditions={"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}},
                    because="the action has no resource level",
                )
            ],
        )
        app.grant_track(training)
        cdk.CfnOutput(self, "TrackingUri", value=app.tracking_uri)
