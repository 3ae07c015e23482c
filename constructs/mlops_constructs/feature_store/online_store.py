"""The online store: the latest record of each identifier, for inference."""

from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms

_UNITS = (("Weeks", 604_800), ("Days", 86_400), ("Hours", 3600), ("Minutes", 60), ("Seconds", 1))


@dataclass(frozen=True, kw_only=True)
class OnlineStore:
    """Where the latest records are served from; made by `.standard` and `.in_memory`.

    Source: OnlineStoreConfig of SageMaker's API reference. Its tier Standard_V2 is not offered, as
    CloudFormation does not know it.
    """

    storage_type: str
    time_to_live: cdk.Duration | None
    encryption_key: kms.IKey | None

    @staticmethod
    def standard(
        *, time_to_live: cdk.Duration | None = None, encryption_key: kms.IKey | None = None
    ) -> "OnlineStore":
        """Answers within milliseconds; the right choice for most groups.

        Args:
            time_to_live: a record vanishes this long after its event time; whole seconds. Left out:
                records stay. It can be changed later, and then holds for new records.
            encryption_key: symmetric key of the store; readers and writers need it, and `grant_*`
                gives it to them. Left out: a key of AWS's. A change replaces the group.

        Example:
            ```python
            OnlineStore.standard(time_to_live=cdk.Duration.days(30), encryption_key=key)
            ```
        """
        return OnlineStore(
            storage_type="Standard", time_to_live=time_to_live, encryption_key=encryption_key
        )

    @staticmethod
    def in_memory(
        *, time_to_live: cdk.Duration | None = None, encryption_key: kms.IKey | None = None
    ) -> "OnlineStore":
        """Answers in less time than the standard store at a higher price; for high read rates.

        AWS needs 10 to 15 minutes to make or delete such a group, and offers no provisioned
        throughput for it.

        Args:
            time_to_live: as for `standard`.
            encryption_key: as for `standard`.

        Example:
            ```python
            OnlineStore.in_memory(time_to_live=cdk.Duration.hours(12))
            ```
        """
        return OnlineStore(
            storage_type="InMemory", time_to_live=time_to_live, encryption_key=encryption_key
        )

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        if self.time_to_live is None or self.time_to_live.is_unresolved():
            return []
        seconds = self.time_to_live.to_milliseconds() / 1000
        if seconds >= 1 and seconds == int(seconds):
            return []
        return [
            f"online store time_to_live: got {seconds:g} seconds; allowed are whole seconds from "
            "1; leave it out to keep records"
        ]

    def render(self) -> dict[str, Any]:
        """The OnlineStoreConfig, which the level-1 construct takes as it is in the template."""
        config: dict[str, Any] = {"EnableOnlineStore": True, "StorageType": self.storage_type}
        if self.encryption_key is not None:
            config["SecurityConfig"] = {"KmsKeyId": self.encryption_key.key_arn}
        if self.time_to_live is not None:
            config["TtlDuration"] = _ttl(self.time_to_live)
        return config


def _ttl(duration: cdk.Duration) -> dict[str, Any]:
    """The duration in the largest unit that divides it."""
    seconds = int(duration.to_seconds())
    if duration.is_unresolved():
        return {"Unit": "Seconds", "Value": seconds}
    unit, length = next((unit, length) for unit, length in _UNITS if seconds % length == 0)
    return {"Unit": unit, "Value": seconds // length}
