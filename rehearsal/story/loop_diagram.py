"""The loop as an SVG diagram: a lane per chapter, a box per stage or training step."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rehearsal.story.summary import StepSummary

_WIDTH, _HEIGHT, _GAP, _MARGIN = 102, 50, 17, 8
_PER_ROW = 9
_TITLE = 24
_MARKS = {"succeeded": "✓", "failed": "✗", "stopped": "■", "waiting": "·", "running": "▶"}


@dataclass(frozen=True)
class Box:
    """A stage or step; `inner` marks a training step, which its stage runs."""

    name: str
    status: str
    seconds: float
    inner: bool = False


@dataclass(frozen=True)
class Lane:
    """A chapter of the loop and its boxes."""

    title: str
    boxes: Sequence[Box]


def lanes(steps: Sequence[StepSummary]) -> list[Lane]:
    """Returns the chapters; training steps follow the stage that ran them."""
    return [
        Lane(step.path[0], _boxes(steps, step.path[0])) for step in steps if len(step.path) == 1
    ]


def _boxes(steps: Sequence[StepSummary], chapter: str) -> list[Box]:
    return [
        Box(step.path[-1], step.status, step.seconds, inner=len(step.path) == 4)
        for step in steps
        if step.path[0] == chapter and len(step.path) in (2, 4)
    ]


def draw(steps: Sequence[StepSummary]) -> str:
    """Returns the diagram as an SVG element."""
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
                if box.inner:
                    parts.append(_bracket(left, top + _HEIGHT + 5))
            top += _HEIGHT + (_MARGIN + _GAP if last else 12)
    width = 2 * _MARGIN + _PER_ROW * (_WIDTH + _GAP) - _GAP
    return (
        f'<svg class="loop" role="img" aria-label="The loop with its timings" '
        f'viewBox="0 0 {width} {top}" xmlns="http://www.w3.org/2000/svg">'
        '<defs><marker id="arrow" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="5" '
        'markerHeight="5" orient="auto"><path d="M0 0 6 3 0 6z"/></marker></defs>'
        f"{''.join(parts)}</svg>"
    )


def _box(box: Box, left: int, top: int) -> str:
    name = box.name if len(box.name) <= 15 else box.name[:14] + "…"
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


def _bracket(left: int, top: int) -> str:
    """Returns a line below a training step."""
    return f'<path class="inner" d="M{left - _GAP} {top}h{_WIDTH + _GAP}"/>'
