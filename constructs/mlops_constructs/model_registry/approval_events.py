"""Approval events on the account's event bus and on those of other accounts."""

from collections.abc import Sequence

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops_constructs._dead_letter_queue import DeadLetterQueue
from mlops_constructs._problems import Problems, is_known

SOURCE = "aws.sagemaker"
DETAIL_TYPE = "SageMaker Model Package State Change"
APPROVAL = ("Approved",)
DECISION = ("Approved", "Rejected")


def approval_rule(
    scope: Construct,
    construct_id: str,
    *,
    model_package_group_name: str,
    target: events.IRuleTarget | None,
    description: str | None,
    event_bus: events.IEventBus | None = None,
    accounts: Sequence[str] = (),
    statuses: Sequence[str] = APPROVAL,
) -> events.Rule:
    """Creates a rule for the approval status of versions of a group.

    With `accounts` it matches events of these accounts, otherwise those of the bus's account.
    """
    what = "approved" if tuple(statuses) == APPROVAL else "approved or rejected"
    return events.Rule(
        scope,
        construct_id,
        event_bus=event_bus,
        description=description or f"A model of the group {model_package_group_name} was {what}",
        event_pattern=events.EventPattern(
            source=[SOURCE],
            detail_type=[DETAIL_TYPE],
            account=list(accounts) or None,
            detail={
                "ModelPackageGroupName": [model_package_group_name],
                "ModelApprovalStatus": list(statuses),
            },
        ),
        targets=None if target is None else [target],
    )


class ApprovalDeadLetterQueue(DeadLetterQueue):
    """Defines the dead-letter queue for approval events, which keeps them for 14 days.

    Args:
        encryption_key: key of the messages, which `events.amazonaws.com` must be allowed to use.

    Example:
        ```python
        undelivered = ApprovalDeadLetterQueue(stack, "Undelivered", encryption_key=key)
        target = targets.CodePipeline(pipeline, dead_letter_queue=undelivered)
        group.on_approval("DeployOrKeep", target=target)
        ```
    """

    def __init__(self, scope: Construct, construct_id: str, *, encryption_key: kms.IKey) -> None:
        super().__init__(scope, construct_id, encryption_key=encryption_key)


class ApprovalEventBus(events.EventBus):
    """Defines the event bus that receives approval events from another account's model registry.

    The account of the registry forwards events with `ModelPackageGroup.forward_approvals`. The
    policy of the bus allows only SageMaker's events about model packages.

    Args:
        registry_accounts: account ids of 12 digits that may send events.
        event_bus_name: name of the bus, which the registry's account needs to know. Defaults to
            None: a name generated from the construct's path.
        encryption_key: key of the events. Defaults to None: an AWS owned key.

    Raises:
        ValueError: if the input is invalid; the message lists every problem.

    Source: "Permissions for event buses in Amazon EventBridge".

    Example:
        ```python
        ApprovalEventBus(stack, "Approvals", registry_accounts=["222222222222"])
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        registry_accounts: Sequence[str],
        event_bus_name: str | None = None,
        encryption_key: kms.IKey | None = None,
    ) -> None:
        problems = Problems(f"ApprovalEventBus {scope.node.path}/{construct_id}")
        problems.extend(_account_problems(registry_accounts))
        problems.raise_if_any()
        super().__init__(
            scope,
            construct_id,
            event_bus_name=event_bus_name,
            kms_key=encryption_key,
            description="Approval events of another account's model registry",
        )
        self._registry_accounts = tuple(registry_accounts)
        self.add_to_resource_policy(
            iam.PolicyStatement(
                sid="RegistriesSendApprovals",
                principals=[iam.AccountPrincipal(account) for account in registry_accounts],
                actions=["events:PutEvents"],
                resources=[self.event_bus_arn],
                conditions={
                    "StringEquals": {
                        "events:source": SOURCE,
                        "events:detail-type": DETAIL_TYPE,
                    }
                },
            )
        )

    def on_approval(
        self,
        construct_id: str,
        *,
        model_package_group_name: str,
        target: events.IRuleTarget | None = None,
        description: str | None = None,
    ) -> events.Rule:
        """Creates an EventBridge rule for approved versions of a group.

        Events may be delivered twice; the target must be idempotent.

        Args:
            construct_id: id of the rule within the bus.
            model_package_group_name: name of the group in the registry's account.
            target: target of the rule. Defaults to None: add targets to the rule.
            description: description of the rule. Defaults to None: a text with the name of the
                group.

        Example:
            ```python
            bus = ApprovalEventBus(stack, "Bus", registry_accounts=["222222222222"])
            bus.on_approval(
                "Deploy",
                model_package_group_name="churn",
                target=targets.CodePipeline(pipeline),
            )
            ```
        """
        return self._rule(construct_id, model_package_group_name, target, description, APPROVAL)

    def on_approval_status_change(
        self,
        construct_id: str,
        *,
        model_package_group_name: str,
        target: events.IRuleTarget | None = None,
        description: str | None = None,
    ) -> events.Rule:
        """Creates an EventBridge rule for approved and for rejected versions of a group.

        Use it for targets that deploy the latest approved version: when the deployed version is
        rejected, they roll back to the previous one.

        Args:
            construct_id: id of the rule within the bus.
            model_package_group_name: name of the group in the registry's account.
            target: target of the rule. Defaults to None: add targets to the rule.
            description: description of the rule. Defaults to None: a text with the name of the
                group.

        Example:
            ```python
            decisions = ApprovalEventBus(
                stack, "Decisions", registry_accounts=["222222222222"]
            )
            decisions.on_approval_status_change(
                "Deploy",
                model_package_group_name="churn",
                target=targets.CodePipeline(pipeline),
            )
            ```
        """
        return self._rule(construct_id, model_package_group_name, target, description, DECISION)

    def _rule(
        self,
        construct_id: str,
        model_package_group_name: str,
        target: events.IRuleTarget | None,
        description: str | None,
        statuses: Sequence[str],
    ) -> events.Rule:
        return approval_rule(
            self,
            construct_id,
            model_package_group_name=model_package_group_name,
            target=target,
            description=description,
            event_bus=self,
            accounts=self._registry_accounts,
            statuses=statuses,
        )


def _account_problems(accounts: Sequence[str]) -> list[str]:
    found = [
        f"registry_accounts: got {account!r}; allowed is an account id of 12 digits"
        for account in accounts
        if is_known(account) and not (account.isdecimal() and len(account) == 12)
    ]
    if not accounts:
        found.append("registry_accounts: got none; give the account id of the registry")
    return found
