"""Permissions on the feature groups of a project.

The train build creates and extends the groups from the schemas in the repository. The jobs, which
run the packages of the image, write records and read the files of the offline store, and endpoints
read the online store. Neither can change or delete a group.

Source: "Feature Store: security and access control" of SageMaker's developer guide;
OnlineStoreSecurityConfig and S3StorageConfig of its API reference.
"""

from typing import Any

from constructs import IConstruct

from mlops_constructs.access import PROJECT_TAG, Permission

from .project_resources import FEATURES_PREFIX, ProjectResources

_NAMES = "the repository of the project names its feature groups"


def put_groups(scope: IConstruct, project: ProjectResources) -> list[Permission]:
    """Returns the permissions of the train build; none without feature groups.

    A group must have the tag of the project, and its stores must be encrypted with the project's
    key, the offline store in the project's bucket.

    Source: OnlineStoreSecurityConfig in SageMaker's API reference, for the actions of KMS.

    Args:
        scope: a construct in the account and region of the project.
        project: names and stores of the project.
    """
    if not project.feature_store:
        return []
    groups, key = project.feature_groups(scope), project.artifacts.key
    return [
        Permission(
            actions=["sagemaker:DescribeFeatureGroup", "sagemaker:UpdateFeatureGroup"],
            resources=groups,
            because=_NAMES,
        ),
        *(
            Permission(
                actions=["sagemaker:CreateFeatureGroup"],
                resources=groups,
                conditions=_merged(_offline(project), online),
                because=_NAMES,
            )
            for online in (
                {"BoolIfExists": {"sagemaker:FeatureGroupEnableOnlineStore": "false"}},
                {
                    "Bool": {"sagemaker:FeatureGroupEnableOnlineStore": "true"},
                    "ArnEquals": {"sagemaker:FeatureGroupOnlineStoreKmsKey": key.key_arn},
                },
            )
        ),
        Permission(
            actions=["sagemaker:AddTags"],
            resources=groups,
            conditions={
                "StringEquals": {
                    f"aws:RequestTag/{PROJECT_TAG}": project.project_name,
                    "sagemaker:TaggingAction": "CreateFeatureGroup",
                }
            },
            because=_NAMES,
        ),
        # The online store is encrypted with the project's key through a grant.
        Permission(
            actions=["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
            resources=[key.key_arn],
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
        Permission(
            actions=[
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
                "kms:RetireGrant",
            ],
            resources=[key.key_arn],
        ),
        Permission(
            actions=["kms:ListAliases"],
            resources=["*"],
            because="kms:ListAliases does not support resource-level permissions",
        ),
    ]


def write_records(scope: IConstruct, project: ProjectResources) -> list[Permission]:
    """Returns the permissions of the training role; none without feature groups.

    SageMaker assumes the role to write offline stores, too.

    Args:
        scope: a construct in the account and region of the project.
        project: names and stores of the project.
    """
    if not project.feature_store:
        return []
    bucket = project.artifacts.bucket
    return [
        Permission(
            actions=["sagemaker:DescribeFeatureGroup", "sagemaker:PutRecord"],
            resources=project.feature_groups(scope),
            because=_NAMES,
        ),
        *project.artifacts.read(FEATURES_PREFIX),
        *project.artifacts.write(FEATURES_PREFIX),
        Permission(
            actions=["s3:PutObjectAcl"],
            resources=[bucket.arn_for_objects(f"{FEATURES_PREFIX}*")],
            because="SageMaker chooses the keys of records",
        ),
        Permission(actions=["s3:GetBucketAcl"], resources=[bucket.bucket_arn]),
    ]


def read_records(scope: IConstruct, project: ProjectResources) -> list[Permission]:
    """Returns the permissions of models, which look up features; none without feature groups.

    Args:
        scope: a construct in the account and region of the project.
        project: names and stores of the project.
    """
    if not project.feature_store:
        return []
    return [
        Permission(
            actions=["sagemaker:BatchGetRecord"],
            resources=project.feature_groups(scope),
            because=_NAMES,
        )
    ]


def read_records_elsewhere(scope: IConstruct, project: ProjectResources) -> list[Permission]:
    """Returns the permissions of the role that models in other accounts assume.

    The caller of the online store decrypts with the key of the group.

    Args:
        scope: a construct in the account and region of the project.
        project: names and stores of the project.
    """
    decrypt = Permission(actions=["kms:Decrypt"], resources=[project.artifacts.key.key_arn])
    return [*read_records(scope, project), decrypt]


def _offline(project: ProjectResources) -> dict[str, dict[str, Any]]:
    stored = project.artifacts.bucket.s3_url_for_object(f"{FEATURES_PREFIX}*")
    return {
        "StringEquals": {f"aws:RequestTag/{PROJECT_TAG}": project.project_name},
        "StringLike": {"sagemaker:FeatureGroupOfflineStoreS3Uri": stored},
        "ArnEquals": {"sagemaker:FeatureGroupOfflineStoreKmsKey": project.artifacts.key.key_arn},
        # A table would be in a database that the groups of all projects share.
        "Bool": {"sagemaker:FeatureGroupDisableGlueTableCreation": "true"},
    }


def _merged(*conditions: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Returns conditions that all apply: those of one operator are in one block."""
    found: dict[str, dict[str, Any]] = {}
    for one in conditions:
        for operator, keys in one.items():
            found[operator] = {**found.get(operator, {}), **keys}
    return found
