"""What no role of a project can exceed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.access import PermissionsBoundary
from mlops_constructs.access.service_role import ROLE_PATH

_CONFINED = frozenset({"iam:CreateServiceLinkedRole", "iam:PassRole"})
_LINKED_ROLE = "aws-service-role/sagemaker.application-autoscaling.amazonaws.com/*"


class ProjectBoundary(PermissionsBoundary):
    """Defines the permissions boundary of the roles that projects create.

    Whoever creates a project creates roles. The boundary keeps these from ever becoming more than
    a project's roles: it allows exactly the actions that the roles of `template` use, and of IAM
    only to hand over a project's role, or to make the service-linked role of endpoint scaling.

    Projects find it by the CloudFormation export `export_name`; as long as there are any, the
    boundary cannot be deleted.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, template: Mapping[str, Any], export_name: str
    ) -> None:
        """Creates the policy and exports its ARN.

        Parameters:
            template: template of a project.
            export_name: name of the export, unique in the account and region.
        """
        used = role_actions(template)
        unknown = {action for action in used if action.startswith("iam:")} - _CONFINED
        if unknown:
            raise ValueError(
                f"roles of a project use {sorted(unknown)}; of IAM allowed are "
                f"{sorted(_CONFINED)}, or a project could give itself more than its boundary"
            )

        def role(name: str) -> str:
            return cdk.Stack.of(scope).format_arn(
                service="iam", region="", resource="role", resource_name=name
            )

        super().__init__(
            scope,
            construct_id,
            actions=[action for action in used if action not in _CONFINED],
            on_resources={
                "iam:PassRole": [role(f"{ROLE_PATH.strip('/')}/*")],
                "iam:CreateServiceLinkedRole": [role(_LINKED_ROLE)],
            },
            description="What no role of a SageMaker project can exceed",
        )
        arn = cdk.CfnOutput(
            self, "Arn", value=self.policy.managed_policy_arn, export_name=export_name
        )
        # Read by people among the outputs of their stack, where a hash would say nothing.
        arn.override_logical_id(f"{construct_id}Arn")


def role_actions(template: Mapping[str, Any]) -> list[str]:
    """Every action that a role of a template is allowed, sorted."""
    return sorted(
        {
            action
            for document in _policy_documents(template)
            for statement in document["Statement"]
            for action in _listed(statement["Action"])
        }
    )


def _policy_documents(template: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Role":
            yield from (policy["PolicyDocument"] for policy in properties.get("Policies", ()))
        if resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            yield properties["PolicyDocument"]


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
