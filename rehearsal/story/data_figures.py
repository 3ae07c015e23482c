"""The table that a model was trained on, as the data report of its pipeline has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.story.plots import ACCENT, figure_with_axes, svg_of

MAX_COLUMNS = 40
MAX_LABELS = 12


@dataclass(frozen=True)
class Column:
    """A column of the table: its facts in words.

    Args:
        name: heading.
        kind: kind of its cells.
        missing: number and share of its empty cells.
        distinct: number of its distinct cells.
        span: its least and largest value.
        remarks: the reason why it is not used, and notes.
        warnings: what looks wrong.
    """

    name: str
    kind: str
    missing: str
    distinct: str
    span: str
    remarks: str
    warnings: Sequence[str]


def rows(data: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Returns the number of rows of each part, and of repeated rows."""
    found = [(str(name), int(count)) for name, count in data.get("rows", {}).items()]
    if "repeated_rows" in data:
        found.append(("equal to an earlier row", int(data["repeated_rows"])))
    return found


def total(data: Mapping[str, Any]) -> int:
    """Returns the number of rows of the table."""
    return sum(int(count) for count in data.get("rows", {}).values())


def warnings(data: Mapping[str, Any]) -> list[str]:
    """Returns the warnings of the table and of its target; columns have their warnings."""
    target = data.get("target", {})
    of_target = [f"The target {one}" for one in target.get("warnings", ())]
    return [*map(str, data.get("warnings", ())), *of_target]


def columns(data: Mapping[str, Any]) -> list[Column]:
    """Returns the columns, those with warnings first; of many columns, the first ones."""
    every = max(total(data), 1)
    found = [
        Column(
            name=one["name"],
            kind=one.get("kind", ""),
            missing=_share(one["missing"], every) if "missing" in one else "",
            distinct=f"{one.get('distinct', '')}",
            span=" to ".join(f"{end:.6g}" for end in one.get("range") or ()),
            remarks="; ".join(
                [*filter(None, [one.get("reason")]), *map(str, one.get("notes") or ())]
            ),
            warnings=[str(text) for text in one.get("warnings") or ()],
        )
        for one in data.get("columns", ())
    ]
    return sorted(found, key=lambda one: not one.warnings)[:MAX_COLUMNS]


def _share(cells: int, rows: int) -> str:
    return f"{cells:,} ({cells / rows:.1%})"


def balance(data: Mapping[str, Any]) -> str | None:
    """Returns the rows of each label of the target as a figure; None without labels."""
    labels = data.get("target", {}).get("labels", {})
    if not labels:
        return None
    shown = sorted(labels.items(), key=lambda one: -one[1])[:MAX_LABELS]
    figure, axes = figure_with_axes(4.2, 0.8 + 0.28 * len(shown))
    axes.barh([name for name, _ in shown], [count for _, count in shown], color=ACCENT, height=0.6)
    axes.invert_yaxis()
    axes.set_xlabel("rows")
    return svg_of(figure, "balance")
