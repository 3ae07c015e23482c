"""What no role of a project can exceed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.access import PermissionsBoundary, acknowledge_wildcards

from .boundary_permissions import confined

EARLIER_ACTIONS = Path(__file__).with_name("boundary_actions.txt")
"""Every action that a role of any template so far has used: no line is ever taken out."""

_FOR_ALL = (
    "a boundary is for all projects and grants nothing: it confines each role by the name or the "
    "tag of its own project"
)
_OF_IAM = frozenset({"iam:CreateServiceLinkedRole", "iam:PassRole"})


class ProjectBoundary(PermissionsBoundary):
    """Defines the permissions boundary of the roles that projects create.

    Whoever creates a project creates roles. The boundary keeps these from ever becoming more than
    the roles of one project, even if the template is somebody's own:

    * it allows the actions that roles of `template` use, or of any earlier template, since a
      project that was made from it keeps its roles;
    * it allows them on what the role's own project consists of: by names that begin with the
      role's tag `sagemaker:project-name` or with that of a project's stack, `SP-*` or `SC-*`, and
      by the same tag on the resource;
    * of IAM it allows only to pass a role of a project, or to make the service-linked role of
      endpoint scaling;
    * of CloudFormation it allows only changes of a project's stacks that name a project's role to
      act with, so that no stack's mightier role is borrowed.

    Somebody who brings a template of their own to the launch role may tag a role as one of any
    project. `ProjectTemplate.grant_create_project` lets nobody do so.

    Projects find the boundary by the CloudFormation export `export_name`; as long as there are any,
    it cannot be deleted.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, template: Mapping[str, Any], export_name: str
    ) -> None:
        """Creates the policy and exports its ARN.

        Args:
            template: template of a project.
            export_name: name of the export, unique in the account and region.

        Raises ValueError for a template whose roles use more of IAM than the above, or an action
        whose resources the boundary does not know.
        """
        used = role_actions(template)
        unknown = {action for action in used if action.startswith("iam:")} - _OF_IAM
        if unknown:
            raise ValueError(
                f"roles of a project use {sorted(unknown)}; of IAM allowed are "
                f"{sorted(_OF_IAM)}, or a project could give itself more than its boundary"
            )
        super().__init__(
            scope,
            construct_id,
            description="What no role of a SageMaker project can exceed",
        )
        statements = confined(scope, {*used, *earlier_actions()})
        self.policy.add_statements(*statements)
        acknowledge_wildcards(
            self.policy,
            actions=[one for each in statements for one in each.actions if "*" in one],
            resources=[one for each in statements for one in each.resources if "*" in one],
            reason=_FOR_ALL,
        )
        arn = cdk.CfnOutput(
            self, "Arn", value=self.policy.managed_policy_arn, export_name=export_name
        )
        # Read by people among the outputs of their stack, where a hash would say nothing.
        arn.override_logical_id(f"{construct_id}Arn")


def earlier_actions() -> list[str]:
    """The actions that roles of templates so far have used, sorted."""
    return EARLIER_ACTIONS.read_text().split()


def role_actions(template: Mapping[str, Any]) -> list[str]:
    """Every action that a role of a template is allowed, sorted."""
    return sorted(
        {
            action
            for document in _policy_documents(template)
            for statement in document["Statement"]
            if statement["Effect"] == "Allow"
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
