"""The offline store: all records in S3, for training."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs._grants import grant
from mlops_constructs._problems import is_known

from .catalog_table import CatalogTable

_MAX_URI_LENGTH = 1024


@dataclass(frozen=True, kw_only=True)
class OfflineStore:
    """The store of all records; use its static factories.

    SageMaker writes Parquet files within 15 minutes below
    `<prefix>/<account>/sagemaker/<region>/offline-store/`.

    Source: OfflineStoreConfig of SageMaker's API reference, and "Offline store data format".
    """

    table_format: str
    bucket: s3.IBucket
    prefix: str | None
    encryption_key: kms.IKey | None
    table: CatalogTable = field(default_factory=CatalogTable.automatic)

    @staticmethod
    def iceberg(
        bucket: s3.IBucket,
        *,
        prefix: str | None = None,
        encryption_key: kms.IKey | None = None,
        table: CatalogTable | None = None,
    ) -> "OfflineStore":
        """Returns an offline store with an Apache Iceberg table.

        Iceberg supports compaction, deletion of single records and time travel. The event time of
        the group must be a String.

        Args:
            bucket: bucket of the same region.
            prefix: prefix in the bucket, without leading or trailing slash. Defaults to None:
                `feature-store/` and the name of the group, so that the role of each group is
                limited to its records.
            encryption_key: key of the objects. Defaults to None: the key of the bucket.
            table: name of the table. Defaults to None: SageMaker generates it.

        Example:
            ```python
            OfflineStore.iceberg(
                bucket, table=CatalogTable.named(database="features", table="customers")
            )
            ```
        """
        return OfflineStore._of("Iceberg", bucket, prefix, encryption_key, table)

    @staticmethod
    def glue(
        bucket: s3.IBucket,
        *,
        prefix: str | None = None,
        encryption_key: kms.IKey | None = None,
        table: CatalogTable | None = None,
    ) -> "OfflineStore":
        """Returns an offline store with Parquet files in hourly partitions.

        Args:
            bucket: bucket of the same region.
            prefix: as for `iceberg`. Defaults to None: `feature-store/` and the name of the group.
            encryption_key: key of the objects. Defaults to None: the key of the bucket.
            table: table in the Data Catalog: created by SageMaker, existing, or none. Defaults to
                None: SageMaker creates one.

        Example:
            ```python
            OfflineStore.glue(bucket, prefix="features/customers", table=CatalogTable.none())
            ```
        """
        return OfflineStore._of("Glue", bucket, prefix, encryption_key, table)

    @staticmethod
    def _of(
        table_format: str,
        bucket: s3.IBucket,
        prefix: str | None,
        encryption_key: kms.IKey | None,
        table: CatalogTable | None,
    ) -> "OfflineStore":
        return OfflineStore(
            table_format=table_format,
            bucket=bucket,
            prefix=prefix,
            encryption_key=encryption_key or bucket.encryption_key,
            table=table or CatalogTable.automatic(),
        )

    def problems(self) -> list[str]:
        """Validates the offline store; returns one message per problem."""
        found = self.table.problems()
        if self.table_format == "Iceberg" and not self.table.is_created:
            found.append(
                f"offline store table: got {self.table} with Iceberg; allowed is a table that "
                "SageMaker creates (CatalogTable.automatic or .named), or OfflineStore.glue"
            )
        prefix = self.prefix
        if prefix is None or not is_known(prefix):
            return found
        if not prefix or prefix != prefix.strip("/"):
            found.append(
                f"offline store prefix: got {prefix!r}; allowed is a path without leading or "
                "trailing slash; remove it for the default prefix of the group"
            )
        # A bucket's name has at most 63 characters.
        if len(prefix) > _MAX_URI_LENGTH - len("s3://") - 64:
            found.append(
                f"offline store prefix: got {len(prefix)} characters; the S3 URI with it may have "
                f"{_MAX_URI_LENGTH}"
            )
        return found

    def folder(self, feature_group_name: str) -> str:
        """Returns the prefix of a group's objects.

        Args:
            feature_group_name: name of the group.
        """
        return self.prefix if self.prefix is not None else f"feature-store/{feature_group_name}"

    def key_arns(self) -> Sequence[str]:
        """Returns the ARN of the objects' key, if it is known."""
        return [self.encryption_key.key_arn] if self.encryption_key is not None else []

    def render(self, feature_group_name: str) -> dict[str, Any]:
        """Returns the OfflineStoreConfig, as the template has it.

        Args:
            feature_group_name: name of the group.
        """
        storage = {"S3Uri": self.bucket.s3_url_for_object(self.folder(feature_group_name))}
        for arn in self.key_arns():
            storage["KmsKeyId"] = arn
        return {
            "S3StorageConfig": storage,
            "TableFormat": self.table_format,
            **self.table.render(),
        }

    def grant_query(
        self, grantee: iam.IGrantable, stack: cdk.Stack, feature_group_name: str
    ) -> iam.Grant:
        """Grants a principal permissions to read a group's objects, their key and its table.

        Args:
            grantee: principal.
            stack: stack whose account and region have the table.
            feature_group_name: name of the group.
        """
        folder = self.folder(feature_group_name)
        result = grant(
            grantee,
            actions=["s3:GetObject"],
            resources=[self.bucket.arn_for_objects(f"{folder}/*")],
            because="SageMaker chooses the keys of records",
        )
        listed = grant(
            grantee,
            actions=["s3:ListBucket"],
            resources=[self.bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": f"{folder}/*"}},
        )
        located = grant(
            grantee, actions=["s3:GetBucketLocation"], resources=[self.bucket.bucket_arn]
        )
        result = result.combine(listed).combine(located)
        if keys := self.key_arns():
            result = result.combine(grant(grantee, actions=["kms:Decrypt"], resources=keys))
        if self.table.exists:
            result = result.combine(
                grant(
                    grantee,
                    actions=["glue:GetDatabase", "glue:GetPartitions", "glue:GetTable"],
                    resources=self.table.arns(stack, feature_group_name),
                    because="SageMaker appends the time of creation to the table's name",
                )
            )
        return result
