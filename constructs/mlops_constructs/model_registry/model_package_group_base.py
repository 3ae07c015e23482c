"""Permissions and events of model package groups, owned and imported."""

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
    """A model package group, owned or imported: its permissions and events.

    Attributes:
        model_package_group_name: name of the group.
    """

    model_package_group_name: str

    @property
    def model_package_group_arn(self) -> str:
        """The ARN of the group."""
        return self._arn("model-package-group")

    @property
    def model_package_arns(self) -> str:
        """The ARN of all versions of the group, with a wildcard."""
        return f"{self._arn('model-package')}/*"

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants a principal permissions to list and read versions.

        Args:
            grantee: principal.

        Example:
            ```python
            group.grant_read(role)
            ```
        """
        return self._grant(grantee, *READ_ACTIONS)

    def grant_register(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants a principal permissions to add and tag versions, and to read the group.

        New versions need an approval: the principal cannot add a version that is already approved.

        Args:
            grantee: principal.

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
        """Grants a principal permissions to read versions, and to approve or reject them.

        The principal cannot change the life cycle stage or remove metadata. Properties for which
        IAM has no condition key, such as the inference specification, can be changed in the same
        request; CloudTrail records it.

        Args:
            grantee: principal.

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
        """Grants a principal permissions to create models from another account's versions.

        The permissions include reading versions. The account of the group must share it
        (`RegistrySharing`). For a group of the principal's account, `grant_read` is sufficient.

        Args:
            grantee: principal.

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
        """Creates an EventBridge rule for approved versions of the group.

        Events may be delivered twice; the target must be idempotent.

        Args:
            construct_id: id of the rule within the group.
            target: target of the rule. Defaults to None: add targets to the rule.
            description: description of the rule. Defaults to None: a text with the name of the
                group.
            event_bus: bus to which the group's account forwards events. Defaults to None: the
                default bus, with the events of this account.

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
        """Creates an EventBridge rule for approved and for rejected versions of the group.

        Use it for targets that deploy the latest approved version: when the deployed version is
        rejected, they roll back to the previous one. The event does not state whether a rejected
        version was deployed, so the target must handle events that require no change.

        Args:
            construct_id: id of the rule within the group.
            target: target of the rule. Defaults to None: add targets to the rule.
            description: description of the rule. Defaults to None: a text with the name of the
                group.
            event_bus: bus to which the group's account forwards events. Defaults to None: the
                default bus, with the events of this account.

        Example:
            ```python
            target = targets.CodePipeline(pipeline)
            group.on_approval_status_change("DeployOrRollBack", target=target)
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
        """Forwards approval and rejection events to a bus, usually in the account that deploys.

        The policy of that bus must allow this account, as that of `ApprovalEventBus` does.

        Args:
            construct_id: id of the rule within the group.
            event_bus: receiving bus, of this region or another, from `EventBus.from_event_bus_arn`.
            dead_letter_queue: queue for events that cannot be delivered within 24 hours. Defaults
                to None: these events are lost.

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
            description="EventBridge: forwards approval events of the model registry",
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
            # The bus may also receive events of groups in other accounts.
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
