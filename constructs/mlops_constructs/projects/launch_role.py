"""The role with which CloudFormation creates projects."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs.access.service_role import ROLE_PATH, Permission, ServiceRole

ROLE_NAME = "AmazonSageMakerProjectsLaunchRole"
"""The name under which SageMaker's documentation and Studio's users look for the role."""

_NOT_YET = "projects do not exist yet; the pattern is the narrowest that their names allow"
_STACKS = "SP-*"  # SageMaker begins the names of its projects' stacks so
_REPOSITORIES = ("build", "deploy")
_OF_A_PROJECT = {"Null": {"aws:ResourceTag/sagemaker:project-name": "false"}}

_ACTIONS: dict[str, str] = {
    "codebuild": "BatchGetProjects CreateProject DeleteProject UpdateProject",
    "codecommit": "CreateBranch CreateCommit CreateRepository DeleteRepository GetBranch GetCommit "
    "GetRepository GetRepositoryTriggers ListTagsForResource PutRepositoryTriggers TagResource "
    "UntagResource UpdateRepositoryDescription UpdateRepositoryEncryptionKey UpdateRepositoryName",
    "codepipeline": "CreatePipeline DeletePipeline GetPipeline GetPipelineState "
    "ListTagsForResource TagResource UntagResource UpdatePipeline",
    "ecr": "BatchDeleteImage CreateRepository DeleteLifecyclePolicy DeleteRepository "
    "DescribeRepositories GetLifecyclePolicy GetRepositoryPolicy ListImages ListTagsForResource "
    "PutImageScanningConfiguration PutImageTagMutability PutLifecyclePolicy TagResource "
    "UntagResource",
    "events": "DeleteRule DescribeRule DisableRule EnableRule ListTagsForResource "
    "ListTargetsByRule PutRule PutTargets RemoveTargets TagResource UntagResource",
    "logs": "AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteRetentionPolicy "
    "DisassociateKmsKey ListTagsForResource PutRetentionPolicy TagResource UntagResource",
    "s3": "CreateBucket DeleteBucket DeleteBucketPolicy GetAccelerateConfiguration "
    "GetAnalyticsConfiguration GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging "
    "GetBucketNotification GetBucketObjectLockConfiguration GetBucketOwnershipControls "
    "GetBucketPolicy GetBucketPublicAccessBlock GetBucketTagging GetBucketVersioning "
    "GetBucketWebsite GetEncryptionConfiguration GetIntelligentTieringConfiguration "
    "GetInventoryConfiguration GetLifecycleConfiguration GetMetricsConfiguration "
    "GetReplicationConfiguration ListBucket PutBucketOwnershipControls PutBucketPolicy "
    "PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning PutEncryptionConfiguration "
    "PutLifecycleConfiguration",
    "sagemaker": "AddTags CreateModelPackageGroup DeleteModelPackageGroup DeleteTags "
    "DescribeModelPackageGroup GetModelPackageGroupPolicy ListTags",
}
"""Actions of the resource types of a project; create, read, update and delete of each."""


class LaunchRole(Construct):
    """Defines the role that people pass to CreateProject, and CloudFormation acts with.

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
        self.role = ServiceRole(
            self,
            "Resource",
            service="cloudformation.amazonaws.com",
            description="CloudFormation: creates SageMaker projects",
            path="/",
            role_name=ROLE_NAME,
            permissions=[
                *self._resources(),
                *self._roles(boundary),
                *self._keys(),
                self._seeds(),
            ],
        )

    def _arn(
        self,
        service: str,
        resource: str,
        *,
        form: cdk.ArnFormat = cdk.ArnFormat.SLASH_RESOURCE_NAME,
    ) -> str:
        kind, _, name = resource.partition("/")
        return cdk.Stack.of(self).format_arn(
            service=service,
            resource=kind,
            resource_name=name or None,
            arn_format=form,
        )

    def _resources(self) -> list[Permission]:
        colon = cdk.ArnFormat.COLON_RESOURCE_NAME
        arns = {
            "codebuild": [self._arn("codebuild", "project/*")],
            "codecommit": [self._arn("codecommit", f"*-model-{kind}") for kind in _REPOSITORIES],
            "codepipeline": [
                self._arn("codepipeline", f"*-model-{kind}") for kind in _REPOSITORIES
            ],
            "ecr": [self._arn("ecr", f"repository/{_STACKS.lower()}")],
            "events": [self._arn("events", f"rule/{_STACKS}")],
            "logs": [self._arn("logs", f"log-group/{_STACKS}", form=colon)],
            "s3": [f"arn:{cdk.Aws.PARTITION}:s3:::{_STACKS.lower()}"],
            "sagemaker": [self._arn("sagemaker", "model-package-group/*")],
        }
        return [
            Permission(
                actions=[f"{service}:{action}" for action in actions.split()],
                resources=arns[service],
                because=_NOT_YET,
            )
            for service, actions in _ACTIONS.items()
        ] + [
            Permission(
                actions=["logs:DescribeLogGroups"],
                resources=["*"],
                because="the action has no resource level",
            )
        ]

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
                because=_NOT_YET,
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
                    ]
                },
            ),
        ]

    def _keys(self) -> list[Permission]:
        keys = self._arn("kms", "key/*")
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
