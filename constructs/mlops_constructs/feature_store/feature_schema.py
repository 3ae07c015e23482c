"""Schemas of feature groups, in code or in YAML files."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from . import _schema_file
from .feature import Feature

_MAX_FEATURES = 2500


@dataclass(frozen=True, kw_only=True)
class FeatureSchema:
    """The features of a group, with the record identifier and the event time.

    Args:
        features: at most 2500 features, including the two below. Their order has no effect.
        record_identifier: name of the feature that identifies a record.
        event_time: name of the feature with the time of a record: String in ISO 8601 and UTC such
            as `2026-11-22T18:00:00Z`, or Fractional in seconds since 1970, which Iceberg tables do
            not support.
        origin: file of the schema, for messages. Defaults to None: the schema is defined in code.

    Source: CreateFeatureGroup of SageMaker's API reference; "Quotas, naming rules and data types"
    of Feature Store.

    Example:
        ```python
        FeatureSchema(
            features=[
                Feature.string("customer_id"),
                Feature.string("event_time"),
                Feature.integral("orders"),
            ],
            record_identifier="customer_id",
            event_time="event_time",
        )
        ```
    """

    features: Sequence[Feature]
    record_identifier: str
    event_time: str
    # The file that the schema was read from, for messages.
    origin: str | None = field(default=None, compare=False, repr=False)

    @staticmethod
    def from_yaml(path: str | Path) -> "FeatureSchema":
        """Reads a schema from a YAML file.

        The file has `record_identifier`, `event_time` and `features`, a mapping of names to
        `string`, `integral` or `fractional`.

        Args:
            path: path of the file, relative to the working directory, such as
                `features/customers.yaml`.

        Raises:
            ValueError: if the file is invalid; the message lists every problem with its line.
        """
        content = _schema_file.read(path)
        return FeatureSchema(
            features=[Feature(name, kind) for name, kind in content.features.items()],
            record_identifier=content.record_identifier,
            event_time=content.event_time,
            origin=str(path),
        )

    def types(self) -> dict[str, str]:
        """Returns the type of each feature by its name."""
        return {feature.name: feature.feature_type for feature in self.features}

    def problems(self) -> list[str]:
        """Validates the schema; returns one message per problem."""
        found = [problem for feature in self.features for problem in feature.problems()]
        names = Counter(feature.name for feature in self.features)
        found += [
            f"feature {name!r}: got {count} features of this name; allowed is one"
            for name, count in names.items()
            if count > 1
        ]
        if len(self.features) > _MAX_FEATURES:
            found.append(
                f"features: got {len(self.features)}; allowed are at most {_MAX_FEATURES} in a "
                "group; use a second group with the same record identifier"
            )
        roles = {"record_identifier": self.record_identifier, "event_time": self.event_time}
        found += [
            f"{role}: got {name!r}, which is not a feature of the schema; allowed are "
            f"{', '.join(sorted(names)) or 'none, as there are no features'}"
            for role, name in roles.items()
            if name not in names
        ]
        if self.types().get(self.event_time) == "Integral":
            found.append(
                f"event_time: got {self.event_time!r} of type Integral; allowed are Fractional "
                "(seconds since 1970) and String (ISO 8601)"
            )
        return found
