"""The role with which a SageMaker Pipeline runs its jobs."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from mlops_constructs.access import image_pull_permissions
from mlops_constructs.access._job_guard import (
    not_encrypted_with,
    outside_of,
    unencrypted_traffic,
)
from mlops_constructs.access._model_approval import NO_APPROVAL
from mlops_constructs.access._network_interfaces import network_interface_permissions
from mlops_constructs.access.personas.project_access import PROJECT_TAG
from mlops_constructs.access.service_role import Permission, ServiceRole

from .project_resources import ProjectResources, sagemaker_arn

JOB_NAMES = "pipelines-*"
"""SageMaker Pipelines begins the names of the jobs that its steps start with `pipelines-`."""

_JOBS = {
    "HyperParameterTuningJob": "hyper-parameter-tuning-job",
    "ProcessingJob": "processing-job",
    "TrainingJob": "training-job",
}
_NAMES = "pipelines make up the names of their jobs; the condition asks for the project's tag"

STARTED = tuple(f"sagemaker:Create{name}" for name in _JOBS)
"""What the steps of the pipeline start."""


class TrainingRole(ServiceRole):
    """Defines the role of a SageMaker Pipeline, and of its processing, training and tuning jobs.

    It may start and stop such jobs, hand itself over to them, read data, write runs, models and
    checkpoints, pull the project's image, and register models in the project's group, as pending
    and never as approved: the team's code runs with this role. Steps of other kinds (transform,
    Lambda, EMR) need statements of their own: `add_to_policy`.

    Whatever code is pushed, no job starts whose volumes, output or traffic between instances are
    not encrypted with the project's key; and none outside of the project's network, if it has one.

    Jobs are the project's by the tag `sagemaker:project-name`, which the arguments of each step
    have to give them: the role starts none without it, and sees none of other projects.

    Source: "How to use SageMaker AI execution roles", sections CreateProcessingJob,
    CreateTrainingJob, CreateHyperParameterTuningJob; "IAM access management" of SageMaker
    Pipelines.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: ProjectResources,
        image_repository: ecr.IRepository,
    ) -> None:
        """Creates the role.

        Args:
            project: names and stores of the project.
            image_repository: repository of the image that the jobs run.
        """
        artifacts = project.artifacts
        super().__init__(
            scope,
            construct_id,
            service="sagemaker.amazonaws.com",
            description="SageMaker: runs the training pipeline of one project and its jobs",
            permissions=[
                *_jobs(scope, project),
                Permission(
                    actions=[
                        "sagemaker:AddTags",
                        "sagemaker:DescribeModelPackage",
                        "sagemaker:DescribeModelPackageGroup",
                        "sagemaker:ListModelPackages",
                    ],
                    resources=project.model_packages(scope),
                    because="versions of the project's model packages do not exist yet",
                ),
                # The team's code runs with this role: what it registers waits for a reviewer.
                Permission(
                    actions=["sagemaker:CreateModelPackage"],
                    resources=project.model_packages(scope),
                    conditions=NO_APPROVAL,
                    because="versions of the project's model packages do not exist yet",
                ),
                *artifacts.read("data/", "runs/", "models/", "checkpoints/"),
                *artifacts.write("runs/", "models/", "checkpoints/"),
                # Volumes of the jobs are encrypted with the project's key through a grant.
                Permission(actions=["kms:DescribeKey"], resources=[artifacts.key.key_arn]),
                Permission(
                    actions=["kms:CreateGrant"],
                    resources=[artifacts.key.key_arn],
                    conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
                ),
                *image_pull_permissions(image_repository, "ecr:DescribeImages"),
                *_observe(scope),
                *_guard(scope, project),
            ],
        )
        self._pass_itself()

    def _pass_itself(self) -> None:
        # A role cannot name itself in its inline policy (its ARN exists only once it is there),
        # thus a policy of its own; SageMaker checks it when the pipeline starts a job.
        passing = Permission(
            actions=["iam:PassRole"],
            resources=[self.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
        self.add_to_policy(passing.statement())


def _guard(scope: Construct, project: ProjectResources) -> list[Permission]:
    """Denies what is not encrypted or not in the network, and lets jobs into the network."""
    denied = [*not_encrypted_with([project.artifacts.key], STARTED), *unencrypted_traffic(STARTED)]
    network = project.network
    if network is None:
        return denied
    joining = network_interface_permissions(
        scope, subnet_ids=network.subnet_ids, security_group_ids=network.security_group_ids
    )
    return [*joining, *denied, *outside_of(network, STARTED)]


def _jobs(scope: Construct, project: ProjectResources) -> list[Permission]:
    """Jobs of the project, known by its tag.

    SageMaker Pipelines makes up their names: of a tuning job, whose name has 32 characters, no part
    is the pipeline's. The tag comes with the creation and is nothing that could be added later: a
    job that others have made would become the project's.
    """
    kinds = [sagemaker_arn(scope, kind, "*") for kind in _JOBS.values()]
    looking = [f"sagemaker:{verb}{name}" for name in _JOBS for verb in ("Describe", "Stop")]
    return [
        Permission(
            actions=STARTED,
            resources=kinds,
            conditions={"StringEquals": _tag("aws:RequestTag", project)},
            because=_NAMES,
        ),
        Permission(
            actions=["sagemaker:AddTags"],
            resources=kinds,
            conditions={
                "StringEquals": {
                    **_tag("aws:RequestTag", project),
                    "sagemaker:TaggingAction": [f"Create{name}" for name in _JOBS],
                }
            },
            because=_NAMES,
        ),
        Permission(
            actions=[*looking, "sagemaker:ListTrainingJobsForHyperParameterTuningJob"],
            resources=kinds,
            conditions={"StringEquals": _tag("aws:ResourceTag", project)},
            because=_NAMES,
        ),
    ]


def _tag(key: str, project: ProjectResources) -> dict[str, str]:
    return {f"{key}/{PROJECT_TAG}": project.project_name}


def _observe(scope: Construct) -> list[Permission]:
    logs = cdk.Stack.of(scope).format_arn(
        service="logs",
        resource="log-group",
        resource_name="/aws/sagemaker/*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    return [
        Permission(
            actions=[
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
            ],
            resources=[logs],
            because="SageMaker has one log group per kind of job, and a stream for each job",
        ),
        Permission(
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={
                "StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*", "AWS/SageMaker"]}
            },
            because="the action has no resource level; the condition confines it to SageMaker",
        ),
    ]
