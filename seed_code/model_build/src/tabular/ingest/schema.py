"""The features of a group, and what a row has to be to become a record of it."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tabular.failure import InputError

Record = list[dict[str, str]]

_INTEGRAL = re.compile(r"[+-]?\d+")
_LEAST, _GREATEST = -(2**63), 2**63 - 1
# In UTC, to the second, the millisecond or the nanosecond.
_ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{9})?Z")


@dataclass(frozen=True, kw_only=True)
class GroupSchema:
    """What DescribeFeatureGroup says of a group.

    Args:
        group: the name or the ARN of the group.
        types: the type of each feature by its name.
        record_identifier: the feature that identifies a record.
        event_time: the feature that says when.

    https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-quotas.html
    """

    group: str
    types: Mapping[str, str]
    record_identifier: str
    event_time: str

    @classmethod
    def described(cls, client: Any, group: str) -> "GroupSchema":
        """Asks SageMaker.

        Raises:
            InputError: if the group is not there yet, or has features that files cannot fill.
        """
        answer = page = client.describe_feature_group(FeatureGroupName=group)
        if answer["FeatureGroupStatus"] != "Created":
            raise InputError(
                f"{group} is {answer['FeatureGroupStatus']}; expected it to be Created"
            )
        features = list(page["FeatureDefinitions"])
        while page.get("NextToken"):  # it is there, and empty, on the last page
            page = client.describe_feature_group(
                FeatureGroupName=group, NextToken=page["NextToken"]
            )
            features += page["FeatureDefinitions"]
        collections = [one["FeatureName"] for one in features if one.get("CollectionType")]
        if collections:
            raise InputError(
                f"{group} has collections ({', '.join(collections)}), which are not ingested from "
                "files; put such records with PutRecord"
            )
        return cls(
            group=group,
            types={one["FeatureName"]: one["FeatureType"] for one in features},
            record_identifier=answer["RecordIdentifierFeatureName"],
            event_time=answer["EventTimeFeatureName"],
        )

    def record(self, row: Mapping[str, str]) -> Record:
        """A row as PutRecord takes it. Features that the row does not have stay empty.

        Raises:
            InputError: with everything that is wrong with the row. It names features and no
                values, which may be nobody's business.
        """
        problems = [
            f"{name!r} is no feature of the group" for name in row if name not in self.types
        ]
        problems += [
            f"{name!r} is missing, the {role} of the group"
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
            return f"{name!r} is no whole number of 64 bits"
        if kind == "Fractional" and not _is_fractional(text):
            return f"{name!r} is no number"
        if name == self.event_time and text and not _is_time(text, kind):
            return (
                f"{name!r} is no time; expected "
                + ("seconds since 1970" if kind == "Fractional" else "ISO 8601 in UTC")
                + (", such as 2026-11-22T18:00:00Z" if kind == "String" else "")
            )
        return None


def _is_integral(text: str) -> bool:
    return bool(_INTEGRAL.fullmatch(text)) and _LEAST <= int(text) <= _GREATEST


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
