"""Permissions that depend on the kinds that a stage may have.

Requests and responses of asynchronous endpoints, and files of transform jobs, are below `async/`
and `batch/` of the bucket of the stage, in a folder for each stage.
"""

from collections.abc import Collection, Iterable, Sequence

from aws_cdk import aws_s3 as s3
from constructs import IConstruct

from mlops_constructs._attributes import arn_of_objects, bucket_arn, key_arn
from mlops_constructs._environment import environment_of
from mlops_constructs._job_permissions import use_of_volumes
from mlops_constructs._sagemaker_arn import sagemaker_arn
from mlops_constructs.access import Permission
from mlops_constructs.access._job_guard import unencrypted_outputs, unencrypted_volumes
from mlops_constructs.delivery.artifact_store import ArtifactStore

from .project_stage import ProjectStage
from .stage_kind import StageKind

_NAMED_BY_CALLERS = "callers and SageMaker choose the keys of requests, responses and files"
_READ = {
    StageKind.ASYNCHRONOUS: ("async/requests/",),
    StageKind.BATCH: ("batch/input/",),
}
_WRITTEN = {
    StageKind.ASYNCHRONOUS: ("async/failures/", "async/responses/"),
    StageKind.BATCH: ("batch/capture/", "batch/predictions/"),
}
_LOGS = {StageKind.COMPONENT: "InferenceComponents/*", StageKind.BATCH: "TransformJobs*"}


def kinds_of(stages: Iterable[ProjectStage]) -> tuple[StageKind, ...]:
    """Returns the kinds that some stages may have, each once.

    Args:
        stages: the stages.
    """
    return tuple(dict.fromkeys(kind for stage in stages for kind in stage.kinds))


def deployed_kinds(
    scope: IConstruct,
    kinds: Collection[StageKind],
    *,
    name: str,
    endpoints: Sequence[str],
) -> list[Permission]:
    """Returns the permissions to deploy some kinds, in addition to those of every endpoint.

    Asynchronous endpoints need none: they are endpoint configurations with another member.

    Args:
        scope: a construct in the account and region of the stages.
        kinds: kinds that the stages may have.
        name: prefix of the names of all resources.
        endpoints: patterns of the names of the endpoints, which components share.
    """
    if StageKind.COMPONENT not in kinds:
        return []
    components = [sagemaker_arn(scope, "inference-component", one) for one in endpoints]
    hosts = [sagemaker_arn(scope, "endpoint", one) for one in endpoints]
    named = "the deployment names components like their endpoints"
    return [
        # IAM evaluates CreateInferenceComponent on the endpoint as well.
        Permission(
            actions=["sagemaker:CreateInferenceComponent"],
            resources=[*components, *hosts],
            because=named,
        ),
        Permission(
            actions=[
                "sagemaker:AddTags",
                "sagemaker:DeleteInferenceComponent",
                "sagemaker:DeleteTags",
                "sagemaker:DescribeInferenceComponent",
                "sagemaker:ListTags",
                "sagemaker:UpdateInferenceComponent",
                "sagemaker:UpdateInferenceComponentRuntimeConfig",
            ],
            resources=components,
            because=named,
        ),
        # Target tracking creates its alarms with the caller's permissions.
        Permission(
            actions=[
                "cloudwatch:DeleteAlarms",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:PutMetricAlarm",
            ],
            resources=[
                environment_of(scope).arn(
                    service="cloudwatch",
                    resource="alarm",
                    name=f"TargetTracking-inference-component/{name}-*",
                    separator=":",
                )
            ],
            because="Application Auto Scaling adds a random id to the names of its alarms",
        ),
    ]


def serving_kinds(
    scope: IConstruct, kinds: Collection[StageKind], bucket: s3.IBucket
) -> list[Permission]:
    """Returns the permissions of the role of models that serve some kinds.

    Args:
        scope: a construct in the account and region of the stages.
        kinds: kinds that the stages may have.
        bucket: bucket of the stages.
    """
    found = []
    read = [prefix for kind in _READ if kind in kinds for prefix in _READ[kind]]
    written = [prefix for kind in _WRITTEN if kind in kinds for prefix in _WRITTEN[kind]]
    if read:
        found.append(
            Permission(
                actions=["s3:GetObject"],
                resources=[arn_of_objects(bucket, f"{prefix}*") for prefix in read],
                because=_NAMED_BY_CALLERS,
            )
        )
        # Responses may have 1 GB, so SageMaker uses multipart uploads.
        found.append(
            Permission(
                actions=["s3:AbortMultipartUpload", "s3:PutObject"],
                resources=[arn_of_objects(bucket, f"{prefix}*") for prefix in written],
                because=_NAMED_BY_CALLERS,
            )
        )
    if StageKind.BATCH in kinds:
        found.append(
            Permission(
                actions=["s3:ListBucket"],
                resources=[bucket_arn(bucket)],
                conditions={"StringLike": {"s3:prefix": "batch/input/*"}},
            )
        )
    groups = [_log_group(scope, name) for kind, name in _LOGS.items() if kind in kinds]
    if groups:
        found.append(
            Permission(
                actions=[
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ],
                resources=groups,
                because="SageMaker names the logs of components and jobs when they start",
            )
        )
    return found


