"""Metrics of an evaluation in model cards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ._content_rules import items, required_text, text

_MAX_TEXT_LENGTH = 63
_MAX_MATRIX_SIZE = 20


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric of a model card; use its static factories.

    Source: section `metric_groups` of "Model card JSON schema" in SageMaker's developer guide.
    """

    name: str = required_text(255)
    type: str
    value: Any
    notes: str | None = text(1024)
    x_axis_name: str | Sequence[str] | None = text(63)
    y_axis_name: str | Sequence[str] | None = text(63)

    def __post_init__(self) -> None:
        if problems := _value_problems(self):
            raise ValueError(f"Metric {self.name!r}: " + "; ".join(problems))

    @staticmethod
    def number(name: str, value: float, *, notes: str | None = None) -> "Metric":
        """Returns a numeric metric.

        Args:
            name: name of the metric, 1 to 255 characters.
            value: value, such as 0.91.
            notes: notes, up to 1024 characters. Defaults to None: omitted.

        Example:
            ```python
            Metric.number("auc", 0.91)
            ```
        """
        return Metric(name=name, type="number", value=value, notes=notes)

    @staticmethod
    def text(name: str, value: str, *, notes: str | None = None) -> "Metric":
        """Returns a text metric.

        Args:
            name: name of the metric, 1 to 255 characters.
            value: value, up to 63 characters.
            notes: notes, up to 1024 characters. Defaults to None: omitted.

        Example:
            ```python
            Metric.text("verdict", "better than the previous model")
            ```
        """
        return Metric(name=name, type="string", value=value, notes=notes)

    @staticmethod
    def flag(name: str, value: bool, *, notes: str | None = None) -> "Metric":
        """Returns a boolean metric.

        Args:
            name: name of the metric, 1 to 255 characters.
            value: True if the statement holds.
            notes: notes, up to 1024 characters. Defaults to None: omitted.

        Example:
            ```python
            Metric.flag("calibrated", True)
            ```
        """
        return Metric(name=name, type="boolean", value=value, notes=notes)

    @staticmethod
    def bar_chart(
        name: str,
        values: Sequence[float],
        *,
        bars: Sequence[str] = (),
        y_axis_name: str | None = None,
        notes: str | None = None,
    ) -> "Metric":
        """Returns a bar chart.

        Args:
            name: name of the metric, 1 to 255 characters.
            values: heights of the bars, at least 1.
            bars: names of the bars, one for each. Defaults to no names.
            y_axis_name: name of the y axis, up to 63 characters. Defaults to None: omitted.
            notes: notes, up to 1024 characters. Defaults to None: omitted.

        Example:
            ```python
            Metric.bar_chart("importance", [0.7, 0.3], bars=["tenure", "age"])
            ```
        """
        return Metric(
            name=name,
            type="bar_chart",
            value=list(values),
            notes=notes,
            x_axis_name=list(bars) or None,
            y_axis_name=y_axis_name,
        )

    @staticmethod
    def linear_graph(
        name: str,
        points: Sequence[tuple[float, float]],
        *,
        x_axis_name: str | None = None,
        y_axis_name: str | None = None,
        notes: str | None = None,
    ) -> "Metric":
        """Returns a line graph.

        Args:
            name: name of the metric, 1 to 255 characters.
            points: pairs of x and y, at least 1.
            x_axis_name: name of the x axis, up to 63 characters. Defaults to None: omitted.
            y_axis_name: name of the y axis, up to 63 characters. Defaults to None: omitted.
            notes: notes, up to 1024 characters. Defaults to None: omitted.

        Example:
            ```python
            Metric.linear_graph("roc", [(0, 0), (0.1, 0.8), (1, 1)], x_axis_name="false positives")
            ```
        """
        return Metric(
            name=name,
            type="linear_graph",
            value=[list(point) for point in points],
            notes=notes,
            x_axis_name=x_axis_name,
            y_axis_name=y_axis_name,
        )

    @staticmethod
    def matrix(
        name: str,
        rows: Sequence[Sequence[float]],
        *,
        column_names: Sequence[str] = (),
        row_names: Sequence[str] = (),
        notes: str | None = None,
    ) -> "Metric":
        """Returns a matrix, such as a confusion matrix.

        Args:
            name: name of the metric, 1 to 255 characters.
            rows: 1 to 20 rows of 1 to 20 numbers.
            column_names: names of the columns. Defaults to no names.
            row_names: names of the rows. Defaults to no names.
            notes: notes, up to 1024 characters. Defaults to None: omitted.

        Example:
            ```python
            Metric.matrix("confusion", [[90, 10], [5, 95]], column_names=["stays", "leaves"])
            ```
        """
        return Metric(
            name=name,
            type="matrix",
            value=[list(row) for row in rows],
            notes=notes,
            x_axis_name=list(column_names) or None,
            y_axis_name=list(row_names) or None,
        )


@dataclass(frozen=True, kw_only=True)
class MetricGroup:
    """A group of metrics.

    Args:
        name: name of the group, 1 to 63 characters.
        metric_data: metrics of the group. Defaults to none.
    """

    name: str = required_text(63)
    metric_data: Sequence[Metric] = items()


def _value_problems(metric: Metric) -> list[str]:
    """Validates a value by its type; the limits of texts are validated by `_content_rules`."""
    value = metric.value
    match metric.type:
        case "string":
            wrong = len(value) > _MAX_TEXT_LENGTH
            rule = f"got {len(value)} characters; allowed are at most {_MAX_TEXT_LENGTH}"
        case "bar_chart":
            names = metric.x_axis_name
            wrong = not value or bool(names and len(names) != len(value))
            rule = f"got {len(value)} bars and {len(names or [])} names; give at least one bar and "
            rule += "a name for each, or no names"
        case "linear_graph":
            wrong = not value or any(len(point) != 2 for point in value)
            rule = "got no points, or points that are not pairs of numbers; give pairs of x and y"
        case "matrix":
            sizes = [len(value), *map(len, value)]
            wrong = any(not 1 <= size <= _MAX_MATRIX_SIZE for size in sizes)
            rule = f"got {len(value)} rows of {sorted(set(sizes[1:]))} columns; allowed are 1 to "
            rule += f"{_MAX_MATRIX_SIZE} of each"
        case _:
            return []
    return [rule] if wrong else []
