"""Roles of AWS services, written statement by statement."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from ._source_identity import SAGEMAKER, let_sagemaker_name_people
from .least_privilege_role import ROLE_PATH, LeastPrivilegeRole
from .permission import Permission

__all__ = ["ROLE_PATH", "Permission", "ServiceRole"]


class ServiceRole(LeastPrivilegeRole):
    """Defines the role with which one AWS service acts, holding exactly the given permissions.

    The permissions are customer managed policies; `LeastPrivilegeRole` says why and how. `fixed`
    is the same role for constructs of the CDK that would otherwise add broad statements of their
    own.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        service: str,
        permissions: Sequence[Permission],
        description: str,
        path: str = ROLE_PATH,
        role_name: str | None = None,
    ) -> None:
        """Creates the role.

        Args:
            service: service principal that may assume it, such as "codebuild.amazonaws.com".
            permissions: all that the role may do.
            description: who uses the role and for what; IAM shows it.
            path: of the role and its policies. Default: that of the platform's roles; a `Project`
                puts what is in it on a path of its own.
            role_name: only where people or AWS look for a name. Default: CloudFormation makes one.

        Raises ValueError when the permissions need more policies than a role can have.
        """
        principal = iam.ServicePrincipal(service)
        super().__init__(
            scope,
            construct_id,
            assumed_by=principal,
            permissions=permissions,
            description=description,
            path=path,
            role_name=role_name,
        )
        if service == SAGEMAKER:
            let_sagemaker_name_people(self, principal)
