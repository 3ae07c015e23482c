"""Role with which CloudFormation creates projects."""

import re
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access import Permission, ServiceRole, acknowledge_permissions
from mlops_constructs.projects._published_value import ROOT

from ._key_administration import KEY_ACTIONS
from ._launch_permissions import (
    arn,
    permissions_by_project,
    permissions_by_stack,
    permissions_of_service_catalog,
)
from ._role_permissions import role_permissions
from .launch_role_base import ROLE_NAME, LaunchRoleBase, arn_of_launch_role

# Names of the stacks of SageMaker projects, and of Service Catalog products.
_STACKS = "SP-*"
_PRODUCT_STACKS = "SC-*"
_SERVICE_CATALOG = "servicecatalog.amazonaws.com"
_OF_A_PROJECT = {"Null": {"aws:ResourceTag/sagemaker:project-name": "false"}}
_NAME = r"[\w+=,.@-]{1,64}"


class LaunchRole(LaunchRoleBase):
    """Defines the role that creates projects.

    Users pass it to CreateProject, and CloudFormation assumes it. If templates are Service Catalog
    products, Service Catalog assumes it as well: see `launch_from_service_catalog`.

    The role can create the resources of a project, and nothing else. It can create and pass roles
    and managed policies only on the path of projects and with the names that CloudFormation
    generates in a project's stack, so it cannot use roles that others have created. It can create
    roles only with the permissions boundary, and cannot remove the boundary.

    A principal that can pass the role to CloudFormation with another template has all of these
    permissions. `ProjectTemplate.grant_create_project` fixes the template.

    Args:
        boundary: permissions boundary that each role of a project must have.
        asset_bucket: bootstrap bucket with the seeds.
        role_name: name of the role, unique in the account: up to 64 letters, digits and _+=,.@-;
            templates need `LaunchRole.arn_of` of the same name. Defaults to None: the name in
            SageMaker's documentation with the region appended.

    Raises:
        ValueError: if the name is malformed.

    Source: "Service Authorization Reference"; permissions of the `AWS::*` handlers in the
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
        super().__init__(scope, construct_id)
        problems = Problems("LaunchRole", self)
        if role_name is not None and is_known(role_name) and not re.fullmatch(_NAME, role_name):
            problems.add(
                f"role_name: got {role_name!r}; allowed are up to 64 letters, digits and _+=,.@-"
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
                self._parameters(),
            ],
        )

    @classmethod
    def from_role_arn(cls, scope: Construct, construct_id: str, role_arn: str) -> LaunchRoleBase:
        """Imports an existing launch role of this account.

        Roles of projects need the permissions boundary that the role requires. A permission that
        its policies lack makes the creation of a project fail.

        Args:
            scope: parent construct.
            construct_id: id of the imported role.
            role_arn: ARN of the role.

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
        """Returns the ARN of a launch role with a custom name, for templates that refer to it.

        The account is that of the stack that refers to it.

        Args:
            role_name: name of the role.

        Example:
            ```python
            LaunchRole.arn_of("ProjectsLaunchRole")
            ```
        """
        return arn_of_launch_role(role_name)

    def launch_from_service_catalog(self) -> None:
        """Allows Service Catalog to launch products with the role, in addition to CloudFormation.

        The role can then create and delete the stacks of products, named `SC-*`, with their
        resources, and read the copies of templates in Service Catalog. The method is idempotent.

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
                because="CreateKey does not support resource-level permissions and tags new keys",
            ),
            Permission(
                actions=KEY_ACTIONS,
                resources=[arn(self, "kms", "key/*")],
                conditions=_OF_A_PROJECT,
                because="KMS generates the ids of keys; the condition limits this to projects",
            ),
        ]

    def _parameters(self) -> Permission:
        """Returns the permission to read the parameters of templates, such as the boundary."""
        parameters = cdk.Stack.of(self).format_arn(
            service="ssm", resource="parameter", resource_name=f"{ROOT.strip('/')}/*"
        )
        return Permission(
            actions=["ssm:GetParameters"],
            resources=[parameters],
            because="the platform publishes boundary, networks and connections there",
        )

    def _seeds(self) -> Permission:
        return Permission(
            actions=["s3:GetObject", "s3:GetObjectVersion"],
            resources=[self._asset_bucket.arn_for_objects("*")],
            because="`cdk deploy` names the zip file of a seed after its content",
        )
