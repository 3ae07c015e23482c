"""A project, and the stacks of its settings."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from model_deploy.approved_model import ApprovedModels
from model_deploy.endpoint_stack import EndpointStack
from model_deploy.monitoring.monitoring_roles import MonitoringRoles
from model_deploy.project import Project
from model_deploy.settings import StageSettings

ACCOUNT = "arn:aws:{}:eu-west-1:111111111111:{}"
PACKAGES = {
    version: ACCOUNT.format("sagemaker", f"model-package/churn/{version}") for version in (6, 7, 8)
}


def models_of(newest: int) -> ApprovedModels:
    return ApprovedModels(newest=newest, packages=PACKAGES)


@pytest.fixture
def project() -> Project:
    return Project(
        name="churn",
        id="p-0123456789ab",
        model_execution_role_arn="arn:aws:iam::111111111111:role/sagemaker-projects/model",
        artifact_bucket="churn-artifacts",
        artifact_key_arn=ACCOUNT.format("kms", "key/0a1b2c3d-1111-2222-3333-444455556666"),
        monitoring=MonitoringRoles(
            role_arn="arn:aws:iam::111111111111:role/sagemaker-projects/runs",
            starter_role_arn="arn:aws:iam::111111111111:role/sagemaker-projects/batch",
            queue_arn=ACCOUNT.format("sqs", "churn-not-started"),
        ),
    )


@pytest.fixture
def template_in() -> Callable[[Project, StageSettings], dict[str, Any]]:
    """Synthesizes production in a project."""

    def synthesize(project: Project, stage: StageSettings) -> dict[str, Any]:
        app = cdk.App(context={"@aws-cdk/core:validateAgainstDefaultRules": True})
        EndpointStack(app, "prod", project=project, stage=stage, models=models_of(7))
        template: dict[str, Any] = app.synth().get_stack_by_name("churn-prod").template
        return template

    return synthesize


@pytest.fixture
def template_of(project: Project) -> Callable[..., dict[str, Any]]:
    """Synthesizes the stack of a stage."""

    def synthesize(stage: StageSettings, *, name: str = "prod", newest: int = 7) -> dict[str, Any]:
        app = cdk.App(context={"@aws-cdk/core:validateAgainstDefaultRules": True})
        EndpointStack(app, name, project=project, stage=stage, models=models_of(newest))
        template: dict[str, Any] = app.synth().get_stack_by_name(f"churn-{name}").template
        return template

    return synthesize
