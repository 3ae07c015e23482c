"""The role with which CloudFormation creates projects."""

from __future__ import annotations

import re
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access import Permission, ServiceRole
from mlops_constructs.access.acknowledgement import acknowledge_permissions

from .key_administration import KEY_ACTIONS
from .launch_permissions import (
    arn,
    permissions_by_project,
    permissions_by_stack,
    permissions_of_service_catalog,
)
from .launch_role_base import ROLE_NAME, LaunchRoleBase, arn_of_launch_role
from .role_permissions import role_permissions

# SageMaker begins the names of its projects' stacks so, and Service Catalog those of its products.
_STACKS = "SP-*"
_PRODUCT_STACKS = "SC-*"
_SERVICE_CATALOG = "servicecatalog.amazonaws.com"
_OF_A_PROJECT = {"Null": {"aws:ResourceTag/sagemaker:project-name": "false"}}
_NAME = r"[\w+=,.@-]{1,64}"


class LaunchRole(LaunchRoleBase):
    """Defines the role that creates projects.

    People pass it to CreateProject, and CloudFormation acts with it. Where templates are products
    of Service Catalog, Service Catalog takes it by itself: see `launch_from_service_catalog`.

    It can create what a project consists of, and nothing else. Roles and their managed policies it
    can create, and roles pass on, only below the path of projects and under the names that
    CloudFormation gives what is in a project's stack: it reaches no role that somebody else has
    made. Roles it creates only with the permissions boundary, which it cannot take off.

    Whoever may pass the role to CloudFormation with a template of their own can do all of that.
    `ProjectTemplate.grant_create_project` lets nobody choose the template.

    Source: "Service Authorization Reference"; `AWS::*` handlers' permissions in the
    CloudFormation registry.

    Example:
        ```python
        boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Limits", "ProjectLimits")
        assets = s3.Bucket.from_bucket_name(
            stack, "Assets", "cdk-hnb659fds-assets-111111111111-eu-west-1"
        )
        LaunchRole(stack, "LaunchRole", boundary=boundary, asset_bucket=assets)
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        boundary: iam.IManagedPolicy,
        asset_bucket: s3.IBucket,
        role_name: str | None = None,
    ) -> None:
        """Creates the role.

        Args:
            boundary: permissions boundary that each role of a project must have.
            asset_bucket: the bootstrap bucket, where the seeds are.
            role_name: unique in the account; the templates need `LaunchRole.arn_of` of the same
                name. Default: the name that SageMaker documents, with the region behind it.

        Raises ValueError for what IAM does not take as a name.
        """
        super().__init__(scope, construct_id)
        problems = Problems(f"LaunchRole {self.node.path}")
        if role_name is not None and is_known(role_name) and not re.fullmatch(_NAME, role_name):
            problems.add(
                f"role_name is {role_name!r}; allowed are up to 64 letters, digits and _+=,.@-"
            )
        problems.raise_if_any()
        self._boundary, self._asset_bucket = boundary, asset_bucket
        self._is_of_service_catalog = False
        self.role: ServiceRole = ServiceRole(
            self,
            "Resource",
            service="cloudformation.amazonaws.com",
            description="CloudFormation: creates SageMaker projects",
            path="/",
            role_name=role_name or f"{ROLE_NAME}-{cdk.Stack.of(self).region}",
            permissions=[
                *permissions_by_project(self),
                *permissions_by_stack(self, _STACKS),
                *role_permissions(self, _STACKS, boundary),
                *self._keys(),
                self._seeds(),
            ],
        )

    @classmethod
    def from_role_arn(cls, scope: Construct, construct_id: str, role_arn: str) -> LaunchRoleBase:
        """A launch role that exists already, in this account.

        Roles of projects need the boundary that it demands, and what its policies lack fails.

        Example:
            ```python
            arn = "arn:aws:iam::111111111111:role/AmazonSageMakerProjectsLaunchRole"
            LaunchRole.from_role_arn(stack, "LaunchRole", arn)
            ```
        """
        imported = LaunchRoleBase(scope, construct_id)
        imported.role = iam.Role.from_role_arn(imported, "Resource", role_arn, mutable=False)
        return imported

    @staticmethod
    def arn_of(role_name: str) -> str:
        """The ARN of a launch role with a name of its own, for templates that are to name it.

        It holds in the account of whatever refers to it.

        Example:
            ```python
            LaunchRole.arn_of("ProjectsLaunchRole")
            ```
        """
        return arn_of_launch_role(role_name)

    def launch_from_service_catalog(self) -> None:
        """Lets Service Catalog launch products with the role, besides CloudFormation.

        The role may then create and delete the stacks of products, which are named `SC-*`, with
        what is in them, and read the copies of templates that Service Catalog keeps. A second call
        changes nothing.

        Source: "Launch constraints" in the Service Catalog Administrator Guide.
        """
        if self._is_of_service_catalog:
            return
        self._is_of_service_catalog = True
        cast(iam.PolicyDocument, self.role.assume_role_policy).add_statements(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(_SERVICE_CATALOG)], actions=["sts:AssumeRole"]
            )
        )
        permissions = [
            *permissions_by_stack(self, _PRODUCT_STACKS),
            *role_permissions(self, _PRODUCT_STACKS, self._boundary),
            *permissions_of_service_catalog(self, _PRODUCT_STACKS),
        ]
        for permission in permissions:
            self.role.add_to_principal_policy(permission.statement())
        acknowledge_permissions(self.role, permissions)

    def _keys(self) -> list[Permission]:
        return [
            Permission(
                actions=["kms:CreateKey", "kms:TagResource"],
                resources=["*"],
                conditions={"Null": {"aws:RequestTag/sagemaker:project-name": "false"}},
                because="CreateKey has no resource level, and tags the key while it makes it",
            ),
            Permission(
                actions=KEY_ACTIONS,
                resources=[arn(self, "kms", "key/*")],
                conditions=_OF_A_PROJECT,
                because="KMS makes up the ids of keys; the condition confines this to projects",
            ),
        ]

    def _seeds(self) -> Permission:
        return Permission(
            actions=["s3:GetObject", "s3:GetObjectVersion"],
            resources=[self._asset_bucket.arn_for_objects("*")],
            because="`cdk deploy` names the zip file of a seed by its content",
        )
