"""The online store: the latest record of each identifier, for inference."""

from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms

_UNITS = (("Weeks", 604_800), ("Days", 86_400), ("Hours", 3600), ("Minutes", 60), ("Seconds", 1))


@dataclass(frozen=True, kw_only=True)
class OnlineStore:
    """The store of the latest records; use its static factories.

    CloudFormation does not support the tier Standard_V2.

    Source: OnlineStoreConfig of SageMaker's API reference.
    """

    storage_type: str
    time_to_live: cdk.Duration | None
    encryption_key: kms.IKey | None

    @staticmethod
    def standard(
        *, time_to_live: cdk.Duration | None = None, encryption_key: kms.IKey | None = None
    ) -> "OnlineStore":
        """Returns the standard tier, with latencies of milliseconds; suitable for most groups.

        Args:
            time_to_live: time after the event time at which a record is deleted, in whole seconds.
                A change applies to new records. Defaults to None: records are kept.
            encryption_key: symmetric key of the store, which readers and writers need; `grant_*`
                includes it. A change replaces the group. Defaults to None: an AWS owned key.

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
        """Returns the in-memory tier, with lower latency at a higher price, for high read rates.

        AWS needs 10 to 15 minutes to create or delete such a group, and does not support
        provisioned throughput for it.

        Args:
            time_to_live: as for `standard`. Defaults to None: records are kept.
            encryption_key: as for `standard`. Defaults to None: an AWS owned key.

        Example:
            ```python
            OnlineStore.in_memory(time_to_live=cdk.Duration.hours(12))
            ```
        """
        return OnlineStore(
            storage_type="InMemory", time_to_live=time_to_live, encryption_key=encryption_key
        )

    def problems(self) -> list[str]:
        """Validates the online store; returns one message per problem."""
        if self.time_to_live is None or self.time_to_live.is_unresolved():
            return []
        seconds = self.time_to_live.to_milliseconds() / 1000
        if seconds >= 1 and seconds == int(seconds):
            return []
        return [
            f"online store time_to_live: got {seconds:g} seconds; allowed are whole seconds from "
            "1; remove it to keep records"
        ]

    def render(self) -> dict[str, Any]:
        """Returns the OnlineStoreConfig, as the template has it."""
        config: dict[str, Any] = {"EnableOnlineStore": True, "StorageType": self.storage_type}
        if self.encryption_key is not None:
            config["SecurityConfig"] = {"KmsKeyId": self.encryption_key.key_arn}
        if self.time_to_live is not None:
            config["TtlDuration"] = _ttl(self.time_to_live)
        return config


def _ttl(duration: cdk.Duration) -> dict[str, Any]:
    """Returns the duration in the largest unit that divides it."""
    seconds = int(duration.to_seconds())
    if duration.is_unresolved():
        return {"Unit": "Seconds", "Value": seconds}
    unit, length = next((unit, length) for unit, length in _UNITS if seconds % length == 0)
    return {"Unit": unit, "Value": seconds // length}
