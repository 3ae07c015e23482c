"""The launch role has what CloudFormation calls for each resource of a project.

CloudFormation's registry says for each type what its handlers need. They need some of it only for
properties: what those of no resource of the template are, the role does without.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from mlops_constructs.projects.boundary.project_boundary import role_actions
from rehearsal.cloudformation.resource_schemas import schema_of
from tests.constructs.projects.definitions import define_launch_role
from tests.constructs.projects.template_roles import ACCOUNT, REGION, Project

HANDLERS = ("create", "read", "update", "delete")

# By the property that needs them; none of them is in the template.
UNUSED_PROPERTIES: dict[str, dict[str, str]] = {
    "AWS::CodePipeline::Pipeline": {
        "DisableInboundStageTransitions": "codepipeline:DisableStageTransition "
        "codepipeline:EnableStageTransition",
        "RestartExecutionOnUpdate": "codepipeline:StartPipelineExecution",
    },
    "AWS::ECR::Repository": {
        "RepositoryPolicyText": "ecr:DeleteRepositoryPolicy ecr:SetRepositoryPolicy",
    },
    "AWS::IAM::ManagedPolicy": {
        "Groups": "iam:AttachGroupPolicy iam:DetachGroupPolicy",
        "Users": "iam:AttachUserPolicy iam:DetachUserPolicy",
    },
    "AWS::IAM::Role": {"Policies": "iam:DeleteRolePolicy iam:PutRolePolicy"},
    "AWS::KMS::Key": {"Enabled": "kms:DisableKey kms:EnableKey"},
    "AWS::Lambda::Function": {
        "CapacityProviderConfig": "lambda:PassCapacityProvider",
        "CodeSigningConfigArn": "lambda:DeleteFunctionCodeSigningConfig "
        "lambda:GetCodeSigningConfig lambda:PutFunctionCodeSigningConfig",
        "FileSystemConfigs": "elasticfilesystem:DescribeMountTargets s3files:ListMountTargets",
        "FunctionScalingConfig": "lambda:PutFunctionScalingConfig",
        "KmsKeyArn": "kms:Decrypt kms:Encrypt kms:GenerateDataKey",
        "Layers": "lambda:GetLayerVersion",
        "PublishToLatestPublished": "lambda:PublishVersion",
        "RecursiveLoop": "lambda:PutFunctionRecursionConfig",
        "ReservedConcurrentExecutions": "lambda:DeleteFunctionConcurrency "
        "lambda:PutFunctionConcurrency",
        "RuntimeManagementConfig": "lambda:AssociateRuntimeAlias lambda:PutRuntimeManagementConfig",
        "VpcConfig": "ec2:DescribeNetworkInterfaces ec2:DescribeSecurityGroups "
        "ec2:DescribeSubnets ec2:DescribeVpcs",
    },
    "AWS::Logs::LogGroup": {
        "BearerTokenAuthenticationEnabled": "logs:PutBearerTokenAuthentication",
        "DataProtectionPolicy": "firehose:TagDeliveryStream logs:CreateLogDelivery "
        "logs:DeleteDataProtectionPolicy logs:PutDataProtectionPolicy s3:REST.PUT.OBJECT",
        "DeletionProtectionEnabled": "logs:PutLogGroupDeletionProtection",
        "FieldIndexPolicies": "logs:DeleteIndexPolicy logs:PutIndexPolicy",
        "ResourcePolicyDocument": "logs:DeleteResourcePolicy logs:PutResourcePolicy",
    },
    "AWS::S3::Bucket": {
        "AbacStatus": "s3:PutBucketAbac",
        "AccelerateConfiguration": "s3:PutAccelerateConfiguration",
        "AccessControl": "s3:PutBucketAcl s3:PutObjectAcl",
        "AnalyticsConfigurations": "s3:DeleteBucketAnalyticsConfiguration "
        "s3:PutAnalyticsConfiguration",
        "CorsConfiguration": "s3:DeleteBucketCors s3:PutBucketCORS",
        "IntelligentTieringConfigurations": "s3:PutIntelligentTieringConfiguration",
        "InventoryConfigurations": "s3:PutInventoryConfiguration",
        "LoggingConfiguration": "s3:PutBucketLogging",
        "MetadataConfiguration": "s3:UpdateBucketMetadataAnnotationTableConfiguration "
        "s3:UpdateBucketMetadataInventoryTableConfiguration "
        "s3:UpdateBucketMetadataJournalTableConfiguration",
        "MetadataTableConfiguration": "s3:CreateBucketMetadataTableConfiguration "
        "s3:DeleteBucketMetadataTableConfiguration s3tables:CreateNamespace s3tables:CreateTable "
        "s3tables:CreateTableBucket s3tables:GetTable s3tables:GetTableMetadataLocation "
        "s3tables:PutTableBucketPolicy s3tables:PutTableEncryption s3tables:PutTablePolicy "
        "s3tables:UpdateTableMetadataLocation",
        "MetricsConfigurations": "s3:DeleteBucketMetricsConfiguration s3:PutMetricsConfiguration",
        "NotificationConfiguration": "s3:PutBucketNotification",
        "ObjectLockConfiguration": "s3:PutBucketObjectLockConfiguration "
        "s3:PutObjectLockConfiguration",
        "ReplicationConfiguration": "s3:DeleteBucketReplication s3:PutBucketReplication "
        "s3:PutReplicationConfiguration",
        "WebsiteConfiguration": "s3:DeleteBucketWebsite s3:PutBucketWebsite",
    },
    "AWS::StepFunctions::StateMachine": {
        "EncryptionConfiguration": "kms:Decrypt kms:GenerateDataKey",
    },
    "AWS::SageMaker::ModelPackageGroup": {
        "ModelPackageGroupPolicy": "sagemaker:PutModelPackageGroupPolicy"
    },
}

# With the reason why no resource of a project ever needs them.
NEVER: dict[str, str] = {
    "codestar-connections:PassConnection": "sources of the template are CodeCommit's",
    "iam:DeleteRolePermissionsBoundary": "a role never loses its boundary",
    "s3:DeleteBucketEncryption": "the bucket of every template is encrypted",
    "s3:DeleteBucketLifecycle": "the bucket of every template has rules",
    "s3:DeleteBucketTagging": "the action does not exist; PutBucketTagging is required",
    "s3:DeleteObject": "what is in a bucket is not CloudFormation's to delete",
}


# What creates a resource, where the action has a resource level.
CREATES = {
    "AWS::CodeBuild::Project": "codebuild:CreateProject",
    "AWS::CodeCommit::Repository": "codecommit:CreateRepository",
    "AWS::CodePipeline::Pipeline": "codepipeline:CreatePipeline",
    "AWS::ECR::Repository": "ecr:CreateRepository",
    "AWS::Events::Rule": "events:PutRule",
    "AWS::IAM::ManagedPolicy": "iam:CreatePolicy",
    "AWS::IAM::Role": "iam:CreateRole",
    "AWS::Lambda::Function": "lambda:CreateFunction",
    "AWS::Logs::LogGroup": "logs:CreateLogGroup",
    "AWS::S3::Bucket": "s3:CreateBucket",
    "AWS::SageMaker::ModelPackageGroup": "sagemaker:CreateModelPackageGroup",
    "AWS::SNS::Topic": "sns:CreateTopic",
    "AWS::SQS::Queue": "sqs:CreateQueue",
    "AWS::StepFunctions::StateMachine": "states:CreateStateMachine",
}


@pytest.fixture(scope="module")
def launch_role(parametrised_template: Mapping[str, Any]) -> Mapping[str, Any]:
    """The template of the launch role's stack."""
    place = cdk.Environment(account=ACCOUNT, region=REGION)
    stack = cdk.Stack(cdk.App(), "Stack", env=place)
    define_launch_role(stack, parametrised_template)
    template: Mapping[str, Any] = Template.from_stack(stack).to_json()
    return template


