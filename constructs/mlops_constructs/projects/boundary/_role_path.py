"""IAM path of the roles and managed policies of projects."""

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from mlops_constructs.access import PROJECT_ROLE_PATH

PROJECTS_PATH = PROJECT_ROLE_PATH
"""Path on which a launch role can create and pass roles and policies; only projects use it."""


def put_on_projects_path(scope: IConstruct) -> None:
    """Puts every role and managed policy at or below `scope` on the path of projects.

    This includes roles and policies that a later `grant_*` call adds. An existing managed policy
    that a role refers to is not changed.
    """
    cdk.Aspects.of(scope).add(_OnProjectsPath(), priority=cdk.AspectPriority.MUTATING)


@jsii.implements(cdk.IAspect)
class _OnProjectsPath:
    def visit(self, node: IConstruct) -> None:
        if isinstance(node, iam.CfnRole | iam.CfnManagedPolicy):
            node.path = PROJECTS_PATH
