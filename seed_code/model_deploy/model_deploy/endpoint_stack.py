"""The stack of a stage: approved models behind an endpoint, or in scheduled jobs."""

import aws_cdk as cdk
from constructs import Construct
from mlops_constructs.hosting import BatchTransform, Endpoint

from . import settings
from .approved_model import ApprovedModels
from .kinds.asynchronous import asynchronous_endpoint
from .kinds.batch import batch_transform
from .kinds.component import component_endpoint
from .kinds.real_time import real_time_endpoint
from .kinds.serverless import serverless_endpoint
from .kinds.stage_resources import StageResources
from .monitoring.monitors import StageMonitors
from .project import Project


class EndpointStack(cdk.Stack):
    """Deploys versions of a model package group as the endpoint `<project>-<stage>`.

    The stack creates no role: the model runs with the role of the project, so the principal that
    deploys the stack needs no IAM permission except `iam:PassRole` for that role. It has no assets
    and needs no CDK bootstrap.

    Outputs: EndpointName, ModelPackageArn; a stage of the kind `batch` has ScheduleName instead of
    EndpointName.

    Attributes:
        unmonitored: one message for each monitor of the settings that the model has no baseline
            for.

    Args:
        scope: parent of the stack.
        construct_id: name of the stage.
        project: resources of the project.
        stage: settings of the stage.
        models: approved models that the stages deploy.

    Raises:
        ValueError: settings contradict each other, or AWS does not support them; the message lists
            every problem.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: Project,
        stage: settings.StageSettings,
        models: ApprovedModels,
    ) -> None:
        name = f"{project.name}-{construct_id}"
        super().__init__(
            scope,
            construct_id,
            stack_name=name,
            description=f"Endpoint {name} of the SageMaker project {project.name}",
            # Rejects assets, so the template deploys to an account without `cdk bootstrap`.
            synthesizer=cdk.BootstraplessSynthesizer(),
            analytics_reporting=False,
        )
        try:
            _require_allowed(project, stage)
            resources = StageResources(self, name=name, project=project, models=models)
            defined = _define(resources, stage)
            self.unmonitored = _monitor(resources, defined, stage, models)
        except ValueError as error:
            raise ValueError(f"config/{construct_id}.yaml: {error}") from error
        tags = {
            **stage.tags,
            "sagemaker:project-name": project.name,
            "sagemaker:project-id": project.id,
        }
        for key, value in tags.items():
            cdk.Tags.of(self).add(key, value)
        if isinstance(defined, Endpoint):
            cdk.CfnOutput(self, "EndpointName", value=defined.endpoint_name)
        else:
            cdk.CfnOutput(self, "ScheduleName", value=f"{name}-batch")
        cdk.CfnOutput(self, "ModelPackageArn", value=models.arn_of(stage.version))


def _require_allowed(project: Project, stage: settings.StageSettings) -> None:
    if project.kinds and stage.kind not in project.kinds:
        raise ValueError(
            f"kind: got {stage.kind!r}; the project allows {', '.join(project.kinds)} for this "
            "stage; the platform team allows others by `kinds` of the stage"
        )
    if project.network is not None and stage.kind == "serverless":
        raise ValueError(
            "kind: got 'serverless' in a project with a network, whose models run in a VPC, which "
            "SageMaker does not support for serverless endpoints; allowed: 'real-time'"
        )


def _monitor(
    resources: StageResources,
    defined: Endpoint | BatchTransform,
    stage: settings.StageSettings,
    models: ApprovedModels,
) -> list[str]:
    """Defines the monitors of a stage; returns messages about those without a baseline."""
    if not isinstance(stage, settings.RealTime | settings.Batch) or stage.monitor is None:
        return []
    roles = resources.project.monitoring
    if roles is None:
        raise ValueError(
            "monitor: got monitors, but the project has no roles for them; ask the platform team "
            "to upgrade the project, or remove the section"
        )
    monitors = StageMonitors(
        resources.stack,
        "Monitors",
        resources=resources,
        endpoint=defined if isinstance(defined, Endpoint) else None,
        stage=stage,
        roles=roles,
        package=models.monitored(stage.version),
    )
    return monitors.missing


def _define(resources: StageResources, stage: settings.StageSettings) -> Endpoint | BatchTransform:
    match stage:
        case settings.RealTime():
            return real_time_endpoint(resources, stage)
        case settings.Serverless():
            return serverless_endpoint(resources, stage)
        case settings.Asynchronous():
            return asynchronous_endpoint(resources, stage)
        case settings.Component():
            return component_endpoint(resources, stage)
        case settings.Batch():
            return batch_transform(resources, stage)
