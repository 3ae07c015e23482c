"""Permissions to create the resources of a project, limited by the names that they will have."""

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.access import Permission

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
    # For the function that removes a project; CloudFormation invokes it.
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
    "sqs": "CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl ListQueueTags "
    "SetQueueAttributes TagQueue UntagQueue",
    "states": "CreateStateMachine DeleteStateMachine DescribeStateMachine ListTagsForResource "
    "TagResource UntagResource UpdateStateMachine",
}
"""Actions of the resource types of a project: create, read, update and delete."""


def permissions_by_project(scope: Construct) -> list[Permission]:
    """Returns permissions on resources named after the project, or with unpredictable names."""
    kinds = [f"*-model-{kind}" for kind in _REPOSITORIES]
    arns = {
        "codebuild": [arn(scope, "codebuild", "project/*")],
        "codecommit": [arn(scope, "codecommit", name) for name in kinds],
        "codepipeline": [arn(scope, "codepipeline", name) for name in kinds],
        # CodePipeline chooses the name of the image action's log group.
        "logs": [
            arn(
                scope,
                "logs",
                "log-group//aws/codepipeline/*-model-build*",
                form=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
        ],
        "sagemaker": [arn(scope, "sagemaker", "model-package-group/*")],
        "states": [
            arn(
                scope, "states", "stateMachine/*-retraining", form=cdk.ArnFormat.COLON_RESOURCE_NAME
            )
        ],
    }
    unscoped = Permission(
        actions=[
            "codecommit:ListRepositories",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
        ],
        resources=["*"],
        because="the actions do not support resource-level permissions",
    )
    return [*_permissions(arns), unscoped]


def permissions_by_stack(scope: Construct, stacks: str) -> list[Permission]:
    """Returns permissions on resources that CloudFormation names after their stack.

    Args:
        scope: a construct in the account and region of the projects.
        stacks: pattern of the names of the stacks.
    """
    colon = cdk.ArnFormat.COLON_RESOURCE_NAME
    arns = {
        "ecr": [arn(scope, "ecr", f"repository/{stacks.lower()}")],
        "events": [arn(scope, "events", f"rule/{stacks}")],
        "lambda": [arn(scope, "lambda", f"function/{stacks}", form=colon)],
        "logs": [arn(scope, "logs", f"log-group/{stacks}", form=colon)],
        "s3": [f"arn:{cdk.Aws.PARTITION}:s3:::{stacks.lower()}"],
        "sns": [arn(scope, "sns", stacks)],
        "sqs": [arn(scope, "sqs", stacks)],
    }
    return _permissions(arns)


def permissions_of_service_catalog(scope: Construct, stacks: str) -> list[Permission]:
    """Returns the permissions that Service Catalog itself needs in a launch role.

    Args:
        scope: a construct in the account and region of the projects.
        stacks: pattern of the names of the stacks.
    """
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
            because="Service Catalog names the stack of a product after an id that it generates",
        ),
        Permission(
            actions=["cloudformation:GetTemplateSummary", "cloudformation:ValidateTemplate"],
            resources=["*"],
            because="a template is validated before its stack exists",
        ),
        Permission(
            actions=["s3:GetObject"],
            resources=["*"],
            conditions={
                "StringEquals": {"s3:ExistingObjectTag/servicecatalog:provisioning": "true"}
            },
            because="Service Catalog copies templates to its own bucket, whose name is not "
            "documented; the tag limits this to the copies",
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
    """Returns the ARN of `kind/name` in the stack's account and region."""
    kind, _, name = resource.partition("/")
    return cdk.Stack.of(scope).format_arn(
        service=service,
        resource=kind,
        resource_name=name or None,
        arn_format=form,
    )
