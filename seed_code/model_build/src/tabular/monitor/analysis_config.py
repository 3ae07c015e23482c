"""The configuration of an analysis, as SageMaker Clarify reads it.

https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-configure-analysis.html
"""

import json
from dataclasses import dataclass
from typing import Any

from tabular.failure import InputError
from tabular.monitor.rows import Row

Values = tuple[str, ...] | float


@dataclass(frozen=True, kw_only=True)
class Facet:
    """A group of people.

    Args:
        name: the column that tells who belongs to it.
        values: its values, or the number above which a row belongs to it.
    """

    name: str
    values: Values

    @property
    def text(self) -> str:
        """The values as reports write them."""
        return str(self.values) if isinstance(self.values, float) else ",".join(self.values)

    def has(self, row: Row) -> bool:
        """Whether a row belongs to it."""
        return matches(row.get(self.name), self.values)


@dataclass(frozen=True, kw_only=True)
class BiasConfig:
    """What bias is looked for.

    Args:
        label: the column of the label.
        favourable: the labels that are good for a person, or the number above which they are.
        facets: the groups.
        headers: the columns of a request without names, if the configuration has them.
    """

    label: str
    favourable: Values
    facets: tuple[Facet, ...]
    headers: tuple[str, ...] = ()

    @property
    def favourable_text(self) -> str:
        """The favourable labels as reports write them."""
        chosen = self.favourable
        return str(chosen) if isinstance(chosen, float) else ",".join(chosen)


def read_bias_config(content: bytes) -> BiasConfig:
    """Reads a configuration.

    Raises:
        InputError: if a member is missing.
    """
    try:
        document = json.loads(content)
        entries = document["facet"]
        facets = [
            Facet(name=str(entry["name_or_index"]), values=_values(entry["value_or_threshold"]))
            for entry in (entries if isinstance(entries, list) else [entries])
        ]
        return BiasConfig(
            label=str(document["label"]),
            favourable=_values(document["label_values_or_threshold"]),
            facets=tuple(facets),
            headers=tuple(
                name for name in document.get("headers", []) if name != document["label"]
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"analysis_config: {error!r}; expected label, label_values_or_threshold and facet with "
            "name_or_index and value_or_threshold"
        ) from error


def matches(cell: Any, values: Values) -> bool:
    """Whether a cell has one of the values, or is above the number."""
    if isinstance(values, float):
        try:
            return float(cell) > values
        except (TypeError, ValueError):
            return False
    return str(cell).strip() in values


def _values(given: Any) -> Values:
    """A list of texts are values, one fraction is a threshold."""
    if isinstance(given, float):
        return given
    listed = given if isinstance(given, list) else [given]
    if len(listed) == 1 and isinstance(listed[0], float):
        return listed[0]
    return tuple(str(value) for value in listed)
