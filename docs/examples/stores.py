"""Shared resources of the examples: a key, a bucket, an image repository and a topic."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_constructs.validation import acknowledge, in_security_packs, without_replica

# Unlike RETAIN, it leaves nothing behind when the creation of the stack fails.
_KEPT = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE


class Stores(cdk.Stack):
    """Defines the stores of images, model data, captured data and reports, and a topic of alerts.

    The repository contains the image of `docs/examples/image` with the tag `1`, the bucket its
    model data at `models/churn/model.tar.gz`.
    """

    def __init__(self, scope: Construct, construct_id: str, **options: Any) -> None:
        super().__init__(scope, construct_id, **options)
        self.key = kms.Key(self, "Key", enable_key_rotation=True, removal_policy=_KEPT)
        access_logs = s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            removal_policy=_KEPT,
        )
        acknowledge(
            access_logs,
            {
                **without_replica("access logs are kept in one region"),
                **in_security_packs(
                    "S3DefaultEncryptionKMS",
                    "S3 delivers access logs only to buckets with S3 managed encryption",
                ),
                "CKV_AWS_18": "a log bucket that logs its own access grows without end",
            },
        )
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            server_access_logs_bucket=access_logs,
            removal_policy=_KEPT,
        )
        acknowledge(
            self.bucket,
            without_replica("the data is reproducible; replicate data that cannot be lost"),
        )
        self.repository = ecr.Repository(
            self,
            "Repository",
            encryption=ecr.RepositoryEncryption.KMS,
            encryption_key=self.key,
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            removal_policy=_KEPT,
        )
        self.topic = sns.Topic(self, "Topic", master_key=self.key, enforce_ssl=True)
        self._let_services_publish()
        self._export_always()
        cdk.CfnOutput(self, "BucketName", value=self.bucket.bucket_name)
        cdk.CfnOutput(self, "RepositoryUri", value=self.repository.repository_uri)
        cdk.CfnOutput(self, "TopicArn", value=self.topic.topic_arn)

    def _let_services_publish(self) -> None:
        """Lets services publish to the topic, which requires its key."""
        own_account = {"StringEquals": {"aws:SourceAccount": self.account}}
        for service, conditions in {
            "cloudwatch.amazonaws.com": own_account,
            "codestar-notifications.amazonaws.com": own_account,
            # EventBridge does not send the account for which it uses a key ("Configuring AWS
            # KMS permissions" of the SNS guide), so a condition would deny its requests.
            "events.amazonaws.com": {},
            "sagemaker.amazonaws.com": own_account,
        }.items():
            principal = iam.ServicePrincipal(service, conditions=conditions)
            self.topic.grant_publish(principal)
            self.key.grant_encrypt_decrypt(principal)

    def _export_always(self) -> None:
        """Exports all values, so that each example can be deployed separately."""
        for value in (
            self.bucket.bucket_arn,
            self.bucket.bucket_name,
            self.key.key_arn,
            self.key.key_id,
            self.repository.repository_arn,
            self.repository.repository_name,
            self.topic.topic_arn,
            self.topic.topic_name,
        ):
            self.export_value(value)
