"""Pages of HTML without scripts or references to other files."""

from collections.abc import Iterable, Sequence
from html import escape

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;"
    "color:#222}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;margin:.6rem 0}"
    "td,th{border-bottom:1px solid #ddd;padding:.25rem .6rem;text-align:left;vertical-align:top}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}tr.chosen{font-weight:bold}"
    ".of{color:#555;font-size:.85rem}.box{background:#f3f3f3;padding:.6rem 1rem;margin:1rem 0;"
    "overflow-wrap:anywhere}.ok{color:#17682f}.bad{color:#a3160d}"
    ".plots{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;max-width:100%}"
    "svg{max-width:100%;height:auto}figcaption{font-size:.85rem;color:#555}"
)
WIDTH, HEIGHT, EDGE = 320, 240, 34


def document(title: str, parts: Iterable[str]) -> str:
    """Returns a page.

    Args:
        title: title of the page, which is also its heading.
        parts: HTML of the body.
    """
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>\n"
    )


def section(title: str, *parts: str, of: str = "") -> str:
    """Returns a part of a page.

    Args:
        title: heading of the part.
        parts: its HTML.
        of: rows that its figures describe. Defaults to "": they describe no rows.
    """
    note = f'<p class="of">Of {escape(of)}.</p>' if of else ""
    return f"<h2>{escape(title)}</h2>{note}{''.join(parts)}"


def box(text: str, kind: str = "") -> str:
    """Returns an emphasized sentence.

    Args:
        text: the sentence.
        kind: `ok`, `bad` or empty. Defaults to "".
    """
    return f'<p class="box {kind}">{escape(text)}</p>'


def items(texts: Iterable[str]) -> str:
    """Returns a list.

    Args:
        texts: the items.
    """
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"


def table(
    heading: Iterable[str],
    rows: Iterable[Sequence[str]],
    *,
    chosen: set[int] | None = None,
    numbers: bool = True,
) -> str:
    """Returns a table, which scrolls if it is wider than the page.

    Args:
        heading: names of the columns.
        rows: cells of each row.
        chosen: positions of rows that are emphasized. Defaults to none.
        numbers: True if all columns but the first have numbers. Defaults to True.
    """
    kind = ' class="n"' if numbers else ""
    lines = ["<tr>" + "".join(f"<th>{escape(name)}</th>" for name in heading) + "</tr>"]
    for at, (name, *cells) in enumerate(rows):
        emphasis = ' class="chosen"' if chosen and at in chosen else ""
        values = "".join(f"<td{kind}>{escape(cell)}</td>" for cell in cells)
        lines.append(f"<tr{emphasis}><td>{escape(name)}</td>{values}</tr>")
    return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def bars(values: Sequence[tuple[str, float]]) -> str:
    """Returns a bar for each value, with its name and number.

    Args:
        values: names and values, which are not negative.
    """
    most = max((value for _, value in values), default=0.0) or 1.0
    step, left = 20, 150
    parts = [
        f'<text x="{left - 6}" y="{at * step + 14}" text-anchor="end">{escape(name[:22])}</text>'
        f'<rect x="{left}" y="{at * step + 3}" width="{240 * value / most:.1f}" height="14" '
        f'fill="#2a6fbb"/><text x="{left + 244 * value / most + 4:.1f}" y="{at * step + 14}">'
        f"{value:.3g}</text>"
        for at, (name, value) in enumerate(values)
    ]
    return _svg(460, step * len(values) + 6, parts)


def curve(
    x: Sequence[float],
    y: Sequence[float],
    names: tuple[str, str],
    *,
    ends: Sequence[tuple[float, float]] = (),
    diagonal: bool = False,
    unit: bool = True,
) -> str:
    """Returns a line through points.

    Args:
        x: coordinates.
        y: values.
        names: names of the two axes.
        ends: interval of each value, which is drawn as a whisker. Defaults to none.
        diagonal: True to draw the line of equal coordinates. Defaults to False.
        unit: True if both axes are from 0 to 1. Defaults to True: False fits them to the points.
    """
    found = [*x, *y, *(end for pair in ends for end in pair)] if diagonal else []
    low, high = (0.0, 1.0) if unit else (min(found), max(found))
    size = (high - low) or 1.0

    def place(a: float, b: float) -> tuple[float, float]:
        across = EDGE + (a - low) / size * (WIDTH - 2 * EDGE)
        return across, HEIGHT - EDGE - (b - low) / size * (HEIGHT - 2 * EDGE)

    corner, far = place(low, low), place(high, high)
    frame = (
        f'<rect x="{corner[0]:.0f}" y="{far[1]:.0f}" width="{far[0] - corner[0]:.0f}" '
        f'height="{corner[1] - far[1]:.0f}" fill="none" stroke="#bbb"/>'
    )
    labels = (
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 4}" text-anchor="middle">{escape(names[0])}</text>'
        f'<text x="12" y="{HEIGHT / 2}" text-anchor="middle" '
        f'transform="rotate(-90 12 {HEIGHT / 2})">{escape(names[1])}</text>'
        f'<text x="{corner[0]:.0f}" y="{HEIGHT - 20}" text-anchor="middle">{low:.3g}</text>'
        f'<text x="{far[0]:.0f}" y="{HEIGHT - 20}" text-anchor="middle">{high:.3g}</text>'
    )
    points = [place(a, b) for a, b in zip(x, y, strict=True)]
    parts = [frame, labels]
    if diagonal:
        parts.append(
            f'<line x1="{corner[0]:.1f}" y1="{corner[1]:.1f}" x2="{far[0]:.1f}" y2="{far[1]:.1f}" '
            'stroke="#bbb" stroke-dasharray="4"/>'
        )
    for a, (bottom, top) in zip(x, ends, strict=False):
        (across, first), (_, last) = place(a, bottom), place(a, top)
        parts.append(
            f'<line x1="{across:.1f}" y1="{first:.1f}" x2="{across:.1f}" y2="{last:.1f}" '
            'stroke="#2a6fbb"/>'
        )
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#2a6fbb" stroke-width="2"/>')
    return _svg(WIDTH, HEIGHT, parts)


def figure(picture: str, caption: str) -> str:
    """Returns a picture with its caption.

    Args:
        picture: result of `bars` or `curve`.
        caption: the caption.
    """
    return f"<figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>"


def _svg(width: float, height: float, parts: Iterable[str]) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {width} {height}" width="{width}" font-size="12" '
        f'font-family="system-ui,sans-serif">{"".join(parts)}</svg>'
    )
