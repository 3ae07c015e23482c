"""Permissions to create the roles of projects, and to pass them to services."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs.access import Permission
from mlops_constructs.projects.boundary._role_path import PROJECTS_PATH

from ._launch_permissions import NOT_YET

_SERVICES = (
    "codebuild.amazonaws.com",
    "codepipeline.amazonaws.com",
    "events.amazonaws.com",
    "lambda.amazonaws.com",
    "states.amazonaws.com",
)


def role_permissions(
    scope: Construct, stacks: str, boundary: iam.IManagedPolicy
) -> list[Permission]:
    """Returns the permissions of a launch role on roles and managed policies of project stacks.

    CloudFormation starts their names with the name of the stack. The role therefore cannot change
    or pass roles that `cdk deploy` or a user created, even on the path of projects.

    Args:
        scope: a construct in the account of the projects.
        stacks: pattern of the names of the stacks.
        boundary: permissions boundary that each role must have.
    """
    roles, policies = (
        cdk.Stack.of(scope).format_arn(
            service="iam",
            region="",
            resource=kind,
            resource_name=f"{PROJECTS_PATH.strip('/')}/{stacks}",
        )
        for kind in ("role", "policy")
    )
    bounded = {"iam:PermissionsBoundary": boundary.managed_policy_arn}

    def on(resource: str, *actions: str, **conditions: Mapping[str, object]) -> Permission:
        return Permission(
            actions=[f"iam:{action}" for action in actions],
            resources=[resource],
            conditions=conditions,
            because=NOT_YET,
        )

    return [
        # Actions that extend a role are only allowed while it has the boundary.
        on(roles, "CreateRole", "PutRolePermissionsBoundary", StringEquals=bounded),
        on(
            roles,
            "AttachRolePolicy",
            "DetachRolePolicy",
            StringEquals=bounded,
            ArnLike={"iam:PolicyARN": policies},
        ),
        # The boundary is a managed policy too, but not on this path: see ProjectBoundary.
        on(
            policies,
            "CreatePolicy",
            "CreatePolicyVersion",
            "DeletePolicy",
            "DeletePolicyVersion",
            "GetPolicy",
            "GetPolicyVersion",
            "ListEntitiesForPolicy",
            "ListPolicyVersions",
        ),
        on(
            roles,
            "DeleteRole",
            "GetRole",
            "GetRolePolicy",
            "ListAttachedRolePolicies",
            "ListInstanceProfilesForRole",
            "ListRolePolicies",
            "ListRoleTags",
            "TagRole",
            "UntagRole",
            "UpdateAssumeRolePolicy",
            "UpdateRole",
            "UpdateRoleDescription",
        ),
        on(roles, "PassRole", StringEquals={"iam:PassedToService": list(_SERVICES)}),
    ]
