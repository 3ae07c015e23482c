"""Messages that an AWS service publishes itself, judged by the topic's and its key's policies."""

from __future__ import annotations

from ministack.core import iam_evaluator
from ministack.services import sns

from rehearsal.aws.adapter.scope import in_scope
from rehearsal.aws.platform import AwsError, Scope

_KEY_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")


def publish(
    topic_arn: str, *, service_principal: str, source_arn: str, subject: str, message: str
) -> None:
    """Publishes as a service for the resource `source_arn`.

    Raises AwsError when the topic does not exist, or a policy does not let the service.
    """
    account = source_arn.split(":")[4]
    scope = Scope(*reversed(topic_arn.split(":")[3:5]))
    with in_scope(scope):
        topic = sns._topic_by_arn_any_scope(topic_arn)
        if topic is None:
            raise AwsError("NotFound", f"Topic {topic_arn} does not exist", 404)
        if not sns.topic_policy_allows(topic_arn, service_principal, source_arn, account):
            raise AwsError(
                "AuthorizationError",
                f"{service_principal} is not authorized to perform: SNS:Publish on resource: "
                f"{topic_arn}; its policy must allow it",
                403,
            )
        _check_key(
            topic.get("attributes", {}).get("KmsMasterKeyId"), scope, service_principal, source_arn
        )
        sns.publish_internal(topic_arn, message, subject)


def _check_key(key: str | None, scope: Scope, service: str, source_arn: str) -> None:
    """The service needs the key of an encrypted topic; AWS's own key lets no service use it."""
    if not key:
        return
    arn = key if key.startswith("arn:") else scope.arn("kms", f"key/{key}")
    found = iam_evaluator._resource_policy("kms", arn)
    for action in _KEY_ACTIONS:
        context = iam_evaluator.EvalContext(
            principal_arn="*",
            principal_type="Service",
            principal_account="",
            action=action,
            resource_arn=arn,
            region=scope.region,
            service_context={
                "aws:sourcearn": source_arn,
                "aws:sourceaccount": source_arn.split(":")[4],
            },
            principal_keys={},
        )
        policy = found[0] if found else None
        decided = iam_evaluator.evaluate_resource_policy(policy, context, service=service)
        if decided.decision != "Allow":
            raise AwsError(
                "KMSAccessDenied",
                f"the policy of {arn} does not let {service} perform {action}",
                403,
            )
