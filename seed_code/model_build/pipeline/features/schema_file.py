"""Content of `features/GROUP.yaml`, the schema of a feature group."""

import re
from pathlib import Path
from typing import Annotated, Literal

from mlops_jobs.failure import InputError
from pydantic import Field, field_validator, model_validator

from pipeline.configuration_file import read_file
from pipeline.sections import Section

FOLDER = "features"
MAX_FEATURES = 2500
MAX_DAYS = 36_500  # a century; AWS documents no maximum
_RESERVED = ("api_invocation_time", "is_deleted", "write_time")
TYPES = {"string": "String", "integral": "Integral", "fractional": "Fractional"}
"""Types of SageMaker by those of the file."""

_NAME = re.compile(r"(?!.{65})[a-zA-Z0-9](?:[-_]*[a-zA-Z0-9])*")


class FeatureSchema(Section):
    """The features of a group.

    Args:
        record_identifier: name of the feature that identifies a record, such as a customer's id.
        event_time: name of the feature with the time of a record: a string in ISO 8601 and UTC such
            as `2026-11-22T18:00:00Z`, or fractional seconds since 1970.
        online: True for an online store, from which endpoints read the latest records. Defaults to
            False.
        online_days: days after its event time for which the online store keeps a record, at least
            1; a change applies to records that are written after it. Defaults to None: a record is
            kept until another one replaces it.
        features: type of each feature, by name: `string`, `integral` or `fractional`; 2 to 2500,
            including the two above.

    Source:
        https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-quotas.html
        https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-time-to-live.html
    """

    record_identifier: str
    event_time: str
    online: bool = False
    online_days: Annotated[int, Field(ge=1, le=MAX_DAYS)] | None = None
    features: Annotated[
        dict[str, Literal["string", "integral", "fractional"]],
        Field(min_length=2, max_length=MAX_FEATURES),
    ]

    @field_validator("features")
    @classmethod
    def _have_names(cls, features: dict[str, str]) -> dict[str, str]:
        for name in features:
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"got the name {name!r}; allowed: 1 to 64 letters, digits, hyphens and "
                    "underscores, with a letter or digit first and last"
                )
            if name in _RESERVED:
                raise ValueError(
                    f"got the name {name}, a column that the offline store adds; allowed: other "
                    f"names than {', '.join(_RESERVED)}"
                )
        return features

    @model_validator(mode="after")
    def _names_features(self) -> "FeatureSchema":
        for key in ("record_identifier", "event_time"):
            name = getattr(self, key)
            if name not in self.features:
                raise ValueError(
                    f"{key}: got {name}, which is no feature; allowed: {', '.join(self.features)}"
                )
        if self.record_identifier == self.event_time:
            raise ValueError(
                f"event_time: got {self.event_time}, the record identifier; allowed: another "
                "feature"
            )
        if self.features[self.event_time] == "integral":
            raise ValueError(
                f"event_time: got {self.event_time} of type integral; allowed: string (ISO 8601) "
                "and fractional (seconds since 1970)"
            )
        return self

    @model_validator(mode="after")
    def _keeps_records_online(self) -> "FeatureSchema":
        if self.online_days is not None and not self.online:
            raise ValueError(
                f"online_days: got {self.online_days} for a group without an online store; set "
                "online: true, or remove online_days"
            )
        return self

    def types(self) -> dict[str, str]:
        """Returns SageMaker's type of each feature, by name."""
        return {name: TYPES[kind] for name, kind in self.features.items()}


def read_schema(folder: Path, group: str) -> FeatureSchema:
    """Reads and validates the schema of a group.

    Args:
        folder: folder of `config.yaml`.
        group: name of the group in `config.yaml`, and of the file.

    Raises:
        InputError: the file cannot be read or is not valid; the message lists every problem.
    """
    file = folder / FOLDER / f"{group}.yaml"
    if not file.is_file():
        raise InputError(
            f"features.group: got {group}, whose schema {FOLDER}/{group}.yaml does not exist; "
            "create it as README.md describes, or change the name"
        )
    return read_file(file, FeatureSchema)
