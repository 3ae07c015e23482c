"""Features of a group, and validation of rows against them."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mlops_jobs.failure import InputError

Row = tuple[str, dict[str, str]]
"""The place of a row, file and line, and its values by feature name."""

# Feature Store reads digits of ASCII, Python's int and float those of every script.
_INTEGRAL = re.compile(r"[+-]?[0-9]+")
_FRACTIONAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_MIN_INTEGRAL, _MAX_INTEGRAL = -(2**63), 2**63 - 1
# In UTC, with seconds, milliseconds or nanoseconds.
_ISO_8601 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3}|\.[0-9]{9})?Z"
)


@dataclass(frozen=True, kw_only=True)
class OfflineLocation:
    """The location of the files of a group's offline store.

    Args:
        bucket: name of the bucket.
        prefix: prefix of the partitions, without a trailing slash.
        table_format: `Glue` or `Iceberg`.
        key_id: KMS key of the objects. Defaults to None: the encryption of the bucket.
    """

    bucket: str
    prefix: str
    table_format: str
    key_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class GroupSchema:
    """The features of a group.

    Args:
        group: name or ARN of the group.
        types: type of each feature, by name.
        record_identifier: name of the feature that identifies a record.
        event_time: name of the feature with the time of a record.
        offline: offline store of the group. Defaults to None: it has none.
        online: True if the group has an online store. Defaults to False.

    Source:
        https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-quotas.html
    """

    group: str
    types: Mapping[str, str]
    record_identifier: str
    event_time: str
    offline: OfflineLocation | None = None
    online: bool = False

    @classmethod
    def described(cls, client: Any, group: str) -> "GroupSchema":
        """Reads the features of a group from SageMaker.

        Args:
            client: boto3 client of SageMaker.
            group: name or ARN of the group.

        Raises:
            InputError: the group is not created yet, or has features that files cannot contain.
        """
        response = page = client.describe_feature_group(FeatureGroupName=group)
        if response["FeatureGroupStatus"] != "Created":
            raise InputError(
                f"{group}: got the status {response['FeatureGroupStatus']}; allowed: Created"
            )
        features = list(page["FeatureDefinitions"])
        while page.get("NextToken"):  # present and empty on the last page
            page = client.describe_feature_group(
                FeatureGroupName=group, NextToken=page["NextToken"]
            )
            features += page["FeatureDefinitions"]
        collections = [one["FeatureName"] for one in features if one.get("CollectionType")]
        if collections:
            raise InputError(
                f"{group}: got collections ({', '.join(collections)}), which cannot be "
                "ingested from "
                "files; write such records with PutRecord"
            )
        return cls(
            group=group,
            types={one["FeatureName"]: one["FeatureType"] for one in features},
            record_identifier=response["RecordIdentifierFeatureName"],
            event_time=response["EventTimeFeatureName"],
            offline=_location(response.get("OfflineStoreConfig")),
            online=bool(response.get("OnlineStoreConfig", {}).get("EnableOnlineStore")),
        )

    def hour(self, row: Mapping[str, str]) -> datetime:
        """Returns the hour of a valid row's event time in UTC, the partition of its record.

        Args:
            row: values by feature name.
        """
        text = row[self.event_time]
        if self.types[self.event_time] == "Fractional":
            moment = datetime.fromtimestamp(float(text), UTC)
            return moment.replace(minute=0, second=0, microsecond=0)
        return datetime(
            int(text[:4]), int(text[5:7]), int(text[8:10]), int(text[11:13]), tzinfo=UTC
        )

    def order(self, row: Mapping[str, str]) -> tuple[float, str]:
        """Returns a value that orders valid rows by their event time.

        Args:
            row: values by feature name.
        """
        text = row[self.event_time]
        if self.types[self.event_time] == "Fractional":
            return float(text), ""
        # Without the Z, a fraction of a second is after the whole second.
        return 0.0, text.removesuffix("Z")

    def validate(self, row: Mapping[str, str]) -> None:
        """Validates a row.

        Args:
            row: values by feature name.

        Raises:
            InputError: the row is not valid; the message lists every problem. It names features and
                no values, because these may be confidential.
        """
        problems = [
            f"{name!r} is not a feature of the group" for name in row if name not in self.types
        ]
        problems += [
            f"{name!r}, the {role} of the group, is missing"
            for role, name in self._required()
            if not row.get(name)
        ]
        problems += [
            problem
            for name, text in row.items()
            if name in self.types and (problem := self._problem(name, text))
        ]
        if problems:
            raise InputError("; ".join(problems))

    def _required(self) -> tuple[tuple[str, str], ...]:
        return ("record identifier", self.record_identifier), ("event time", self.event_time)

    def _problem(self, name: str, text: str) -> str | None:
        kind = self.types[name]
        if kind == "Integral" and not _is_integral(text):
            return f"{name!r} is not a 64-bit whole number"
        if kind == "Fractional" and not _is_fractional(text):
            return f"{name!r} is not a number"
        if name == self.event_time and text and not _is_time(text, kind):
            return (
                f"{name!r} is not a time; allowed: "
                + ("seconds since 1970" if kind == "Fractional" else "ISO 8601 in UTC")
                + (", such as 2026-11-22T18:00:00Z" if kind == "String" else "")
            )
        return None


def _location(config: Mapping[str, Any] | None) -> OfflineLocation | None:
    if config is None:
        return None
    storage = config["S3StorageConfig"]
    bucket, _, prefix = storage["ResolvedOutputS3Uri"].removeprefix("s3://").partition("/")
    return OfflineLocation(
        bucket=bucket,
        prefix=prefix.rstrip("/"),
        table_format=config.get("TableFormat", "Glue"),
        key_id=storage.get("KmsKeyId"),
    )


def _is_integral(text: str) -> bool:
    return bool(_INTEGRAL.fullmatch(text)) and _MIN_INTEGRAL <= int(text) <= _MAX_INTEGRAL


def _is_fractional(text: str) -> bool:
    return bool(_FRACTIONAL.fullmatch(text)) and math.isfinite(float(text))


def _is_time(text: str, kind: str) -> bool:
    try:
        if kind == "Fractional":
            datetime.fromtimestamp(float(text), UTC)
            return True
        datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return False
    return bool(_ISO_8601.fullmatch(text))
