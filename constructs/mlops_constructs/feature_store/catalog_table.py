"""Tables of the Glue Data Catalog for queries of the offline store."""

import re
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk

from mlops_constructs._problems import is_known

_DEFAULT_DATABASE = "sagemaker_featurestore"
# The Data Catalog of the account; SageMaker does not support any other.
_CATALOG = "AwsDataCatalog"
# Glue allows more characters; SageMaker requires names that Athena can query.
_ATHENA_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_MAX_DATABASE_LENGTH = 255
_MAX_TABLE_LENGTH = 252


@dataclass(frozen=True, kw_only=True)
class CatalogTable:
    """The Glue table of an offline store; use its static factories.

    Source: DataCatalogConfig and DisableGlueTableCreation of OfflineStoreConfig in SageMaker's API
    reference.
    """

    database: str | None
    table: str | None
    is_created: bool

    @staticmethod
    def automatic() -> "CatalogTable":
        """Returns a table that SageMaker creates in the database `sagemaker_featurestore`.

        SageMaker generates its name from the name of the group.

        Example:
            ```python
            CatalogTable.automatic()
            ```
        """
        return CatalogTable(database=None, table=None, is_created=True)

    @staticmethod
    def named(*, database: str, table: str) -> "CatalogTable":
        """Returns a table that SageMaker creates with the given name.

        SageMaker also creates the database if it does not exist.

        Args:
            database: name of 1 to 255 lower-case letters, digits and underscores, as Athena
                requires; the first character is not a digit.
            table: the same with at most 252 characters. The creation of the group fails if the
                table exists: use `existing` for it.

        Example:
            ```python
            CatalogTable.named(database="features", table="customers")
            ```
        """
        return CatalogTable(database=database, table=table, is_created=True)

    @staticmethod
    def existing(*, database: str, table: str) -> "CatalogTable":
        """Returns an existing table; not supported with Iceberg.

        You are responsible for keeping its columns in line with the schema.

        Args:
            database: name of the database, with the limits of `named`.
            table: name of the table. AWS does not check that it exists; without it queries fail.

        Example:
            ```python
            CatalogTable.existing(database="features", table="customers")
            ```
        """
        return CatalogTable(database=database, table=table, is_created=False)

    @staticmethod
    def none() -> "CatalogTable":
        """Returns no table: records are only files; not supported with Iceberg.

        Example:
            ```python
            CatalogTable.none()
            ```
        """
        return CatalogTable(database=None, table=None, is_created=False)

    @property
    def exists(self) -> bool:
        """True if there is a table to query."""
        return self.is_created or self.table is not None

    def problems(self) -> list[str]:
        """Validates the names; returns one message per problem."""
        names = (
            ("database", self.database, _MAX_DATABASE_LENGTH),
            ("table", self.table, _MAX_TABLE_LENGTH),
        )
        return [
            f"catalog table {part}: got {name!r}; allowed are 1 to {max_length} lower-case "
            "letters, digits and underscores, not beginning with a digit, as Athena requires"
            for part, name, max_length in names
            if name is not None and is_known(name)
            if len(name) > max_length or not _ATHENA_NAME.fullmatch(name)
        ]

    def render(self) -> dict[str, Any]:
        """Returns the table's part of an OfflineStoreConfig."""
        config: dict[str, Any] = {"DisableGlueTableCreation": not self.is_created}
        if self.table is not None:
            config["DataCatalogConfig"] = {
                "Catalog": _CATALOG,
                "Database": self.database,
                "TableName": self.table,
            }
        return config

    def arns(self, stack: cdk.Stack, feature_group_name: str) -> list[str]:
        """Returns the ARNs of catalog, database and table.

        Glue authorizes all three for a call on a table.

        Args:
            stack: stack whose account and region have the table.
            feature_group_name: name of the group.
        """
        database = self.database or _DEFAULT_DATABASE
        # SageMaker appends the time of creation to the name that it generates.
        table = self.table or f"{_table_prefix(feature_group_name)}*"
        parts = (("catalog", None), ("database", database), ("table", f"{database}/{table}"))
        return [
            stack.format_arn(
                service="glue",
                resource=resource,
                resource_name=name,
                arn_format=cdk.ArnFormat.SLASH_RESOURCE_NAME
                if name
                else cdk.ArnFormat.NO_RESOURCE_NAME,
            )
            for resource, name in parts
        ]

    def __str__(self) -> str:
        """Returns the form in which a lock contains the table."""
        made = "" if self.is_created else "existing "
        if self.table is None:
            return "automatic" if self.is_created else "none"
        return f"{made}{self.database}.{self.table}"


def _table_prefix(feature_group_name: str) -> str:
    """Returns the prefix of a generated table name; empty for a name that is a token."""
    if not is_known(feature_group_name):
        return ""
    return feature_group_name.lower().replace("-", "_") + "_"
