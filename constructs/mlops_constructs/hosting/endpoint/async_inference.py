"""Asynchronous inference: requests wait in a queue, answers are written to S3."""

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

_MOST_CONCURRENT = 1000


@dataclass(frozen=True, kw_only=True)
class AsyncInference:
    """How an asynchronous endpoint answers; made by `AsyncInference.to_bucket`."""

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
        """Answers below `prefix`, each under the key that the call was told.

        The role of the model may read the requests, write the answers and publish to the topics.

        Args:
            bucket: bucket of the answers, of the same region.
            prefix: part of the bucket, without slashes around it.
            failure_prefix: part for what the model answered with an error. None: errors are told
                to `error_topic` alone.
            input_bucket: bucket where callers put requests. Left out: that of the answers.
            input_prefix: part of it, without slashes around it.
            encryption_key: key of the answers. Left out: the bucket's own.
            success_topic: topic that is told of each answer. Left out: none.
            error_topic: topic that is told of each failure. Left out: none.
            include_response_in: which of these two topics get the answer itself, up to 128 KB.
            max_concurrent_invocations: requests that an instance works on at a time, 1 to 1000.
                Left out: AWS chooses.

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
        """What AWS would refuse."""
        found = []
        if outside(self.max_concurrent_invocations, 1, _MOST_CONCURRENT):
            found.append(
                f"asynchronous max_concurrent_invocations: got {self.max_concurrent_invocations}; "
                f"allowed are 1 to {_MOST_CONCURRENT}"
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
        """Lets the role of a model read requests, write answers and tell topics of them."""
        because = "callers choose the keys of requests, SageMaker those of answers"
        paths = [prefix for prefix in (self.prefix, self.failure_prefix) if prefix is not None]
        allowed = [
            Permission(
                actions=["s3:GetObject"],
                resources=[self.input_bucket.arn_for_objects(f"{self.input_prefix}/*")],
                because=because,
            ),
            Permission(
                # Answers may have 1 GB, so they are written in parts.
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
        """The AsyncInferenceConfig of an endpoint config."""
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
