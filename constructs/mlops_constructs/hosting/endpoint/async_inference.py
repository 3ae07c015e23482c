"""Asynchronous inference: queued requests, with responses in S3."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns

from mlops_constructs._problems import is_known, outside
from mlops_constructs.access import Permission
from mlops_constructs.hosting._permissions import grant

_MAX_CONCURRENT = 1000


@dataclass(frozen=True, kw_only=True)
class AsyncInference:
    """Queue and outputs of an asynchronous endpoint.

    Created by `AsyncInference.to_bucket`.
    """

    bucket: s3.IBucket
    prefix: str
    failure_prefix: str | None
    input_bucket: s3.IBucket
    input_prefix: str
    encryption_key: kms.IKey | None
    success_topic: sns.ITopic | None
    error_topic: sns.ITopic | None
    include_response_in: Sequence[sns.ITopic]
    max_concurrent_invocations: int | None

    @staticmethod
    def to_bucket(
        bucket: s3.IBucket,
        *,
        prefix: str = "async/answers",
        failure_prefix: str | None = "async/failures",
        input_bucket: s3.IBucket | None = None,
        input_prefix: str = "async/requests",
        encryption_key: kms.IKey | None = None,
        success_topic: sns.ITopic | None = None,
        error_topic: sns.ITopic | None = None,
        include_response_in: Sequence[sns.ITopic] = (),
        max_concurrent_invocations: int | None = None,
    ) -> "AsyncInference":
        """Writes the responses below a prefix of a bucket.

        InvokeEndpointAsync returns the key of each response. The execution role of the model is
        allowed to read the requests, write the responses and publish to the topics.

        Args:
            bucket: bucket of the responses, in the region of the endpoint.
            prefix: key prefix of the responses, without leading or trailing slash. Defaults to
                `async/answers`.
            failure_prefix: key prefix of error responses of the model. Defaults to
                `async/failures`. None: errors are published to `error_topic` only.
            input_bucket: bucket to which callers upload requests. Defaults to None: `bucket`.
            input_prefix: key prefix of the requests, without leading or trailing slash. Defaults to
                `async/requests`.
            encryption_key: KMS key of the responses. Defaults to None: the key of the bucket.
            success_topic: topic that is notified of each response. Defaults to None: no
                notification.
            error_topic: topic that is notified of each failure. Defaults to None: no notification.
            include_response_in: those of the two topics whose notifications include the response,
                up to 128 KB. Defaults to none.
            max_concurrent_invocations: number of concurrent requests per instance, 1 to 1000.
                Defaults to None: AWS chooses.

        Source: AsyncInferenceConfig of SageMaker's API reference; "Asynchronous inference".

        Example:
            ```python
            AsyncInference.to_bucket(
                bucket, success_topic=topic, error_topic=topic, max_concurrent_invocations=4
            )
            ```
        """
        return AsyncInference(
            bucket=bucket,
            prefix=prefix,
            failure_prefix=failure_prefix,
            input_bucket=input_bucket or bucket,
            input_prefix=input_prefix,
            encryption_key=encryption_key or bucket.encryption_key,
            success_topic=success_topic,
            error_topic=error_topic,
            include_response_in=tuple(include_response_in),
            max_concurrent_invocations=max_concurrent_invocations,
        )

    @property
    def _topics(self) -> list[sns.ITopic]:
        return [topic for topic in (self.success_topic, self.error_topic) if topic is not None]

    def problems(self) -> list[str]:
        """Validates the settings; returns one message per problem."""
        found = []
        if outside(self.max_concurrent_invocations, 1, _MAX_CONCURRENT):
            found.append(
                f"asynchronous max_concurrent_invocations: got {self.max_concurrent_invocations}; "
                f"allowed are 1 to {_MAX_CONCURRENT}"
            )
        for name in ("prefix", "failure_prefix", "input_prefix"):
            prefix = getattr(self, name)
            if is_known(prefix) and (not prefix or prefix != prefix.strip("/")):
                found.append(
                    f"asynchronous {name}: got {prefix!r}; allowed is a path without slashes "
                    "around it"
                )
        strangers = [topic for topic in self.include_response_in if topic not in self._topics]
        if strangers:
            found.append(
                f"asynchronous include_response_in: got {len(strangers)} topics that are neither "
                "success_topic nor error_topic; allowed are those"
            )
        return found

    def grant_use(self, role: iam.IRole) -> None:
        """Lets a model's role read requests, write responses and publish to the topics.

        Args:
            role: execution role of the model.
        """
        because = "callers choose the keys of requests, SageMaker those of responses"
        paths = [prefix for prefix in (self.prefix, self.failure_prefix) if prefix is not None]
        allowed = [
            Permission(
                actions=["s3:GetObject"],
                resources=[self.input_bucket.arn_for_objects(f"{self.input_prefix}/*")],
                because=because,
            ),
            Permission(
                # Responses may have 1 GB, so SageMaker uses multipart uploads.
                actions=["s3:AbortMultipartUpload", "s3:PutObject"],
                resources=[self.bucket.arn_for_objects(f"{path}/*") for path in paths],
                because=because,
            ),
        ]
        topics = list(dict.fromkeys(topic.topic_arn for topic in self._topics))
        if topics:
            allowed.append(Permission(actions=["sns:Publish"], resources=topics))
        keys = [self.encryption_key, self.input_bucket.encryption_key]
        keys += [topic.master_key for topic in self._topics if isinstance(topic, sns.Topic)]
        arns = list(dict.fromkeys(key.key_arn for key in keys if key is not None))
        if arns:
            allowed.append(
                Permission(actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=arns)
            )
        grant(role, allowed)

    def render(self) -> sagemaker.CfnEndpointConfig.AsyncInferenceConfigProperty:
        """Returns the AsyncInferenceConfig of an endpoint configuration."""
        config = sagemaker.CfnEndpointConfig
        key, failures = self.encryption_key, self.failure_prefix
        most = self.max_concurrent_invocations
        return config.AsyncInferenceConfigProperty(
            client_config=config.AsyncInferenceClientConfigProperty(
                max_concurrent_invocations_per_instance=most
            )
            if most is not None
            else None,
            output_config=config.AsyncInferenceOutputConfigProperty(
                s3_output_path=self.bucket.s3_url_for_object(self.prefix),
                s3_failure_path=self.bucket.s3_url_for_object(failures) if failures else None,
                kms_key_id=key.key_arn if key else None,
                notification_config=self._notifications(),
            ),
        )

    def _notifications(
        self,
    ) -> sagemaker.CfnEndpointConfig.AsyncInferenceNotificationConfigProperty | None:
        if not self._topics:
            return None
        included = [
            name
            for name, topic in (
                ("SUCCESS_NOTIFICATION_TOPIC", self.success_topic),
                ("ERROR_NOTIFICATION_TOPIC", self.error_topic),
            )
            if topic is not None and topic in self.include_response_in
        ]
        success, error = self.success_topic, self.error_topic
        return sagemaker.CfnEndpointConfig.AsyncInferenceNotificationConfigProperty(
            success_topic=success.topic_arn if success else None,
            error_topic=error.topic_arn if error else None,
            include_inference_response_in=included or None,
        )
