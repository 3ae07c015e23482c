"""The events of approval, on the bus of the account and on buses of others."""

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
    """The rule on what becomes of versions of a group, of these accounts or of the bus's own."""
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
    """Defines the queue for approvals that could not be delivered, which are kept for 14 days.

    Args:
        encryption_key: key of the messages; `events.amazonaws.com` has to be allowed to use it.

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
    """Defines the bus on which an account receives approvals from the registry of another.

    The registry's side forwards to it with `ModelPackageGroup.forward_approvals`. The bus takes
    nothing else than SageMaker's events about model packages.

    Args:
        registry_accounts: accounts that may send, as 12-digit ids.
        event_bus_name: name, which the registry's side has to know. Left out: one made of the
            construct's path.
        encryption_key: key of the events. Left out: one of AWS's.

    Raises:
        ValueError: with every problem of the input.

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
            description="Approvals of the model registry of another account",
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
        """Does something when a version of a group of the registry's account is approved.

        SageMaker may send an event twice, so the target has to bear a repetition.

        Args:
            model_package_group_name: the group.
            target: what is started. Left out: add it to the rule.
            description: of the rule. Left out: it names the group.

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
        """Does something when a version is approved, and also when one is rejected.

        For what deploys the newest approved version: a rejection of the one in service brings back
        the version before it. The parameters are those of `on_approval`.

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
        f"registry_accounts: got {account!r}; allowed is the id of an account, 12 digits"
        for account in accounts
        if is_known(account) and not (account.isdecimal() and len(account) == 12)
    ]
    if not accounts:
        found.append("registry_accounts: got none; name the account of the registry")
    return found
