"""Queues for what could not be started, so that nothing vanishes without a trace."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlops_constructs._findings import acknowledge


class DeadLetterQueue(sqs.Queue):
    """Defines the queue that keeps an event, or a run, which could not be started, for 14 days.

    Args:
        encryption_key: key of its messages. Left out: SQS encrypts them with a key of its own,
            which EventBridge may use without more ado.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, encryption_key: kms.IKey | None = None
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            encryption=sqs.QueueEncryption.KMS
            if encryption_key is not None
            else sqs.QueueEncryption.SQS_MANAGED,
            encryption_master_key=encryption_key,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
        )
        if encryption_key is None:
            own_key = "SQS encrypts it (SqsManagedSseEnabled), which checkov does not look at"
            acknowledge(self, {"CKV_AWS_27": own_key})
        reason = "it is the queue of dead letters itself; a person looks at what it keeps"
        acknowledge(
            self, dict.fromkeys(("AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy"), reason)
        )
