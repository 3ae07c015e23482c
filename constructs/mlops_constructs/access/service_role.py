"""Roles of AWS services."""

from collections.abc import Sequence
from functools import cache

from aws_cdk import aws_iam as iam
from constructs import Construct

from ._source_identity import SAGEMAKER, let_sagemaker_set_source_identity
from .least_privilege_role import ROLE_PATH, LeastPrivilegeRole
from .permission import Permission


@cache
def service_principal(service: str) -> iam.ServicePrincipal:
    """Returns the principal of a service, which all roles of the service share."""
    return iam.ServicePrincipal(service)


class ServiceRole(LeastPrivilegeRole):
    """Defines the role of one AWS service, with exactly the given permissions.

    The permissions are customer managed policies, see `LeastPrivilegeRole`. `fixed` is the same
    role for constructs of the CDK that would otherwise add broad statements.

    Args:
        service: service principal that can assume the role, such as `codebuild.amazonaws.com`.
        permissions: all permissions of the role.
        description: user and purpose of the role, shown by IAM.
        path: path of the role and its policies. Defaults to `/ml-platform/`, the path of the
            platform's roles; a `Project` uses a separate path.
        role_name: name of the role, where users or AWS require one. Defaults to None:
            CloudFormation generates it.

    Raises:
        ValueError: the permissions require more policies than a role can have.

    Example:
        ```python
        ServiceRole(
            stack,
            "BuildRole",
            service="codebuild.amazonaws.com",
            description="CodeBuild: reads the data of a build",
            permissions=[
                Permission(actions=["s3:ListBucket"], resources=[bucket.bucket_arn]),
            ],
        )
        ```
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
        principal = service_principal(service)
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
            let_sagemaker_set_source_identity(self, principal)