@pytest.fixture(scope="module")
def actions(launch_role: Mapping[str, Any]) -> frozenset[str]:
    """All that the launch role may do."""
    resources = launch_role["Resources"].items()
    own = {name: one for name, one in resources if name.startswith("LaunchRole")}
    return frozenset(role_actions({"Resources": own}))


def needed(type_name: str) -> set[str]:
    """Returns the actions that the handlers of a type call, without the list of all resources."""
    schema = schema_of(type_name) or {}
    handlers = schema.get("handlers", {})
    found = {one for verb in HANDLERS for one in handlers.get(verb, {}).get("permissions", ())}
    return found | set((schema.get("tagging") or {}).get("permissions", ()))


@pytest.fixture(scope="module")
def resources(templates: Sequence[Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    """The types of all templates with the properties of each resource."""
    return [
        (resource["Type"], resource.get("Properties", {}))
        for template in templates
        for resource in template["Resources"].values()
    ]


def test_it_has_what_the_handlers_of_each_type_need(
    actions: frozenset[str], resources: Sequence[tuple[str, Mapping[str, Any]]]
) -> None:
    missing = {
        type_name: sorted(lacking)
        for type_name in {type_name for type_name, _ in resources}
        if (
            lacking := needed(type_name)
            - actions
            - set(NEVER)
            - set(" ".join(UNUSED_PROPERTIES.get(type_name, {}).values()).split())
        )
    }
    assert not missing


def test_it_may_create_each_resource_under_the_name_that_it_is_going_to_have(
    launch_role: Mapping[str, Any], templates: Sequence[Mapping[str, Any]]
) -> None:
    statements = [
        statement
        for policy, statement in Project(launch_role).statements()
        if policy.startswith("LaunchRole")
    ]
    denied = []
    for template in templates:
        project = Project(template)
        for logical_id, resource in template["Resources"].items():
            action, arn = CREATES.get(resource["Type"]), project.arn(logical_id)
            assert (action is None) == (resource["Type"] in WITHOUT_LEVEL), resource["Type"]
            if action and not any(
                action in statement["Action"] and fnmatchcase(str(arn), pattern)
                for statement in statements
                for pattern in listed(statement["Resource"])
            ):
                denied.append(f"{action} on {arn}")

    assert not denied


# Keys have no names; the others belong to a bucket, topic, queue and function of the template.
WITHOUT_LEVEL = (
    "AWS::KMS::Key",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "Custom::ProjectRemoval",
    "Custom::SeedPush",
)


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_no_resource_has_a_property_for_which_the_role_has_nothing(
    resources: Sequence[tuple[str, Mapping[str, Any]]],
) -> None:
    used = [
        f"{type_name}: {name}"
        for type_name, properties in resources
        for name in UNUSED_PROPERTIES.get(type_name, {})
        if name in properties
    ]
    assert not used


def test_permissions_that_it_omits_are_those_of_handlers(actions: frozenset[str]) -> None:
    """An entry that nothing needs, or that the role has by now, would hide the next gap."""
    for type_name, properties in UNUSED_PROPERTIES.items():
        schema = schema_of(type_name) or {}
        assert set(properties) <= set(schema["properties"]), type_name
        without = set(" ".join(properties.values()).split())
        assert without <= needed(type_name), type_name
        assert not without & actions
    assert not set(NEVER) & actions


def test_it_has_what_the_only_type_without_handlers_needs(actions: frozenset[str]) -> None:
    """CodeBuild's projects are older than the registry: the API's own operations."""
    assert not needed("AWS::CodeBuild::Project")
    verbs = ("BatchGet", "Create", "Delete", "Update")
    names = {f"codebuild:{verb}Project{'s' * (verb == 'BatchGet')}" for verb in verbs}
    assert names <= actions
