"""Resources that every stack of an account uses: a key, a bucket of access logs, an alarm topic."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_constructs.validation import (
    acknowledge,
    in_security_packs,
    without_access_log,
    without_replica,
)
from stacks.emails import subscribe_emails
from stacks.platform_stack import PlatformStack
from stacks.removal import removal_policy
from stacks.settings.defaults import DefaultSettings
from stacks.settings.logs import LogSettings
from stacks.stores import acknowledge_emptying

_KEY, _ACCESS_LOGS, _ALARMS = "key-arn", "access-logs-bucket", "alarm-topic-arn"
_PUBLISHERS = {
    # EventBridge does not send the account for which it uses a key ("Configuring AWS KMS
    # permissions" of the SNS guide), so a condition would deny its requests.
    "events.amazonaws.com": False,
    "budgets.amazonaws.com": True,
    "cloudwatch.amazonaws.com": True,
    # Conditions on the source are not documented for this service.
    "codestar-notifications.amazonaws.com": False,
}


class FoundationStack(PlatformStack):
    """Defines the key, the bucket of access logs and the alarm topic of an account and region.

    The key encrypts logs and notifications. Sections with data (Studio, the feature store, each
    project) have dedicated keys, so that nobody who uses one can read the data of another.

    The policies with which CloudFormation deploys are not part of the stack: a stack that is
    deployed with a role could extend the permissions of that role.

    Args:
        settings: settings of logs and alarms.
        defaults: settings of every stack.
        env: account and region.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: LogSettings,
        defaults: DefaultSettings,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            defaults=defaults,
            env=env,
            description="Key, access logs and alarm topic of the ML platform",
        )
        policy = removal_policy(settings.removal, defaults)
        key = self._define_key(policy)
        bucket_name = settings.access_bucket
        if bucket_name is None:
            expiration = cdk.Duration.days(settings.retention_days)
            bucket_name = self._define_access_logs(policy, expiration).bucket_name
        topic = self._define_topic(key, settings.alarms)
        for name, value in (
            (_KEY, key.key_arn),
            (_ACCESS_LOGS, bucket_name),
            (_ALARMS, topic.topic_arn),
        ):
            self.publish(name, value)
        cdk.CfnOutput(self, "AlarmTopicArn", value=topic.topic_arn)
        cdk.CfnOutput(self, "AccessLogsBucketName", value=bucket_name)

    def key_in(self, stack: PlatformStack) -> kms.IKey:
        """Returns the key of logs and notifications, for another stack."""
        return kms.Key.from_key_arn(stack, "FoundationKey", stack.read(self, _KEY))

    def access_logs_in(self, stack: PlatformStack) -> s3.IBucket:
        """Returns the bucket of access logs, for another stack."""
        return s3.Bucket.from_bucket_name(stack, "AccessLogs", stack.read(self, _ACCESS_LOGS))

    def alarm_topic_in(self, stack: PlatformStack) -> sns.ITopic:
        """Returns the topic of alarms, for another stack."""
        return sns.Topic.from_topic_arn(stack, "AlarmTopic", stack.read(self, _ALARMS))

    def _define_key(self, policy: cdk.RemovalPolicy) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            description="ML platform: logs and notifications",
            enable_key_rotation=True,
            removal_policy=policy,
        )
        groups = self.format_arn(
            service="logs",
            resource="log-group",
            resource_name="*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        # Source: "Encrypt log data in CloudWatch Logs using AWS KMS".
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(f"logs.{self.region}.amazonaws.com")],
                actions=[
                    "kms:Decrypt",
                    "kms:DescribeKey",
                    "kms:Encrypt",
                    "kms:GenerateDataKey*",
                    "kms:ReEncrypt*",
                ],
                resources=["*"],
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            )
        )
        return key

    def _define_access_logs(self, policy: cdk.RemovalPolicy, expiration: cdk.Duration) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=expiration,
                    noncurrent_version_expiration=cdk.Duration.days(1),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                )
            ],
            removal_policy=policy,
            auto_delete_objects=policy is cdk.RemovalPolicy.DESTROY,
        )
        # Source: "Enabling Amazon S3 server access logging".
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("logging.s3.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[bucket.arn_for_objects("*")],
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        acknowledge(
            bucket,
            {
                **without_replica("access logs are kept in one region"),
                **in_security_packs(
                    "S3DefaultEncryptionKMS",
                    "S3 delivers access logs only to buckets with S3 managed encryption",
                ),
                **without_access_log("a log bucket that logs its own access grows without end"),
            },
        )
        acknowledge_emptying(self)
        return bucket

    def _define_topic(self, key: kms.Key, emails: list[str]) -> sns.Topic:
        topic = sns.Topic(self, "Alarms", master_key=key, enforce_ssl=True)
        for service, sends_account in _PUBLISHERS.items():
            conditions = {"StringEquals": {"aws:SourceAccount": self.account}}
            principal = iam.ServicePrincipal(
                service, conditions=conditions if sends_account else {}
            )
            topic.grant_publish(principal)
            key.grant_encrypt_decrypt(principal)
        subscribe_emails(topic, emails)
        return topic
