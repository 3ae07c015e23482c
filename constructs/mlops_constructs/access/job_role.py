"""Execution roles of users' own jobs."""

from collections.abc import Sequence

from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops_constructs._attributes import arn_of_objects, bucket_arn, key_arn
from mlops_constructs._environment import environment_of

from ._job_guard import JobNetwork, not_encrypted_with, outside_of, unencrypted_traffic
from ._network_interfaces import network_interface_permissions
from ._source_identity import SAGEMAKER
from ._volume_encryption import grants_for_resources
from .image_permissions import image_pull_permissions
from .permission import Permission
from .personas._project_reach import ProjectReach
from .personas.project_access import ProjectAccess, sagemaker_arn
from .service_role import ServiceRole

_READ = ("data/", "runs/", "models/", "checkpoints/", "transform/")
_WRITTEN = ("runs/", "checkpoints/", "transform/")
_NAMES = "pipelines-*"
_BY_PIPELINE = "SageMaker Pipelines generates the rest of the job's name"
_VERSIONS = "versions of the project's model packages do not exist yet"
_KEYS = "keys below the prefixes are not known beforehand"


class JobRole(ServiceRole):
    """Defines the execution role of jobs that users start, and of pipelines that they develop.

    Jobs read data, runs, models and checkpoints of the project, and write runs, checkpoints and the
    output of batch transform. They do not write `models/`, which is reserved for the project's
    pipeline. They pull the project's images, write logs, and publish metrics in SageMaker's
    namespaces.

    A pipeline that runs with the role starts processing and training jobs with the project's tag,
    which they inherit from the pipeline, passes the role to them, and registers models that are
    pending approval. Steps of other kinds require additional statements: `add_to_policy`.

    Users pass the role through `ProjectAccess(execution_roles=[...])`, only to SageMaker.

    Args:
        project: name, bucket, key and images of the project.
        network: network of the jobs: the role can attach them to it, and its pipelines cannot start
            jobs outside of it. Defaults to None: jobs run outside of a VPC.
        keys: KMS keys, one of which must encrypt volumes and outputs of the jobs that its pipelines
            start; the jobs can use them. Defaults to none: the jobs can use the keys of the
            project's data, which are not required.
        read_prefixes: key prefixes of the bucket that jobs read. Defaults to `data/`, `runs/`,
            `models/`, `checkpoints/` and `transform/`.
        written_prefixes: key prefixes of the bucket that jobs write. Defaults to `runs/`,
            `checkpoints/` and `transform/`.

    Raises:
        ValueError: the permissions require more policies than a role can have.

    Source: "How to use SageMaker AI execution roles", sections CreateProcessingJob,
    CreateTrainingJob and CreateHyperParameterTuningJob; "IAM Access Management" of SageMaker
    Pipelines.

    Example:
        ```python
        JobRole(
            stack,
            "Jobs",
            project=ProjectAccess(
                project_name="churn", bucket=bucket, image_repository=repository
            ),
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: ProjectAccess,
        network: JobNetwork | None = None,
        keys: Sequence[kms.IKey] = (),
        read_prefixes: Sequence[str] = _READ,
        written_prefixes: Sequence[str] = _WRITTEN,
    ) -> None:
        reach = ProjectReach(scope=scope, project=project)
        permissions = [
            *_files(project, read_prefixes, written_prefixes),
            *_encryption([*project.keys, *keys]),
            *_images(project),
            *_observe(scope),
            *_pipelines(reach),
        ]
        if network is not None:
            permissions += network_interface_permissions(
                scope,
                subnet_ids=network.subnet_ids,
                security_group_ids=network.security_group_ids,
            )
            permissions += outside_of(network)
        if keys:
            permissions += not_encrypted_with(keys)
        if network is not None or keys:
            permissions += unencrypted_traffic()
        super().__init__(
            scope,
            construct_id,
            service=SAGEMAKER,
            description=f"SageMaker: jobs of the users of {project.project_name}",
            permissions=permissions,
        )
        # A pipeline passes its role to its jobs; the ARN exists only when the role exists.
        passing = Permission(
            actions=["iam:PassRole"],
            resources=[self.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": SAGEMAKER}},
        )
        self.add_to_policy(passing.statement())


def _files(project: ProjectAccess, read: Sequence[str], written: Sequence[str]) -> list[Permission]:
    bucket = project.bucket
    if bucket is None:
        return []
    return [
        Permission(
            actions=["s3:GetObject"],
            resources=[arn_of_objects(bucket, f"{prefix}*") for prefix in read],
            because=_KEYS,
        ),
        Permission(
            actions=["s3:AbortMultipartUpload", "s3:PutObject"],
            resources=[arn_of_objects(bucket, f"{prefix}*") for prefix in written],
            because=_KEYS,
        ),
        Permission(
            actions=["s3:ListBucket"],
            resources=[bucket_arn(bucket)],
            conditions={"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in read]}},
        ),
    ]


def _encryption(keys: Sequence[kms.IKey]) -> list[Permission]:
    arns = list(dict.fromkeys(key_arn(key) for key in keys))
    if not arns:
        return []
    return [
        Permission(
            actions=["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], resources=arns
        ),
        grants_for_resources(arns),
    ]


def _images(project: ProjectAccess) -> list[Permission]:
    repository = project.image_repository
    return image_pull_permissions(repository) if repository is not None else []


def _observe(scope: Construct) -> list[Permission]:
    groups = [
        environment_of(scope).arn(
            service="logs",
            resource="log-group",
            name=f"/aws/sagemaker/{kind}Jobs*",
            separator=":",
        )
        for kind in ("Processing", "Training", "Transform")
    ]
    return [
        Permission(
            actions=[
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
            ],
            resources=groups,
            because="SageMaker has one log group per kind of job, and a log stream for each job",
        ),
        Permission(
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={
                "StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*", "AWS/SageMaker"]}
            },
            because="the action has no resource level; the condition restricts it to SageMaker",
        ),
    ]


def _pipelines(reach: ProjectReach) -> list[Permission]:
    """Returns the permissions of a developed pipeline: jobs of the project, and a registration."""
    jobs = [sagemaker_arn(reach.scope, kind, _NAMES) for kind in ("processing-job", "training-job")]
    packages = reach.project.model_packages(reach.scope)
    return [
        # The jobs have the tags of their pipeline.
        Permission(
            actions=[
                "sagemaker:AddTags",
                "sagemaker:CreateProcessingJob",
                "sagemaker:CreateTrainingJob",
            ],
            resources=jobs,
            conditions={"StringEquals": reach.tag("aws:RequestTag")},
            because=_BY_PIPELINE,
        ),
        Permission(
            actions=[
                f"sagemaker:{verb}{kind}Job"
                for verb in ("Describe", "Stop")
                for kind in ("Processing", "Training")
            ],
            resources=jobs,
            conditions={"StringEquals": reach.tag("aws:ResourceTag")},
            because=_BY_PIPELINE,
        ),
        Permission(
            actions=["sagemaker:CreateModelPackage"],
            resources=packages,
            conditions={
                "StringEqualsIfExists": {"sagemaker:ModelApprovalStatus": "PendingManualApproval"}
            },
            because=_VERSIONS,
        ),
        Permission(
            actions=["sagemaker:DescribeModelPackage", "sagemaker:DescribeModelPackageGroup"],
            resources=packages,
            because=_VERSIONS,
        ),
    ]
