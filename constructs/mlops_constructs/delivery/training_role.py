"""Role of a SageMaker pipeline and its jobs."""

from aws_cdk import aws_ecr as ecr
from constructs import Construct

from mlops_constructs._attributes import key_arn
from mlops_constructs._environment import environment_of
from mlops_constructs._sagemaker_arn import sagemaker_arn
from mlops_constructs.access import PROJECT_TAG, Permission, ServiceRole, image_pull_permissions
from mlops_constructs.access._job_guard import (
    not_encrypted_with,
    outside_of,
    unencrypted_traffic,
)
from mlops_constructs.access._model_approval import NO_APPROVAL
from mlops_constructs.access._network_interfaces import network_interface_permissions

from ._feature_permissions import write_records
from .project_resources import ProjectResources

JOB_NAMES = "pipelines-*"
"""Pattern of the names that SageMaker Pipelines gives to the jobs of its steps."""

_JOBS = {
    "HyperParameterTuningJob": "hyper-parameter-tuning-job",
    "ProcessingJob": "processing-job",
    "TrainingJob": "training-job",
}
_NAMES = "pipelines generate the names of jobs; the condition requires the project's tag"

_CREATE_JOB_ACTIONS = tuple(f"sagemaker:Create{name}" for name in _JOBS)
"""Actions that start the steps of the pipeline."""


class TrainingRole(ServiceRole):
    """Defines the role of a SageMaker pipeline, and of its processing, training and tuning jobs.

    The role can start and stop such jobs, pass itself to them, read data, write runs, models and
    checkpoints, pull the project's image, and register models in the project's group. The team's
    code runs with this role, so it can register models as pending but not as approved. Steps of
    other types (transform, Lambda, EMR) need additional statements: `add_to_policy`. In a
    project with a feature store it writes records, and reads the files of offline stores.

    The role denies jobs whose volumes, output or traffic between instances are not encrypted with
    the project's key, and jobs outside of the project's network, if there is one.

    Jobs belong to the project by the tag `sagemaker:project-name`, which the arguments of each step
    must set. The role cannot start a job without the tag and cannot see jobs of other projects.

    Args:
        project: names and stores of the project.
        image_repository: ECR repository of the jobs' image.

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
                # The team's code runs with this role, so a reviewer must approve its models.
                Permission(
                    actions=["sagemaker:CreateModelPackage"],
                    resources=project.model_packages(scope),
                    conditions=NO_APPROVAL,
                    because="versions of the project's model packages do not exist yet",
                ),
                *artifacts.read("data/", "runs/", "models/", "checkpoints/"),
                *artifacts.write("runs/", "models/", "checkpoints/"),
                *write_records(scope, project),
                # Volumes of the jobs are encrypted with the project's key through a grant.
                Permission(actions=["kms:DescribeKey"], resources=[key_arn(artifacts.key)]),
                Permission(
                    actions=["kms:CreateGrant"],
                    resources=[key_arn(artifacts.key)],
                    conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
                ),
                *image_pull_permissions(image_repository, "ecr:DescribeImages"),
                *_observe(scope),
                *_guard(scope, project),
            ],
        )
        self._pass_itself()

    def _pass_itself(self) -> None:
        # A role's inline policy cannot refer to the ARN of the role, so this is a separate policy.
        # SageMaker evaluates it when the pipeline starts a job.
        passing = Permission(
            actions=["iam:PassRole"],
            resources=[self.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
        self.add_to_policy(passing.statement())


def _guard(scope: Construct, project: ProjectResources) -> list[Permission]:
    """Denies jobs without encryption or outside of the network, and allows joining the network."""
    denied = [
        *not_encrypted_with([project.artifacts.key], _CREATE_JOB_ACTIONS),
        *unencrypted_traffic(_CREATE_JOB_ACTIONS),
    ]
    network = project.network
    if network is None:
        return denied
    joining = network_interface_permissions(
        scope, subnet_ids=network.subnet_ids, security_group_ids=network.security_group_ids
    )
    return [*joining, *denied, *outside_of(network, _CREATE_JOB_ACTIONS)]


def _jobs(scope: Construct, project: ProjectResources) -> list[Permission]:
    """Returns the permissions on the jobs of the project, identified by its tag.

    SageMaker Pipelines generates the names of jobs; that of a tuning job has 32 characters and no
    part of the pipeline's name. Only the creation can set the tag: otherwise the role could add it
    to jobs of others.
    """
    kinds = [sagemaker_arn(scope, kind, "*") for kind in _JOBS.values()]
    looking = [f"sagemaker:{verb}{name}" for name in _JOBS for verb in ("Describe", "Stop")]
    return [
        Permission(
            actions=_CREATE_JOB_ACTIONS,
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
    logs = environment_of(scope).arn(
        service="logs",
        resource="log-group",
        name="/aws/sagemaker/*",
        separator=":",
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
            because="SageMaker has one log group per type of job, and a stream for each job",
        ),
        Permission(
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={
                "StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*", "AWS/SageMaker"]}
            },
            because="the action does not support resource-level permissions; the condition limits "
            "it to SageMaker",
        ),
    ]
