"""The loop as a picture: one lane per chapter, a box per stage or training step, with its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rehearsal.summary import StepSummary

_WIDTH, _HEIGHT, _GAP, _MARGIN = 112, 50, 20, 8
_PER_ROW = 8
_TITLE = 24
_MARKS = {"succeeded": "✓", "failed": "✗", "stopped": "■", "waiting": "·", "running": "▶"}


@dataclass(frozen=True)
class Box:
    """A box of the picture."""

    name: str
    status: str
    seconds: float


@dataclass(frozen=True)
class Lane:
    """A chapter of the loop."""

    title: str
    boxes: Sequence[Box]


def lanes(steps: Sequence[StepSummary]) -> list[Lane]:
    """The chapters, with the steps of a training in the place of the stage that ran it."""
    return [
        Lane(step.path[0], _boxes(steps, step.path[0])) for step in steps if len(step.path) == 1
    ]


def _boxes(steps: Sequence[StepSummary], chapter: str) -> list[Box]:
    boxes = []
    for stage in (step for step in steps if len(step.path) == 2 and step.path[0] == chapter):
        training = [
            step
            for step in steps
            if len(step.path) == 4 and list(step.path[:2]) == list(stage.path)
        ]
        shown = training if training else [stage]
        boxes += [Box(step.path[-1], step.status, step.seconds) for step in shown]
        failed_outside = stage.status == "failed" and "failed" not in {s.status for s in training}
        if training and failed_outside:
            boxes.append(Box(stage.path[-1], stage.status, stage.seconds))
    return boxes


def draw(steps: Sequence[StepSummary]) -> str:
    """The picture as an SVG element."""
    parts: list[str] = []
    top = _MARGIN
    for lane in lanes(steps):
        if not lane.boxes:
            continue
        parts.append(f'<text class="lane" x="{_MARGIN}" y="{top + 14}">{escape(lane.title)}</text>')
        top += _TITLE
        for first in range(0, len(lane.boxes), _PER_ROW):
            row = lane.boxes[first : first + _PER_ROW]
            last = first + _PER_ROW >= len(lane.boxes)
            for index, box in enumerate(row):
                left = _MARGIN + index * (_WIDTH + _GAP)
                parts.append(_box(box, left, top))
                if index + 1 < len(row):
                    parts.append(_arrow(left + _WIDTH, top + _HEIGHT // 2))
            top += _HEIGHT + (_GAP if last else 8)
    width = 2 * _MARGIN + _PER_ROW * (_WIDTH + _GAP) - _GAP
    return (
        f'<svg class="loop" role="img" aria-label="The loop with its timings" '
        f'viewBox="0 0 {width} {top}" xmlns="http://www.w3.org/2000/svg">'
        '<defs><marker id="arrow" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="5" '
        'markerHeight="5" orient="auto"><path d="M0 0 6 3 0 6z"/></marker></defs>'
        f"{''.join(parts)}</svg>"
    )


def _box(box: Box, left: int, top: int) -> str:
    name = box.name if len(box.name) <= 17 else box.name[:16] + "…"
    time = f"{box.seconds:.1f} s" if box.status != "waiting" else "not reached"
    middle = left + _WIDTH // 2
    return (
        f'<g class="box {escape(box.status.split()[0])}"><title>{escape(box.name)}: '
        f"{escape(box.status)}, {time}</title>"
        f'<rect x="{left}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" rx="8"/>'
        f'<text x="{middle}" y="{top + 21}">{escape(name)}</text>'
        f'<text class="time" x="{middle}" y="{top + 38}">'
        f"{_MARKS.get(box.status, '?')} {time}</text></g>"
    )


def _arrow(left: int, middle: int) -> str:
    return (
        f'<path class="arrow" marker-end="url(#arrow)" d="M{left + 3} {middle}H{left + _GAP - 3}"/>'
    )
