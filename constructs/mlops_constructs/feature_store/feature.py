"""Features: names and types."""

import re
from dataclasses import dataclass

from mlops_constructs._problems import is_known

FEATURE_TYPES = ("String", "Integral", "Fractional")
_NAME = re.compile(r"[a-zA-Z0-9]([-_]*[a-zA-Z0-9]){0,63}")
_MAX_NAME_LENGTH = 64
# The offline store adds columns of these names to every record.
_RESERVED = ("api_invocation_time", "is_deleted", "write_time")


@dataclass(frozen=True)
class Feature:
    """A feature of a group; use its static factories.

    CloudFormation does not support collections (lists, sets, vectors); only SageMaker's API does.

    Source: FeatureDefinition of SageMaker's API reference and of CloudFormation's.
    """

    name: str
    feature_type: str

    @staticmethod
    def string(name: str) -> "Feature":
        """Returns a feature of text, at most 350 KB.

        Args:
            name: name of the feature, 1 to 64 characters.

        Example:
            ```python
            Feature.string("customer_id")
            ```
        """
        return Feature(name, "String")

    @staticmethod
    def integral(name: str) -> "Feature":
        """Returns a feature of 64-bit integers.

        Args:
            name: name of the feature, 1 to 64 characters.

        Example:
            ```python
            Feature.integral("orders")
            ```
        """
        return Feature(name, "Integral")

    @staticmethod
    def fractional(name: str) -> "Feature":
        """Returns a feature of 64-bit floating-point numbers.

        Args:
            name: name of the feature, 1 to 64 characters.

        Example:
            ```python
            Feature.fractional("balance")
            ```
        """
        return Feature(name, "Fractional")

    def problems(self) -> list[str]:
        """Validates the feature; returns one message per problem."""
        found = []
        if is_known(self.name) and (
            len(self.name) > _MAX_NAME_LENGTH or not _NAME.fullmatch(self.name)
        ):
            found.append(
                f"feature {self.name!r}: got a name of {len(self.name)} characters; allowed are 1 "
                "to 64 letters, digits, hyphens and underscores, with a letter or digit first and "
                "last"
            )
        if self.name in _RESERVED:
            found.append(
                f"feature {self.name!r}: got a reserved name of the offline store; reserved are "
                f"{', '.join(_RESERVED)}"
            )
        if self.feature_type not in FEATURE_TYPES:
            found.append(
                f"feature {self.name!r}: got type {self.feature_type!r}; allowed are "
                f"{', '.join(FEATURE_TYPES)}"
            )
        return found
