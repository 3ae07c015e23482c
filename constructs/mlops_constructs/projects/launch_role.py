"""The role with which CloudFormation creates projects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs.access.acknowledgement import acknowledge_permissions
from mlops_constructs.access.service_role import ROLE_PATH, Permission, ServiceRole

from .launch_permissions import (
    NOT_YET,
    arn,
    permissions_by_project,
    permissions_by_stack,
    permissions_of_service_catalog,
)

ROLE_NAME = "AmazonSageMakerProjectsLaunchRole"
"""The name under which SageMaker's documentation and Studio's users look for the role."""

# SageMaker begins the names of its projects' stacks so, and Service Catalog those of its products.
_STACKS = "SP-*"
_PRODUCT_STACKS = "SC-*"
_SERVICE_CATALOG = "servicecatalog.amazonaws.com"
_OF_A_PROJECT = {"Null": {"aws:ResourceTag/sagemaker:project-name": "false"}}


class LaunchRole(Construct):
    """Defines the role that creates projects.

    People pass it to CreateProject, and CloudFormation acts with it. Where templates are products
    of Service Catalog, Service Catalog takes it by itself: see `launch_from_service_catalog`.

    It can create what a project consists of, and nothing else. Roles and their managed policies it
    can create only below the path of projects, roles only with the permissions boundary, which it
    cannot take off: nobody gets through a project what the boundary does not allow.

    The role has a fixed name, the one that SageMaker documents, so an account holds it once.
    Deploy the templates in one region of an account, or give the other regions this role.

    Source: "Service Authorization Reference"; `AWS::*` handlers' permissions in the
    CloudFormation registry.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        boundary: iam.IManagedPolicy,
        asset_bucket: s3.IBucket,
    ) -> None:
        """Creates the role.

        Parameters:
            boundary: permissions boundary that each role of a project must have.
            asset_bucket: the bootstrap bucket, where the seeds are.
        """
        super().__init__(scope, construct_id)
        self._asset_bucket = asset_bucket
        self._is_of_service_catalog = False
        self.role = ServiceRole(
            self,
            "Resource",
            service="cloudformation.amazonaws.com",
            description="CloudFormation: creates SageMaker projects",
            path="/",
            role_name=ROLE_NAME,
            permissions=[
                *permissions_by_project(self),
                *permissions_by_stack(self, _STACKS),
                *self._roles(boundary),
                *self._keys(),
                self._seeds(),
            ],
        )

    def launch_from_service_catalog(self) -> None:
        """Lets Service Catalog launch products with the role, besides CloudFormation.

        The role may then create and delete the stacks of products, which are named `SC-*`, and read
        the copies of templates that Service Catalog keeps. A second call changes nothing.

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
            *permissions_of_service_catalog(self, _PRODUCT_STACKS),
        ]
        for permission in permissions:
            self.role.add_to_principal_policy(permission.statement())
        acknowledge_permissions(self.role, permissions)

    def _roles(self, boundary: iam.IManagedPolicy) -> list[Permission]:
        roles, policies = (
            cdk.Stack.of(self).format_arn(
                service="iam", region="", resource=kind, resource_name=f"{ROLE_PATH.strip('/')}/*"
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
            on(
                roles,
                "PassRole",
                StringEquals={
                    "iam:PassedToService": [
                        "codebuild.amazonaws.com",
                        "codepipeline.amazonaws.com",
                        "events.amazonaws.com",
                        "lambda.amazonaws.com",
                    ]
                },
            ),
        ]

    def _keys(self) -> list[Permission]:
        keys = arn(self, "kms", "key/*")
        return [
            Permission(
                actions=["kms:CreateKey", "kms:TagResource"],
                resources=["*"],
                conditions={"Null": {"aws:RequestTag/sagemaker:project-name": "false"}},
                because="CreateKey has no resource level, and tags the key while it makes it",
            ),
            Permission(
                actions=[
                    "kms:CreateGrant",
                    "kms:Decrypt",
                    "kms:DescribeKey",
                    "kms:DisableKeyRotation",
                    "kms:EnableKeyRotation",
                    "kms:GenerateDataKey",
                    "kms:GetKeyPolicy",
                    "kms:GetKeyRotationStatus",
                    "kms:ListResourceTags",
                    "kms:PutKeyPolicy",
                    "kms:RetireGrant",
                    "kms:ScheduleKeyDeletion",
                    "kms:UntagResource",
                    "kms:UpdateKeyDescription",
                ],
                resources=[keys],
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
