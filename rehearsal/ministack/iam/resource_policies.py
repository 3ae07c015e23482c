"""Policies of resources, evaluated for AWS services and for principals of other accounts."""

from collections.abc import Mapping
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import eventbridge

from rehearsal.framework.platform import AwsError, Scope
from rehearsal.ministack.iam import unknown_conditions
from rehearsal.ministack.request_scope import in_scope


def authorize_service(
    principal: str,
    action: str,
    resource_arn: str,
    scope: Scope,
    source_arn: str,
    via: str | None = None,
) -> None:
    """Checks that the policy of a resource lets a service act for `source_arn`.

    Raises:
        AwsError: the resource does not exist, or its policy does not allow the action.
    """
    service = action.partition(":")[0]
    source_account = source_arn.split(":")[4] if source_arn.count(":") >= 5 else scope.account
    context = iam_evaluator.EvalContext(
        principal_arn=principal,
        principal_type="Service",
        principal_account=source_account,
        action=action,
        secure_transport=True,  # services use TLS only
        resource_arn=resource_arn,
        region=scope.region,
        service_context={
            **_source(principal, service, source_arn, source_account),
            **({"kms:viaservice": via} if via else {}),
        },
        principal_keys={},
    )
    with in_scope(scope):
        found = iam_evaluator._resource_policy(service, resource_arn)
        if found is None:
            raise AwsError("ResourceNotFoundException", f"{resource_arn} does not exist", 404)
        decided = iam_evaluator.evaluate_resource_policy(found[0], context, service=principal)
    if decided.decision != "Allow":
        raise AwsError(
            "AccessDeniedException",
            f"{principal} is not authorized to perform: {action} on resource: {resource_arn} for "
            f"{source_arn}: no statement of the resource's policy allows it"
            f"{_note(action)}",
            403,
        )


def _source(principal: str, service: str, arn: str, account: str) -> dict[str, str]:
    """Returns the condition keys of the resource for which a service acts.

    EventBridge sets none where it uses the key of a topic: "Configuring AWS KMS permissions" of the
    SNS guide.
    """
    if (principal, service) == ("events.amazonaws.com", "kms"):
        return {}
    # The default policy of a topic requires the last one.
    return {"aws:sourcearn": arn, "aws:sourceaccount": account, "aws:sourceowner": account}


def authorize_bus(principal_arn: str, bus_arn: str, bus: Scope, event: Mapping[str, Any]) -> None:
    """Checks that the policy of an event bus lets a principal put an event on it.

    Raises:
        AwsError: the policy does not allow it.
    """
    context = iam_evaluator.EvalContext(
        principal_arn=principal_arn,
        principal_type="AssumedRole",
        principal_account=principal_arn.split(":")[4],
        action="events:PutEvents",
        secure_transport=True,
        resource_arn=bus_arn,
        region=bus.region,
        service_context={
            "events:source": event.get("Source", ""),
            "events:detail-type": event.get("DetailType", ""),
        },
        principal_keys={},
    )
    with in_scope(bus):
        policy = eventbridge._event_bus_policies.get(bus_arn.partition("event-bus/")[2])
        decided = iam_evaluator.evaluate_resource_policy(policy, context)
    if decided.decision != "Allow":
        raise AwsError(
            "AccessDeniedException",
            f"User: {principal_arn} is not authorized to perform: events:PutEvents on resource: "
            f"{bus_arn} because no resource-based policy allows the events:PutEvents action"
            f"{_note('events:PutEvents')}",
            403,
        )


def authorize_by_policy(
    policy: str | None,
    principal_arn: str,
    action: str,
    resource_arn: str,
    scope: Scope,
    keys: Mapping[str, Any] | None = None,
) -> None:
    """Checks that the policy of a resource lets a principal of another account act.

    Raises:
        AwsError: AccessDeniedException, if the policy does not allow the action.
    """
    account = principal_arn.split(":")[4]
    context = iam_evaluator.EvalContext(
        principal_arn=principal_arn,
        principal_type="AssumedRole" if ":assumed-role/" in principal_arn else "User",
        principal_account=account,
        action=action,
        resource_arn=resource_arn,
        region=scope.region,
        service_context={
            **{key.lower(): value for key, value in (keys or {}).items()},
            "aws:principalaccount": account,
            "aws:principalarn": principal_arn,
        },
        principal_keys={},
        secure_transport=True,  # the gateway uses TLS only
    )
    decided = iam_evaluator.evaluate_resource_policy(policy, context)
    if decided.decision != "Allow":
        explicit = decided.decision == "Deny"
        message = iam_actions.identity_denial_message(action, principal_arn, resource_arn, explicit)
        raise AwsError("AccessDeniedException", _of_resource(message), 403)


def _note(action: str) -> str:
    """Returns the note on a condition key of the policy that is not computed, or nothing."""
    note = unknown_conditions.note_on(action)
    return f". {note}" if note else ""


def _of_resource(message: str) -> str:
    """Returns the message of a denial with the policy of the resource as its reason."""
    return message.replace("identity-based policy", "resource-based policy")
