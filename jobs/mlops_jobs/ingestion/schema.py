"""Features of a group, and validation of rows against them."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mlops_jobs.failure import InputError

Record = list[dict[str, str]]

_INTEGRAL = re.compile(r"[+-]?\d+")
_MIN_INTEGRAL, _MAX_INTEGRAL = -(2**63), 2**63 - 1
# In UTC, with seconds, milliseconds or nanoseconds.
_ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{9})?Z")


@dataclass(frozen=True, kw_only=True)
class GroupSchema:
    """The features of a group.

    Args:
        group: name or ARN of the group.
        types: type of each feature, by name.
        record_identifier: name of the feature that identifies a record.
        event_time: name of the feature with the time of a record.

    Source:
        https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-quotas.html
    """

    group: str
    types: Mapping[str, str]
    record_identifier: str
    event_time: str

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
        )

    def record(self, row: Mapping[str, str]) -> Record:
        """Converts a row to a record of PutRecord; features that the row does not have stay empty.

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
        return [{"FeatureName": name, "ValueAsString": text} for name, text in row.items()]

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


def _is_integral(text: str) -> bool:
    return bool(_INTEGRAL.fullmatch(text)) and _MIN_INTEGRAL <= int(text) <= _MAX_INTEGRAL


def _is_fractional(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and "_" not in text and text == text.strip()
    except ValueError:
        return False


def _is_time(text: str, kind: str) -> bool:
    try:
        if kind == "Fractional":
            datetime.fromtimestamp(float(text), UTC)
            return True
        datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return False
    return bool(_ISO_8601.fullmatch(text))
