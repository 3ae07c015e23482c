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

_LONGEST_URI = 1024


@dataclass(frozen=True, kw_only=True)
class OfflineStore:
    """Where all records are kept; made by `OfflineStore.iceberg` and `OfflineStore.glue`.

    SageMaker writes Parquet within 15 minutes below
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
        """An Apache Iceberg table: compact files, deletions of single records, time travel. The
        event time of its group has to be a String.

        Args:
            bucket: bucket of the same region.
            prefix: part of the bucket, without slashes around it. Left out: `feature-store/` and
                the name of the group, so that each group's role is confined to its own part.
            encryption_key: key of the objects. Left out: the bucket's own.
            table: name of the table. Left out: SageMaker chooses it.

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
        """Parquet files in hourly partitions, with an external table, one of your own, or none.

        Args:
            bucket: bucket of the same region.
            prefix: as for `iceberg`.
            encryption_key: as for `iceberg`.
            table: the table in the catalog. Left out: SageMaker makes one.

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
        """What AWS would refuse."""
        found = self.table.problems()
        if self.table_format == "Iceberg" and not self.table.is_created:
            found.append(
                f"offline store table: got {self.table} with Iceberg; allowed is a table that "
                "SageMaker makes (CatalogTable.automatic or .named), or OfflineStore.glue"
            )
        prefix = self.prefix
        if prefix is None or not is_known(prefix):
            return found
        if not prefix or prefix != prefix.strip("/"):
            found.append(
                f"offline store prefix: got {prefix!r}; allowed is a path without slashes around "
                "it; leave it out for one of the group's own"
            )
        # A bucket's name has at most 63 characters.
        if len(prefix) > _LONGEST_URI - len("s3://") - 64:
            found.append(
                f"offline store prefix: got {len(prefix)} characters; the S3 URI with it may have "
                f"{_LONGEST_URI}"
            )
        return found

    def folder(self, feature_group_name: str) -> str:
        """The part of the bucket that belongs to the group."""
        return self.prefix if self.prefix is not None else f"feature-store/{feature_group_name}"

    def key_arns(self) -> Sequence[str]:
        """The key of the objects, where one is known."""
        return [self.encryption_key.key_arn] if self.encryption_key is not None else []

    def render(self, feature_group_name: str) -> dict[str, Any]:
        """The OfflineStoreConfig, which the level-1 construct takes as it is in the template."""
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
        """Lets a principal read a group's objects, their key and its table."""
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
