"""Configuration of a bias analysis, in the format of SageMaker Clarify.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-configure-analysis.html
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mlops_jobs.evaluation.labels import canonical
from mlops_jobs.failure import InputError
from mlops_jobs.problem_type import ProblemType

Values = tuple[str, ...] | float


class Task(Protocol):
    """The task of a model."""

    @property
    def problem_type(self) -> ProblemType:
        """Kind of target."""

    @property
    def target(self) -> str:
        """Name of the target column."""

    @property
    def labels(self) -> Sequence[str]:
        """Labels in the order of the classes; the second of two is positive."""

    @property
    def columns(self) -> Sequence[str]:
        """Names of all columns of a request."""


@dataclass(frozen=True, kw_only=True)
class Facet:
    """A group of rows for which bias is measured.

    Args:
        name: column that defines the group.
        values: values of the column in the group, or the number above which a row is in the group.
    """

    name: str
    values: Values

    @property
    def text(self) -> str:
        """Values, as reports spell them."""
        return str(self.values) if isinstance(self.values, float) else ",".join(self.values)

    def has(self, row: Mapping[str, Any]) -> bool:
        """Returns True if a row belongs to the group.

        Args:
            row: cells by column name.
        """
        return matches(row.get(self.name), self.values)


@dataclass(frozen=True, kw_only=True)
class BiasConfig:
    """The bias to measure.

    Args:
        label: column of the label.
        favorable: labels with a favorable outcome, or the number above which the outcome is
            favorable.
        facets: the groups.
        headers: columns of a request without names. Defaults to none: requests have names.
        group_variable: column of the subgroups of conditional disparity. Defaults to "": it is not
            measured.
    """

    label: str
    favorable: Values
    facets: tuple[Facet, ...]
    headers: tuple[str, ...] = ()
    group_variable: str = ""

    @property
    def favorable_text(self) -> str:
        """Favorable labels, as reports spell them."""
        chosen = self.favorable
        return str(chosen) if isinstance(chosen, float) else ",".join(chosen)


def read_bias_config(content: bytes) -> BiasConfig:
    """Reads a configuration.

    Args:
        content: content of the file.

    Raises:
        InputError: a member is missing or malformed.
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
            favorable=_values(document["label_values_or_threshold"]),
            facets=tuple(facets),
            headers=tuple(
                name for name in document.get("headers", []) if name != document["label"]
            ),
            group_variable=str(document.get("group_variable", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"analysis_config: got {error!r}; allowed: label, label_values_or_threshold and facet "
            "with name_or_index and value_or_threshold"
        ) from error


def bias_config(
    model: Task, facets: Sequence[dict[str, Any]], favorable: Sequence[str]
) -> dict[str, Any]:
    """Returns a configuration of bias analyses in the format of SageMaker Clarify.

    Args:
        model: the model.
        facets: the groups, each with `name_or_index` and `value_or_threshold`.
        favorable: labels with a favorable outcome; for a regression, the number above which the
            outcome is favorable. Empty: the positive label of a binary model.

    Raises:
        InputError: a facet is not a column of requests, or the favorable outcome is missing or not
            a label.

    Source:
        https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-configure-analysis.html
    """
    for facet in facets:
        if facet["name_or_index"] not in model.columns:
            raise InputError(
                f"bias.facets: got {facet['name_or_index']!r}; allowed: {', '.join(model.columns)}"
            )
    chosen: list[Any] = list(favorable)
    if not chosen and model.problem_type is ProblemType.BINARY:
        chosen = [model.labels[1]]
    if not chosen:
        raise InputError(
            f"bias.favorable: got nothing for a {model.problem_type} target; name the favorable "
            "labels, or for a regression the number above which the outcome is favorable"
        )
    if model.problem_type is ProblemType.REGRESSION:
        chosen = [_number(text) for text in chosen]
    elif unknown := [label for label in chosen if label not in model.labels]:
        raise InputError(
            f"bias.favorable: got {', '.join(unknown)}; allowed: {', '.join(model.labels)}"
        )
    return {
        "label": model.target,
        "label_values_or_threshold": chosen,
        "facet": list(facets),
        "headers": list(model.columns),
    }


def shap_config(columns: Sequence[str]) -> dict[str, Any]:
    """Returns a configuration of feature attributions in the format of SageMaker Clarify.

    Model Monitor requires one for each monitor of explainability. Without `baseline`, Clarify
    computes one from the rows. The image of a project attributes predictions itself, so the file
    names no model: a monitor with AWS's image also needs `predictor`.

    Args:
        columns: names of all columns of a request.

    Source:
        https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-configure-analysis.html
    """
    return {
        "dataset_type": "text/csv",
        "headers": list(columns),
        "methods": {"shap": {"agg_method": "mean_abs", "use_logit": False}},
    }


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(
            f"bias.favorable: got {text!r} for a regression; allowed: a number"
        ) from error


def facet(text: str) -> dict[str, Any]:
    """Parses a facet as Clarify's configuration has it.

    Args:
        text: JSON object with `name_or_index` and `value_or_threshold`.

    Raises:
        ArgumentTypeError: the text is not such an object.
    """
    try:
        found = json.loads(text)
        return {
            "name_or_index": str(found["name_or_index"]),
            "value_or_threshold": list(found["value_or_threshold"]),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise argparse.ArgumentTypeError(
            f"got {text!r}; allowed: a JSON object with name_or_index and value_or_threshold"
        ) from error


def matches(cell: Any, values: Values) -> bool:
    """Returns True if a cell has one of the values, or is above the number.

    Args:
        cell: the cell.
        values: values, or a threshold.
    """
    if isinstance(values, float):
        try:
            return float(cell) > values
        except (TypeError, ValueError):
            return False
    text = str(cell).strip()
    return text in values or canonical(text) in {canonical(value) for value in values}


def _values(given: Any) -> Values:
    """Returns a single fraction as a threshold, anything else as values."""
    if isinstance(given, float):
        return given
    listed = given if isinstance(given, list) else [given]
    if len(listed) == 1 and isinstance(listed[0], float):
        return listed[0]
    return tuple(str(value) for value in listed)
