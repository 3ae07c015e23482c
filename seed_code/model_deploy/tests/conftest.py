"""A project, and the stacks of its settings."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from model_deploy.endpoint_stack import EndpointStack
from model_deploy.project import Project
from model_deploy.settings import RealTime, Serverless

ACCOUNT = "arn:aws:{}:eu-west-1:111111111111:{}"
PACKAGE_ARN = ACCOUNT.format("sagemaker", "model-package/churn/7")


@pytest.fixture
def project() -> Project:
    return Project(
        name="churn",
        id="p-0123456789ab",
        model_execution_role_arn="arn:aws:iam::111111111111:role/sagemaker-projects/model",
        artifact_bucket="churn-artifacts",
        artifact_key_arn=ACCOUNT.format("kms", "key/0a1b2c3d-1111-2222-3333-444455556666"),
    )


@pytest.fixture
def template_in() -> Callable[[Project, RealTime | Serverless], dict[str, Any]]:
    """Synthesizes production in a project."""

    def synthesize(project: Project, stage: RealTime | Serverless) -> dict[str, Any]:
        app = cdk.App(context={"@aws-cdk/core:validateAgainstDefaultRules": True})
        EndpointStack(app, "prod", project=project, stage=stage, model_package_arn=PACKAGE_ARN)
        template: dict[str, Any] = app.synth().get_stack_by_name("churn-prod").template
        return template

    return synthesize


@pytest.fixture
def template_of(project: Project) -> Callable[..., dict[str, Any]]:
    """Synthesizes the stack of a stage."""

    def synthesize(
        stage: RealTime | Serverless, *, name: str = "prod", package_arn: str = PACKAGE_ARN
    ) -> dict[str, Any]:
        app = cdk.App(context={"@aws-cdk/core:validateAgainstDefaultRules": True})
        EndpointStack(app, name, project=project, stage=stage, model_package_arn=package_arn)
        template: dict[str, Any] = app.synth().get_stack_by_name(f"churn-{name}").template
        return template

    return synthesize
