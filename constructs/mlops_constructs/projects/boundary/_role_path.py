"""IAM path of the roles and managed policies of projects."""

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from mlops_constructs._environment import RolePath, set_role_path
from mlops_constructs.access import PROJECT_ROLE_PATH

PROJECTS_PATH = PROJECT_ROLE_PATH
"""Path on which a launch role can create and pass roles and policies; only projects use it."""


def put_on_projects_path(scope: Construct) -> None:
    """Puts every role and managed policy at or below `scope` on the path of projects.

    This includes roles and policies that a later `grant_*` call adds. An existing managed policy
    that a role refers to is not changed. Call it before the roles are created: roles of the
    library then have the path from the beginning.
    """
    role_path = set_role_path(scope, PROJECTS_PATH)
    # An aspect of the scope would be called back for each of its constructs, and a call between
    # Node and Python costs more than the visit. This one is called once, in the same phase.
    phase = Construct(scope, "RolePath")
    cdk.Aspects.of(phase).add(
        _OnProjectsPath(scope, role_path), priority=cdk.AspectPriority.MUTATING
    )


@jsii.implements(cdk.IAspect)
class _OnProjectsPath:
    def __init__(self, scope: Construct, role_path: RolePath) -> None:
        self._scope, self._role_path = scope, role_path

    def visit(self, node: IConstruct) -> None:
        found = [
            one
            for one in self._scope.node.find_all()
            if isinstance(one, iam.CfnRole | iam.CfnManagedPolicy)
        ]
        if len(found) > self._role_path.created:  # some are not roles of the library
            for one in found:
                one.path = PROJECTS_PATH
