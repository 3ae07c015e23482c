"""Permissions boundary of project roles."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.access import PermissionsBoundary, acknowledge_wildcards
from mlops_constructs.projects._published_value import publish
from mlops_constructs.studio import MlflowAppBase

from ._boundary_permissions import confined, is_tracking, tracked

EARLIER_ACTIONS = Path(__file__).with_name("boundary_actions.txt")
"""All actions that roles of any template have used so far; lines are never removed."""

_ALL_PROJECTS = (
    "a boundary applies to all projects and grants nothing: it limits each role by the name or the "
    "tag of its project"
)
_ALLOWED_IAM_ACTIONS = frozenset({"iam:CreateServiceLinkedRole", "iam:PassRole"})


class ProjectBoundary(PermissionsBoundary):
    """Defines the permissions boundary of the roles that projects create.

    A principal that creates projects creates roles. The boundary limits these roles to one project,
    even with a custom template:

    * It allows the actions that roles of `templates` or of any earlier template use, because a
      project keeps its roles after the template has changed.
    * It allows them on the resources of the role's project: by names that start with the role's tag
      `sagemaker:project-name` or with the name of a project's stack, `SP-*` or `SC-*`, and by the
      same tag on the resource.
    * In IAM it only allows passing a role of a project, and creating the service-linked role of
      endpoint scaling.
    * In CloudFormation it only allows changes of a project's stacks that specify a project's role,
      so that a role cannot use the role of a stack with more permissions.

    A principal that can use a custom template with the launch role can tag a role as one of any
    project. `ProjectTemplate.grant_create_project` does not allow custom templates.

    Projects read the ARN of the boundary from the parameter `parameter_name` of Systems Manager.
    IAM does not delete a boundary that roles have: delete projects first.

    Args:
        templates: templates of projects, as parsed JSON; at least one.
        parameter_name: name of the parameter, unique in the account and region, such as
            `/mlops/projects/boundary-arn`.
        mlflow: MLflow App in which projects may log their trainings. Defaults to None: they may
            use no App.

    Raises:
        ValueError: if there is no template, or roles of one use other IAM actions, an action
            without known resources, or MLflow without an App.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        templates: Sequence[Mapping[str, Any]],
        parameter_name: str,
        mlflow: MlflowAppBase | None = None,
    ) -> None:
        if not templates:
            raise ValueError(
                f"ProjectBoundary {scope.node.path}/{construct_id}: templates: got none; add the "
                "template of each ProjectTemplate"
            )
        used = sorted({action for template in templates for action in role_actions(template)})
        tracking = {action for action in used if is_tracking(action)}
        if tracking and mlflow is None:
            raise ValueError(
                f"ProjectBoundary {scope.node.path}/{construct_id}: templates: got roles that log "
                "in MLflow; give the App of the templates as mlflow"
            )
        unknown = {action for action in used if action.startswith("iam:")} - _ALLOWED_IAM_ACTIONS
        if unknown:
            raise ValueError(
                f"ProjectBoundary {scope.node.path}/{construct_id}: templates: got roles that use "
                f"{sorted(unknown)}; allowed IAM actions are {sorted(_ALLOWED_IAM_ACTIONS)}, so "
                "that a project cannot exceed its boundary"
            )
        super().__init__(
            scope,
            construct_id,
            description="What no role of a SageMaker project can exceed",
        )
        statements = confined(scope, {*used, *earlier_actions()} - tracking)
        if mlflow is not None:
            statements += tracked(mlflow)
        self.policy.add_statements(*statements)
        acknowledge_wildcards(
            self.policy,
            actions=[one for each in statements for one in each.actions if "*" in one],
            resources=[one for each in statements for one in each.resources if "*" in one],
            reason=_ALL_PROJECTS,
        )
        publish(self, "Parameter", name=parameter_name, value=self.policy.managed_policy_arn)
        arn = cdk.CfnOutput(self, "Arn", value=self.policy.managed_policy_arn)
        # Users read it among the outputs of the stack, so the logical id has no hash.
        arn.override_logical_id(f"{construct_id}Arn")


def earlier_actions() -> list[str]:
    """Returns the actions that roles of templates have used so far, sorted."""
    return EARLIER_ACTIONS.read_text().split()


def role_actions(template: Mapping[str, Any]) -> list[str]:
    """Returns all actions that a template allows a role, sorted."""
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
