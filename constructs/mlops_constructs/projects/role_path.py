"""The path of the roles and managed policies that projects consist of."""

from __future__ import annotations

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import IConstruct

PROJECTS_PATH = "/sagemaker-projects/"
"""Where a launch role may make roles and policies, and pass them: nothing else may be there."""


def put_on_projects_path(scope: IConstruct) -> None:
    """Puts every role and managed policy at or below `scope` on the path of projects.

    Those that a later `grant_*` adds are included. A managed policy of the account that a role
    refers to stays where it is.
    """
    cdk.Aspects.of(scope).add(_OnProjectsPath(), priority=cdk.AspectPriority.MUTATING)


@jsii.implements(cdk.IAspect)
class _OnProjectsPath:
    def visit(self, node: IConstruct) -> None:
        if isinstance(node, iam.CfnRole | iam.CfnManagedPolicy):
            node.path = PROJECTS_PATH