def tested_kinds(
    scope: IConstruct,
    kinds: Collection[StageKind],
    *,
    name: str,
    stage: str,
    store: ArtifactStore,
    key_aliases: Sequence[str] = (),
) -> list[Permission]:
    """Returns the permissions of the smoke test of a stage, in addition to those of an endpoint.

    Args:
        scope: a construct in the account and region of the stage.
        kinds: kinds that the stage may have.
        name: name of the endpoint; that of the schedule of batch jobs is `NAME-batch`.
        stage: name of the stage, the name of its folders in the bucket.
        store: bucket and key of the stage.
        key_aliases: ARNs of aliases of the key that a request can name instead of the key. Defaults
            to (): none.
    """
    found: list[Permission] = []
    written, read = [], []
    if StageKind.ASYNCHRONOUS in kinds:
        found.append(
            Permission(
                actions=["sagemaker:InvokeEndpointAsync"],
                resources=[sagemaker_arn(scope, "endpoint", name)],
            )
        )
        written.append(f"async/requests/{stage}/smoke-test/")
        read += [f"async/failures/{stage}/", f"async/responses/{stage}/"]
    if StageKind.COMPONENT in kinds:
        found.append(
            Permission(
                actions=["sagemaker:DescribeInferenceComponent", "sagemaker:InvokeEndpoint"],
                resources=[sagemaker_arn(scope, "inference-component", name)],
            )
        )
    if StageKind.BATCH in kinds:
        keys = [key_arn(store.key), *key_aliases]
        found += [*_transform_test(scope, name, keys), *use_of_volumes(store.key)]
        written.append(f"batch/input/{stage}.smoke-test/")
        read.append(f"batch/predictions/{stage}.smoke-test/")
    if written:
        found += [*store.read(*read), *store.write(*written)]
    return found


def starting_batch(scope: IConstruct, *, models: str, keys: Sequence[str]) -> list[Permission]:
    """Returns the permissions to start transform jobs of the models of some stages.

    The name of a job is limited to 26 characters before the id of its execution, which is shorter
    than the names of projects: the condition on the model identifies the project.

    Args:
        scope: a construct in the account and region of the stages.
        models: pattern of the names of the models.
        keys: ARNs of the key of the stages and of its aliases.

    Source: CreateTransformJob in the service authorization reference, for `sagemaker:ModelArn`.
    """
    return [
        Permission(
            actions=["sagemaker:CreateTransformJob"],
            resources=[sagemaker_arn(scope, "transform-job", "*")],
            conditions={"ArnLike": {"sagemaker:ModelArn": sagemaker_arn(scope, "model", models)}},
            because="jobs have generated names; the condition allows models of the project only",
        ),
        *_unencrypted_jobs(keys),
    ]


def _transform_test(scope: IConstruct, name: str, keys: Sequence[str]) -> list[Permission]:
    jobs = sagemaker_arn(scope, "transform-job", f"{name}-*")
    return [
        Permission(
            actions=["scheduler:GetSchedule"],
            resources=[
                environment_of(scope).arn(
                    service="scheduler", resource="schedule", name=f"default/{name}-batch"
                )
            ],
        ),
        Permission(
            actions=["sagemaker:CreateTransformJob"],
            resources=[jobs],
            conditions={
                "ArnLike": {"sagemaker:ModelArn": sagemaker_arn(scope, "model", f"{name}-*")}
            },
            because="each test names its job",
        ),
        Permission(
            actions=["sagemaker:DescribeTransformJob"],
            resources=[jobs],
            because="each test names its job",
        ),
        *_unencrypted_jobs(keys),
    ]


def _unencrypted_jobs(keys: Sequence[str]) -> list[Permission]:
    """Denies jobs whose volumes or outputs are not encrypted with the key of the project."""
    action = ["sagemaker:CreateTransformJob"]
    return [*unencrypted_volumes(keys, action), *unencrypted_outputs(keys, action)]


def _log_group(scope: IConstruct, name: str) -> str:
    return environment_of(scope).arn(
        service="logs",
        resource="log-group",
        name=f"/aws/sagemaker/{name}",
        separator=":",
    )
