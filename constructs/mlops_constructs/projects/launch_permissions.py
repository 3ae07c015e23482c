"""What it takes to create the resources of a project, by the names that they are going to have."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.access.service_role import Permission

NOT_YET = "projects do not exist yet; the pattern is the narrowest that their names allow"
_REPOSITORIES = ("build", "deploy")

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
    # Of the function that removes a project; CloudFormation calls it, too.
    "lambda": "CreateFunction DeleteFunction GetFunction GetFunctionCodeSigningConfig "
    "GetFunctionRecursionConfig GetFunctionScalingConfig GetRuntimeManagementConfig "
    "InvokeFunction ListTags TagResource UntagResource UpdateFunctionCode "
    "UpdateFunctionConfiguration",
    "logs": "AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteRetentionPolicy "
    "DescribeIndexPolicies DisassociateKmsKey GetDataProtectionPolicy ListTagsForResource "
    "PutRetentionPolicy TagResource UntagResource",
    "s3": "CreateBucket DeleteBucket DeleteBucketPolicy GetAccelerateConfiguration "
    "GetAnalyticsConfiguration GetBucketAbac GetBucketAcl GetBucketCORS GetBucketLocation "
    "GetBucketLogging GetBucketMetadataTableConfiguration GetBucketNotification "
    "GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy "
    "GetBucketPublicAccessBlock GetBucketTagging GetBucketVersioning GetBucketWebsite "
    "GetEncryptionConfiguration GetIntelligentTieringConfiguration GetInventoryConfiguration "
    "GetLifecycleConfiguration GetMetricsConfiguration GetReplicationConfiguration ListBucket "
    "ListTagsForResource PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock "
    "PutBucketTagging PutBucketVersioning PutEncryptionConfiguration PutLifecycleConfiguration "
    "TagResource UntagResource",
    "sagemaker": "AddTags CreateModelPackageGroup DeleteModelPackageGroup "
    "DeleteModelPackageGroupPolicy DeleteTags DescribeModelPackageGroup "
    "GetModelPackageGroupPolicy ListTags",
    "sns": "CreateTopic DeleteTopic GetDataProtectionPolicy GetTopicAttributes "
    "ListSubscriptionsByTopic ListTagsForResource PutDataProtectionPolicy SetTopicAttributes "
    "Subscribe TagResource Unsubscribe UntagResource",
}
"""Actions of the resource types of a project; create, read, update and delete of each."""


def permissions_by_project(scope: Construct) -> list[Permission]:
    """On what has the project's name in its own, or a name that nothing is known of."""
    kinds = [f"*-model-{kind}" for kind in _REPOSITORIES]
    arns = {
        "codebuild": [arn(scope, "codebuild", "project/*")],
        "codecommit": [arn(scope, "codecommit", name) for name in kinds],
        "codepipeline": [arn(scope, "codepipeline", name) for name in kinds],
        # CodePipeline's own name for the log of the image action.
        "logs": [
            arn(
                scope,
                "logs",
                "log-group//aws/codepipeline/*-model-build*",
                form=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
        ],
        "sagemaker": [arn(scope, "sagemaker", "model-package-group/*")],
    }
    unscoped = Permission(
        actions=[
            "codecommit:ListRepositories",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
        ],
        resources=["*"],
        because="the actions have no resource level",
    )
    return [*_permissions(arns), unscoped]


def permissions_by_stack(scope: Construct, stacks: str) -> list[Permission]:
    """On what CloudFormation names after the stack, where stacks are named like `stacks`."""
    colon = cdk.ArnFormat.COLON_RESOURCE_NAME
    arns = {
        "ecr": [arn(scope, "ecr", f"repository/{stacks.lower()}")],
        "events": [arn(scope, "events", f"rule/{stacks}")],
        "lambda": [arn(scope, "lambda", f"function/{stacks}", form=colon)],
        "logs": [arn(scope, "logs", f"log-group/{stacks}", form=colon)],
        "s3": [f"arn:{cdk.Aws.PARTITION}:s3:::{stacks.lower()}"],
        "sns": [arn(scope, "sns", stacks)],
    }
    return _permissions(arns)


def permissions_of_service_catalog(scope: Construct, stacks: str) -> list[Permission]:
    """What Service Catalog does with a launch role itself, before the product's resources come."""
    stack = arn(scope, "cloudformation", f"stack/{stacks}")
    return [
        Permission(
            actions=[
                "cloudformation:CreateStack",
                "cloudformation:DeleteStack",
                "cloudformation:DescribeStackEvents",
                "cloudformation:DescribeStacks",
                "cloudformation:GetTemplate",
                "cloudformation:ListStackResources",
                "cloudformation:SetStackPolicy",
                "cloudformation:TagResource",
                "cloudformation:UntagResource",
                "cloudformation:UpdateStack",
            ],
            resources=[stack],
            because="Service Catalog names the stack of a product by an id that it makes up",
        ),
        Permission(
            actions=["cloudformation:GetTemplateSummary", "cloudformation:ValidateTemplate"],
            resources=["*"],
            because="a template is looked at before there is a stack",
        ),
        Permission(
            actions=["s3:GetObject"],
            resources=["*"],
            conditions={
                "StringEquals": {"s3:ExistingObjectTag/servicecatalog:provisioning": "true"}
            },
            because="Service Catalog copies templates into a bucket of its own, whose name it does "
            "not tell; the tag confines this to such copies",
        ),
    ]


def _permissions(arns: Mapping[str, list[str]]) -> list[Permission]:
    return [
        Permission(
            actions=[f"{service}:{action}" for action in _ACTIONS[service].split()],
            resources=resources,
            because=NOT_YET,
        )
        for service, resources in arns.items()
    ]


def arn(
    scope: Construct,
    service: str,
    resource: str,
    *,
    form: cdk.ArnFormat = cdk.ArnFormat.SLASH_RESOURCE_NAME,
) -> str:
    """The ARN of `kind/name` in the stack's account and region."""
    kind, _, name = resource.partition("/")
    return cdk.Stack.of(scope).format_arn(
        service=service,
        resource=kind,
        resource_name=name or None,
        arn_format=form,
    )
