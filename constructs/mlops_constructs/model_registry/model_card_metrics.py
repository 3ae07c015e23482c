"""Metrics of an evaluation, as a model card shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ._content_rules import items, required_text, text

_LONGEST_VALUE = 63
_LARGEST_MATRIX = 20


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric; made by its static factories.

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
            raise ValueError(f"metric {self.name!r}: " + "; ".join(problems))

    @staticmethod
    def number(name: str, value: float, *, notes: str | None = None) -> "Metric":
        """A number.

        Example:
            ```python
            Metric.number("auc", 0.91)
            ```
        """
        return Metric(name=name, type="number", value=value, notes=notes)

    @staticmethod
    def text(name: str, value: str, *, notes: str | None = None) -> "Metric":
        """A text of at most 63 characters.

        Example:
            ```python
            Metric.text("verdict", "better than the model before")
            ```
        """
        return Metric(name=name, type="string", value=value, notes=notes)

    @staticmethod
    def flag(name: str, value: bool, *, notes: str | None = None) -> "Metric":
        """Whether something holds.

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
        """Bars of the given heights.

        Args:
            name: of the chart.
            values: the heights.
            bars: what the bars are called, one name for each. Left out: they have no names.
            y_axis_name: what the heights are.
            notes: for people.

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
        """A line through points of x and y.

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
        """A table of at most 20 rows and 20 columns, such as a confusion matrix.

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
    """Metrics that belong together."""

    name: str = required_text(63)
    metric_data: Sequence[Metric] = items()


def _value_problems(metric: Metric) -> list[str]:
    """What AWS refuses of a value by itself; the schema's limits of text are judged elsewhere."""
    value = metric.value
    match metric.type:
        case "string":
            wrong = len(value) > _LONGEST_VALUE
            rule = f"got {len(value)} characters; allowed are at most {_LONGEST_VALUE}"
        case "bar_chart":
            names = metric.x_axis_name
            wrong = not value or bool(names and len(names) != len(value))
            rule = f"got {len(value)} bars and {len(names or [])} names; give at least one bar and "
            rule += "a name for each, or no names"
        case "linear_graph":
            wrong = not value or any(len(point) != 2 for point in value)
            rule = "got no points of two numbers each; give pairs of x and y"
        case "matrix":
            sizes = [len(value), *map(len, value)]
            wrong = any(not 1 <= size <= _LARGEST_MATRIX for size in sizes)
            rule = f"got {len(value)} rows of {sorted(set(sizes[1:]))} columns; allowed are 1 to "
            rule += f"{_LARGEST_MATRIX} of each"
        case _:
            return []
    return [rule] if wrong else []
