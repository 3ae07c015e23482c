"""Roles with which SageMaker writes offline stores."""

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.access import Permission, ServiceRole

from .offline_store import OfflineStore


class FeatureGroupRole(ServiceRole):
    """Defines the role that SageMaker assumes to write a group's offline store.

    It may write below the group's prefix of the bucket with the key of its objects, and read and
    update the table that SageMaker creates in the Data Catalog. The principal that creates the
    group creates the table: CloudFormation's role needs `glue:CreateTable`.

    Args:
        offline_store: store that is written.
        feature_group_name: name of the group, for the default prefix and the name of a generated
            table.

    Source: AmazonSageMakerFeatureStoreAccess, limited to one group.

    Example:
        ```python
        FeatureGroupRole(
            stack,
            "FeatureGroupRole",
            offline_store=OfflineStore.iceberg(bucket),
            feature_group_name="customers",
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        offline_store: OfflineStore,
        feature_group_name: str,
    ) -> None:
        permissions = _storage(offline_store, feature_group_name)
        if offline_store.table.is_created:
            permissions.append(_table(cdk.Stack.of(scope), offline_store, feature_group_name))
        super().__init__(
            scope,
            construct_id,
            service="sagemaker.amazonaws.com",
            description="SageMaker: writes the offline store of a feature group",
            permissions=permissions,
        )


def _storage(store: OfflineStore, feature_group_name: str) -> list[Permission]:
    folder = store.folder(feature_group_name)
    permissions = [
        Permission(
            actions=["s3:PutObject", "s3:PutObjectAcl"],
            resources=[store.bucket.arn_for_objects(f"{folder}/*")],
            because="SageMaker chooses the keys of records",
        ),
        Permission(actions=["s3:GetBucketAcl"], resources=[store.bucket.bucket_arn]),
    ]
    if store.table_format == "Iceberg":
        permissions.append(
            Permission(
                actions=["s3:GetObject"],
                resources=[store.bucket.arn_for_objects(f"{folder}/*/metadata/*")],
                because="each change of an Iceberg table writes a manifest with a new name",
            )
        )
    if keys := store.key_arns():
        # SageMaker reads Iceberg's manifests, which needs decryption, too.
        permissions.append(
            Permission(actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=keys)
        )
    return permissions


def _table(stack: cdk.Stack, store: OfflineStore, feature_group_name: str) -> Permission:
    return Permission(
        actions=["glue:GetTable", "glue:UpdateTable"],
        resources=store.table.arns(stack, feature_group_name),
        because="SageMaker appends the time of creation to the table's name",
    )
