"""What an owned and an imported group of the registry share: permissions and events."""

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs

from mlops_constructs._grants import grant
from mlops_constructs._problems import is_known
from mlops_constructs.access import Permission, ServiceRole
from mlops_constructs.access._model_approval import APPROVAL_ALONE, NO_APPROVAL

from .approval_events import APPROVAL, DECISION, approval_rule
from .registry_sharing import READ_ACTIONS


class ModelPackageGroupBase(cdk.Resource):
    """What an owned and an imported group share: permissions and events."""

    model_package_group_name: str

    @property
    def model_package_group_arn(self) -> str:
        """ARN of the group itself."""
        return self._arn("model-package-group")

    @property
    def model_package_arns(self) -> str:
        """ARN of all versions of the group, with a wildcard."""
        return f"{self._arn('model-package')}/*"

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal list the versions and read them.

        Example:
            ```python
            group.grant_read(role)
            ```
        """
        return self._grant(grantee, *READ_ACTIONS)

    def grant_register(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal add versions, tag them, and read the group.

        What it adds waits for an approval: it cannot add a version that is approved already.

        Example:
            ```python
            group.grant_register(role)
            ```
        """
        reading = self._grant(
            grantee,
            "sagemaker:AddTags",
            "sagemaker:DescribeModelPackage",
            "sagemaker:DescribeModelPackageGroup",
            "sagemaker:ListModelPackages",
        )
        return reading.combine(
            self._grant(grantee, "sagemaker:CreateModelPackage", conditions=NO_APPROVAL)
        )

    def grant_approve(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal read versions, and approve or reject them.

        It cannot move a version through its life cycle or remove metadata. What IAM has no
        condition for, as a version's inference specification, it could change in the same request;
        CloudTrail tells.

        Example:
            ```python
            group.grant_approve(role)
            ```
        """
        read = self.grant_read(grantee)
        return read.combine(
            self._grant(grantee, "sagemaker:UpdateModelPackage", conditions=APPROVAL_ALONE)
        )

    def grant_deploy(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal read versions of another account's group and make models of them.

        The group's account has to share it (`RegistrySharing`). Where the group is the principal's
        own account's, `grant_read` is enough.

        Example:
            ```python
            group.grant_deploy(role)
            ```
        """
        read = self.grant_read(grantee)
        made = grant(
            grantee,
            actions=["sagemaker:CreateModel"],
            resources=[self.model_package_arns],
            because="versions are numbered when they are registered",
        )
        return read.combine(made)

    def on_approval(
        self,
        construct_id: str,
        *,
        target: events.IRuleTarget | None = None,
        description: str | None = None,
        event_bus: events.IEventBus | None = None,
    ) -> events.Rule:
        """Does something when a version of the group is approved.

        SageMaker may send an event twice, so the target has to bear a repetition.

        Args:
            target: what is started. Left out: add it to the rule.
            description: of the rule. Left out: it names the group.
            event_bus: bus to which the group's account forwards. Left out: the default bus, which
                has the events of this account.

        Source: "Model package state change" in SageMaker's events for EventBridge.

        Example:
            ```python
            group.on_approval("Deploy", target=targets.CodePipeline(pipeline))
            ```
        """
        return self._rule(construct_id, target, description, event_bus, APPROVAL)

    def on_approval_status_change(
        self,
        construct_id: str,
        *,
        target: events.IRuleTarget | None = None,
        description: str | None = None,
        event_bus: events.IEventBus | None = None,
    ) -> events.Rule:
        """Does something when a version of the group is approved, and also when one is rejected.

        For what deploys the newest approved version: a rejection of the one in service brings back
        the version before it. The event does not tell whether a rejected version ever served, so
        the target has to bear a start without anything to do. The parameters are those of
        `on_approval`.

        Example:
            ```python
            group.on_approval_status_change("DeployOrGoBack", target=targets.CodePipeline(pipeline))
            ```
        """
        return self._rule(construct_id, target, description, event_bus, DECISION)

    def forward_approvals(
        self,
        construct_id: str,
        *,
        event_bus: events.IEventBus,
        dead_letter_queue: sqs.IQueue | None = None,
    ) -> events.Rule:
        """Sends each approval and rejection to a bus, usually of the account that deploys.

        That bus has to let this account in, as `ApprovalEventBus` does.

        Args:
            event_bus: the receiving bus, of this region or another, by
                `EventBus.from_event_bus_arn`.
            dead_letter_queue: keeps what could not be delivered within 24 hours. Left out: it is
                lost.

        Source: "Sending and receiving events between AWS accounts in Amazon EventBridge".

        Example:
            ```python
            bus = events.EventBus.from_event_bus_arn(
                stack, "Bus", "arn:aws:events:eu-west-1:222222222222:event-bus/approvals"
            )
            group.forward_approvals("Forward", event_bus=bus)
            ```
        """
        group = self.model_package_group_name
        rule = self.on_approval_status_change(
            construct_id, description=f"Forwards approvals and rejections of the group {group}"
        )
        role = ServiceRole(
            rule,
            "Role",
            service="events.amazonaws.com",
            description="EventBridge: forwards approvals of the model registry",
            permissions=[
                Permission(actions=["events:PutEvents"], resources=[event_bus.event_bus_arn])
            ],
        )
        rule.add_target(
            targets.EventBus(event_bus, role=role.fixed, dead_letter_queue=dead_letter_queue)
        )
        return rule

    def _rule(
        self,
        construct_id: str,
        target: events.IRuleTarget | None,
        description: str | None,
        event_bus: events.IEventBus | None,
        statuses: Sequence[str],
    ) -> events.Rule:
        return approval_rule(
            self,
            construct_id,
            model_package_group_name=self.model_package_group_name,
            target=target,
            description=description,
            event_bus=event_bus,
            # On a bus of another account the events of its own groups may arrive, too.
            accounts=[] if event_bus is None else [self.env.account],
            statuses=statuses,
        )

    def _grant(
        self,
        grantee: iam.IGrantable,
        *actions: str,
        conditions: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> iam.Grant:
        return grant(
            grantee,
            actions=actions,
            conditions=conditions,
            resources=[self.model_package_group_arn, self.model_package_arns],
            because="versions are numbered when they are registered",
        )

    def _arn(self, resource: str) -> str:
        name = self.model_package_group_name
        return cdk.Stack.of(self).format_arn(
            account=self.env.account,
            region=self.env.region,
            service="sagemaker",
            resource=resource,
            # SageMaker writes names in its ARNs in lower case.
            resource_name=name.lower() if is_known(name) else name,
        )
