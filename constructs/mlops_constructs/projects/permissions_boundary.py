"""What no role of a project can exceed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs.access.acknowledgement import acknowledge_wildcards
from mlops_constructs.access.service_role import ROLE_PATH

_CONFINED = frozenset({"iam:CreateServiceLinkedRole", "iam:PassRole"})
_LINKED_ROLE = "aws-service-role/sagemaker.application-autoscaling.amazonaws.com/*"


class ProjectBoundary(Construct):
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
        super().__init__(scope, construct_id)
        used = role_actions(template)
        unknown = [action for action in used if action.startswith("iam:")]
        stack = cdk.Stack.of(self)

        def role(name: str) -> str:
            return stack.format_arn(service="iam", region="", resource="role", resource_name=name)

        roles, linked_role = role(f"{ROLE_PATH.strip('/')}/*"), role(_LINKED_ROLE)
        if set(unknown) - _CONFINED:
            raise ValueError(
                f"roles of a project use {sorted(set(unknown) - _CONFINED)}; of IAM allowed are "
                f"{sorted(_CONFINED)}, or a project could give itself more than its boundary"
            )
        self.policy = iam.ManagedPolicy(
            self,
            "Resource",
            # Not below the path of projects, where projects may change policies.
            path="/",
            description="What no role of a SageMaker project can exceed",
            statements=[
                iam.PolicyStatement(
                    actions=[action for action in used if action not in _CONFINED],
                    resources=["*"],
                ),
                iam.PolicyStatement(actions=["iam:PassRole"], resources=[roles]),
                iam.PolicyStatement(
                    actions=["iam:CreateServiceLinkedRole"], resources=[linked_role]
                ),
            ],
        )
        acknowledge_wildcards(
            self.policy,
            resources=["*", roles, linked_role],
            reason="a boundary grants nothing; the roles' own policies name the resources, which "
            "belong to projects that do not exist yet",
        )
        cdk.CfnOutput(self, "Arn", value=self.policy.managed_policy_arn, export_name=export_name)


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
