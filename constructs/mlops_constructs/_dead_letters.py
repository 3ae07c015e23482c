"""Queues for what could not be started, so that nothing vanishes without a trace."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct


class DeadLetters(sqs.Queue):
    """Defines the queue that keeps an event, or a run, which could not be started, for 14 days.

    Parameters:
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
            self._explain_own_key()
        reason = "it is the queue of dead letters itself; a person looks at what it keeps"
        cdk.Validations.of(self).acknowledge(
            cdk.Acknowledgment(id="AwsSolutions-SQS3", reason=reason),
            cdk.Acknowledgment(id="Serverless-SQSRedrivePolicy", reason=reason),
        )

    def _explain_own_key(self) -> None:
        resource = self.node.default_child
        if isinstance(resource, sqs.CfnQueue):
            reason = "SQS encrypts it (SqsManagedSseEnabled), which checkov does not look at"
            resource.add_metadata("checkov", {"skip": [{"id": "CKV_AWS_27", "comment": reason}]})
