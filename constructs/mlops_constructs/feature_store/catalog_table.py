"""The table of the Glue Data Catalog through which the offline store is queried."""

import re
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk

from mlops_constructs._problems import is_known

_DEFAULT_DATABASE = "sagemaker_featurestore"
# The Data Catalog of the account; SageMaker refuses any other.
_CATALOG = "AwsDataCatalog"
# Glue takes more; SageMaker asks for what Athena takes, which queries the table.
_ATHENA_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_MAX_DATABASE_LENGTH = 255
_MAX_TABLE_LENGTH = 252


@dataclass(frozen=True, kw_only=True)
class CatalogTable:
    """Made by `CatalogTable.automatic`, `.named`, `.existing` and `.none`.

    Source: DataCatalogConfig and DisableGlueTableCreation of OfflineStoreConfig in SageMaker's API
    reference.
    """

    database: str | None
    table: str | None
    is_created: bool

    @staticmethod
    def automatic() -> "CatalogTable":
        """SageMaker makes a table in the database `sagemaker_featurestore`; the default.

        Example:
            ```python
            CatalogTable.automatic()
            ```
        """
        return CatalogTable(database=None, table=None, is_created=True)

    @staticmethod
    def named(*, database: str, table: str) -> "CatalogTable":
        """SageMaker makes a table of this name, and its database where there is none.

        Args:
            database: at most 255 lower-case letters, digits and underscores, with no digit first,
                as Athena takes them.
            table: the same with at most 252 characters. AWS fails the creation of the group where
                there is a table of this name: use `existing` for it.

        Example:
            ```python
            CatalogTable.named(database="features", table="customers")
            ```
        """
        return CatalogTable(database=database, table=table, is_created=True)

    @staticmethod
    def existing(*, database: str, table: str) -> "CatalogTable":
        """A table of your own, which you keep in step with the schema; not with Iceberg.

        Args:
            database: of the table, named as for `named`.
            table: its name. AWS creates the group also where there is no such table, and queries
                fail then.

        Example:
            ```python
            CatalogTable.existing(database="features", table="customers")
            ```
        """
        return CatalogTable(database=database, table=table, is_created=False)

    @staticmethod
    def none() -> "CatalogTable":
        """No table: the records are files alone; not with Iceberg.

        Example:
            ```python
            CatalogTable.none()
            ```
        """
        return CatalogTable(database=None, table=None, is_created=False)

    @property
    def exists(self) -> bool:
        """Whether there is a table to query."""
        return self.is_created or self.table is not None

    def problems(self) -> list[str]:
        """What AWS would refuse, or Athena later."""
        names = (
            ("database", self.database, _MAX_DATABASE_LENGTH),
            ("table", self.table, _MAX_TABLE_LENGTH),
        )
        return [
            f"catalog table {part}: got {name!r}; allowed are 1 to {longest} lower-case letters, "
            "digits and underscores, with no digit first, as Athena takes no others"
            for part, name, longest in names
            if name is not None and is_known(name)
            if len(name) > longest or not _ATHENA_NAME.fullmatch(name)
        ]

    def render(self) -> dict[str, Any]:
        """Its part of an OfflineStoreConfig."""
        config: dict[str, Any] = {"DisableGlueTableCreation": not self.is_created}
        if self.table is not None:
            config["DataCatalogConfig"] = {
                "Catalog": _CATALOG,
                "Database": self.database,
                "TableName": self.table,
            }
        return config

    def arns(self, stack: cdk.Stack, feature_group_name: str) -> list[str]:
        """The catalog, the database and the table, as Glue authorises a call on a table."""
        database = self.database or _DEFAULT_DATABASE
        # SageMaker appends the time of creation to the name that it makes.
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
        """As a lock writes it."""
        made = "" if self.is_created else "existing "
        if self.table is None:
            return "automatic" if self.is_created else "none"
        return f"{made}{self.database}.{self.table}"


def _table_prefix(feature_group_name: str) -> str:
    """What the name of an automatic table begins with; nothing is known of a name to come."""
    if not is_known(feature_group_name):
        return ""
    return feature_group_name.lower().replace("-", "_") + "_"
