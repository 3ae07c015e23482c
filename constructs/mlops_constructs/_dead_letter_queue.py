"""Dead-letter queues."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlops_constructs._findings import acknowledge

_RETENTION = cdk.Duration.days(14)


class DeadLetterQueue(sqs.Queue):
    """Defines a dead-letter queue that keeps events, or invocations, for 14 days.

    Args:
        encryption_key: KMS key of its messages. Defaults to None: SQS encrypts them with its own
            key, which EventBridge can use without extra permissions.
        queue_name: name of the queue, where another account refers to it. Defaults to None:
            CloudFormation generates it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        encryption_key: kms.IKey | None = None,
        queue_name: str | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            queue_name=queue_name,
            encryption=sqs.QueueEncryption.KMS
            if encryption_key is not None
            else sqs.QueueEncryption.SQS_MANAGED,
            encryption_master_key=encryption_key,
            enforce_ssl=True,
            retention_period=_RETENTION,
        )
        reason = "it is a dead-letter queue, whose messages are inspected manually"
        findings = dict.fromkeys(("AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy"), reason)
        if encryption_key is None:
            own_key = "SQS encrypts it (SqsManagedSseEnabled), which checkov does not check"
            findings["CKV_AWS_27"] = own_key
        acknowledge(self, findings)
