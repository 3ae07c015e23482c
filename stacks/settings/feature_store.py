"""Feature store: one feature group for each schema file."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from stacks.settings.model import Files, InAccounts, SettingsModel
from stacks.settings.names import RemovalChoice


class TableFormat(StrEnum):
    """Format of the tables of the offline store."""

    ICEBERG = "iceberg"
    GLUE = "glue"


class OnlineTier(StrEnum):
    """Tier of the online store."""

    STANDARD = "standard"
    IN_MEMORY = "in_memory"


class OnlineStoreSettings(SettingsModel):
    """Store of the latest records, for predictions."""

    tier: Annotated[OnlineTier, Field(strict=False)] = OnlineTier.STANDARD
    """Tier of the store. Defaults to standard."""
    days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """Time after which records are deleted. Defaults to none: they are kept."""


class OfflineStoreSettings(SettingsModel):
    """Store of all records, for training."""

    format: Annotated[TableFormat, Field(strict=False)] = TableFormat.ICEBERG
    """Format of the tables. Defaults to iceberg."""


class FeatureStoreSettings(InAccounts):
    """Feature groups of an account."""

    groups: Files
    """Schema files, one for each feature group; the group has the name of the file."""
    online: OnlineStoreSettings | None = None
    """Store of the latest records. Defaults to none."""
    offline: OfflineStoreSettings | None = OfflineStoreSettings()
    """Store of all records. Defaults to Iceberg tables; `null` means none."""
    removal: RemovalChoice = None
    """Handling of groups when the stack is deleted. Defaults to that of `defaults`."""

    @model_validator(mode="after")
    def _has_a_store(self) -> "FeatureStoreSettings":
        if self.online is None and self.offline is None:
            raise ValueError("online, offline or both; a feature group needs a store")
        return self
