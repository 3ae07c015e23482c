"""Execution roles of models."""

from collections.abc import Sequence

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs._attributes import arn_of_objects, bucket_arn, key_arn
from mlops_constructs._environment import environment_of

from ._job_guard import JobNetwork
from ._network_interfaces import network_interface_permissions
from .image_permissions import image_pull_permissions
from .permission import Permission
from .service_role import ServiceRole


class ModelExecutionRole(ServiceRole):
    """Defines the execution role of a model, with least privilege.

    It reads model data below one prefix and pulls images of one repository, writes logs of
    endpoints, writes captured data if a capture bucket is given, and uses the given keys.

    Args:
        model_data_bucket: bucket of the model data. Defaults to None: no S3 permissions; grant them
            later.
        model_data_prefix: key prefix of the bucket that is readable. Defaults to `models/`.
        image_repository: repository of the serving image. Defaults to None: no image can be pulled.
        capture_bucket: bucket of data capture. Defaults to None: no data can be captured.
        capture_prefix: key prefix of the capture bucket that is writable. Defaults to `capture/`.
        encryption_keys: KMS keys of the endpoint's volumes, and of objects that are not encrypted
            with the key of their bucket. The keys of the buckets are added. Defaults to none.
        network: network of the models, in which the role can create network interfaces. Defaults to
            None: only the networks of `Model(vpc=...)`, which grant it.
        permissions: further permissions, such as those on model data of another account. Defaults
            to none.
        role_name: name of the role, where another account refers to it. Defaults to None:
            CloudFormation generates it.

    Source: "How to use SageMaker AI execution roles", section CreateModel.

    Example:
        ```python
        ModelExecutionRole(
            stack, "ModelRole", model_data_bucket=bucket, image_repository=repository
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        model_data_bucket: s3.IBucket | None = None,
        model_data_prefix: str = "models/",
        image_repository: ecr.IRepository | None = None,
        capture_bucket: s3.IBucket | None = None,
        capture_prefix: str = "capture/",
        encryption_keys: Sequence[kms.IKey] = (),
        network: JobNetwork | None = None,
        permissions: Sequence[Permission] = (),
        role_name: str | None = None,
    ) -> None:
        all_permissions = [*_logs_and_metrics(scope), _rollback_alarms(scope)]
        if model_data_bucket is not None:
            all_permissions += _model_data(model_data_bucket, model_data_prefix)
        if image_repository is not None:
            all_permissions += image_pull_permissions(image_repository)
        if capture_bucket is not None:
            all_permissions.append(_capture(capture_bucket, capture_prefix))
        all_permissions += _keys(encryption_keys, model_data_bucket, capture_bucket)
        if network is not None:
            all_permissions += network_interface_permissions(
                scope,
                subnet_ids=network.subnet_ids,
                security_group_ids=network.security_group_ids,
            )
        super().__init__(
            scope,
            construct_id,
            service="sagemaker.amazonaws.com",
            description="SageMaker: hosts a model",
            permissions=[*all_permissions, *permissions],
            role_name=role_name,
        )


def _model_data(bucket: s3.IBucket, prefix: str) -> list[Permission]:
    return [
        Permission(
            actions=["s3:GetObject"],
            resources=[arn_of_objects(bucket, f"{prefix}*")],
            because="each training job writes its model under a new key",
        ),
        Permission(
            actions=["s3:ListBucket"],
            resources=[bucket_arn(bucket)],
            conditions={"StringLike": {"s3:prefix": f"{prefix}*"}},
        ),
    ]


def _capture(bucket: s3.IBucket, prefix: str) -> Permission:
    return Permission(
        actions=["s3:PutObject"],
        resources=[arn_of_objects(bucket, f"{prefix}*")],
        because="SageMaker chooses the keys of captured traffic",
    )


def _keys(keys: Sequence[kms.IKey], *buckets: s3.IBucket | None) -> list[Permission]:
    of_buckets = [bucket.encryption_key for bucket in buckets if bucket is not None]
    arns = list(dict.fromkeys(key_arn(key) for key in (*keys, *of_buckets) if key is not None))
    if not arns:
        return []
    return [
        Permission(
            actions=["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], resources=arns
        ),
        # SageMaker encrypts the volumes of an endpoint's instances through a grant.
        Permission(
            actions=["kms:CreateGrant"],
            resources=arns,
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]


def _logs_and_metrics(scope: Construct) -> list[Permission]:
    return [
        Permission(
            actions=[
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
            ],
            resources=[_arn(scope, "logs", "log-group", "/aws/sagemaker/Endpoints/*")],
            because="log groups are named for endpoints that do not exist yet",
        ),
        Permission(
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={
                "StringLike": {"cloudwatch:namespace": ["AWS/SageMaker", "/aws/sagemaker/*"]}
            },
            because="the action has no resource level",
        ),
    ]


def _rollback_alarms(scope: Construct) -> Permission:
    # SageMaker reads the alarms of a rollout with the execution role, not as a service:
    # "Auto-Rollback Configuration and Monitoring" in its developer guide.
    return Permission(
        actions=["cloudwatch:DescribeAlarms"],
        resources=[_arn(scope, "cloudwatch", "alarm", "*")],
        because="the alarms belong to endpoints that do not exist yet",
    )


def _arn(scope: Construct, service: str, resource: str, name: str) -> str:
    return environment_of(scope).arn(
        service=service,
        resource=resource,
        name=name,
        separator=":",
    )
