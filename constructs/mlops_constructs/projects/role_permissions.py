"""What it takes to create the roles of projects, and to pass them to the services of a project."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs.access import Permission

from .launch_permissions import NOT_YET
from .role_path import PROJECTS_PATH

_SERVICES = (
    "codebuild.amazonaws.com",
    "codepipeline.amazonaws.com",
    "events.amazonaws.com",
    "lambda.amazonaws.com",
)


def role_permissions(
    scope: Construct, stacks: str, boundary: iam.IManagedPolicy
) -> list[Permission]:
    """What a launch role may do with roles and managed policies of stacks named like `stacks`.

    CloudFormation begins their names with the stack's. So neither what `cdk deploy` nor what a
    person has made can be changed or passed, even on the path of projects.
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
        # Whatever widens a role is allowed only while the boundary is on it.
        on(roles, "CreateRole", "PutRolePermissionsBoundary", StringEquals=bounded),
        on(
            roles,
            "AttachRolePolicy",
            "DetachRolePolicy",
            StringEquals=bounded,
            ArnLike={"iam:PolicyARN": policies},
        ),
        # The boundary is a policy too, but not below this path: see ProjectBoundary.
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
