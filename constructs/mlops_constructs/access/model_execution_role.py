"""The role with which SageMaker hosts a model."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .acknowledgement import acknowledge_wildcards


class ModelExecutionRole(iam.Role):
    """Defines the role that SageMaker assumes to host a model, with least privilege.

    It reads model data below one prefix and pulls one repository's images, writes the endpoint's
    log, writes captured traffic where a capture bucket is given, and uses the given keys.

    Parameters:
        model_data_bucket: bucket with the model archives. Left out: no S3 access; grant it later.
        model_data_prefix: the part of the bucket that may be read.
        image_repository: repository with the serving image. Left out: no image can be pulled.
        capture_bucket: bucket for data capture. Left out: nothing can be written.
        capture_prefix: the part of that bucket that may be written.
        encryption_keys: keys of the buckets and of the endpoint's volumes. A bucket's own key is
            added by itself.

    Source: "How to use SageMaker AI execution roles", section CreateModel.

    Example::

        ModelExecutionRole(
            stack, "ModelRole", model_data_bucket=bucket, image_repository=repository
        )
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
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
            description="SageMaker hosts a model with this role",
        )
        self._wildcards: list[str] = []
        if model_data_bucket is not None:
            self._read_model_data(model_data_bucket, model_data_prefix)
        if image_repository is not None:
            self._pull_images(image_repository)
        if capture_bucket is not None:
            self._write_capture(capture_bucket, capture_prefix)
        self._use_keys(encryption_keys, model_data_bucket, capture_bucket)
        self._write_logs_and_metrics()
        self._read_rollback_alarms()
        acknowledge_wildcards(
            self,
            resources=self._wildcards,
            reason="object keys, log streams and alarms of endpoints that do not exist yet; ECR's "
            "token and PutMetricData have no resource level",
        )

    def _allow(
        self, actions: Sequence[str], *resources: str, **conditions: dict[str, object]
    ) -> None:
        self._wildcards.extend(resource for resource in resources if "*" in resource)
        self.add_to_policy(
            iam.PolicyStatement(
                actions=list(actions), resources=list(resources), conditions=conditions or None
            )
        )

    def _read_model_data(self, bucket: s3.IBucket, prefix: str) -> None:
        self._allow(["s3:GetObject"], bucket.arn_for_objects(f"{prefix}*"))
        self._allow(["s3:ListBucket"], bucket.bucket_arn, StringLike={"s3:prefix": f"{prefix}*"})

    def _pull_images(self, repository: ecr.IRepository) -> None:
        self._allow(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            repository.repository_arn,
        )
        self._allow(["ecr:GetAuthorizationToken"], "*")

    def _write_capture(self, bucket: s3.IBucket, prefix: str) -> None:
        self._allow(["s3:PutObject"], bucket.arn_for_objects(f"{prefix}*"))

    def _use_keys(self, keys: Sequence[kms.IKey], *buckets: s3.IBucket | None) -> None:
        of_buckets = [bucket.encryption_key for bucket in buckets if bucket is not None]
        arns = {key.key_arn: None for key in (*keys, *of_buckets) if key is not None}
        if not arns:
            return
        self._allow(["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], *arns)
        # SageMaker encrypts the volumes of an endpoint's instances through a grant.
        self._allow(["kms:CreateGrant"], *arns, Bool={"kms:GrantIsForAWSResource": "true"})

    def _write_logs_and_metrics(self) -> None:
        groups = cdk.Stack.of(self).format_arn(
            service="logs",
            resource="log-group",
            resource_name="/aws/sagemaker/Endpoints/*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        self._allow(
            [
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
            ],
            groups,
        )
        self._allow(
            ["cloudwatch:PutMetricData"],
            "*",
            StringLike={"cloudwatch:namespace": ["AWS/SageMaker", "/aws/sagemaker/*"]},
        )

    def _read_rollback_alarms(self) -> None:
        # SageMaker looks at the alarms of a rollout with the execution role, not as a service:
        # "Auto-Rollback Configuration and Monitoring" in its developer guide.
        alarms = cdk.Stack.of(self).format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name="*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        self._allow(["cloudwatch:DescribeAlarms"], alarms)
