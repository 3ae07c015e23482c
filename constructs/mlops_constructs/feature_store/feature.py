"""One feature of a group: its name and its type."""

import re
from dataclasses import dataclass

from mlops_constructs._problems import is_known

FEATURE_TYPES = ("String", "Integral", "Fractional")
_NAME = re.compile(r"[a-zA-Z0-9]([-_]*[a-zA-Z0-9]){0,63}")
_LONGEST_NAME = 64
# The offline store adds columns of these names to every record.
_RESERVED = ("api_invocation_time", "is_deleted", "write_time")


@dataclass(frozen=True)
class Feature:
    """A feature; made by `Feature.string`, `.integral` and `.fractional`.

    CloudFormation has no collections (lists, sets, vectors): they exist in SageMaker's API alone.

    Source: FeatureDefinition of SageMaker's API reference and of CloudFormation's.
    """

    name: str
    feature_type: str

    @staticmethod
    def string(name: str) -> "Feature":
        """Text of at most 350 KB.

        Example:
            ```python
            Feature.string("customer_id")
            ```
        """
        return Feature(name, "String")

    @staticmethod
    def integral(name: str) -> "Feature":
        """A whole number of 64 bits.

        Example:
            ```python
            Feature.integral("orders")
            ```
        """
        return Feature(name, "Integral")

    @staticmethod
    def fractional(name: str) -> "Feature":
        """A floating-point number of 64 bits.

        Example:
            ```python
            Feature.fractional("balance")
            ```
        """
        return Feature(name, "Fractional")

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        found = []
        if is_known(self.name) and (
            len(self.name) > _LONGEST_NAME or not _NAME.fullmatch(self.name)
        ):
            found.append(
                f"feature {self.name!r}: got a name of {len(self.name)} characters; allowed are 1 "
                "to 64 letters, digits, hyphens and underscores, with a letter or digit first and "
                "last"
            )
        if self.name in _RESERVED:
            found.append(
                f"feature {self.name!r}: got a name that the offline store uses itself; allowed is "
                f"any but {', '.join(_RESERVED)}"
            )
        if self.feature_type not in FEATURE_TYPES:
            found.append(
                f"feature {self.name!r}: got type {self.feature_type!r}; allowed are "
                f"{', '.join(FEATURE_TYPES)}"
            )
        return found
