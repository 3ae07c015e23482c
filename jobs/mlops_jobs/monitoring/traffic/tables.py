"""Captured traffic as tables of strings, read in pieces so that memory does not grow with it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import polars as pl

from mlops_jobs.monitoring.settings import Window, moment
from mlops_jobs.monitoring.traffic.capture import CSV, Body, body_of, document_of, parts_of
from mlops_jobs.monitoring.traffic.rows import Rows, is_heading, layouts, name_rows, read_rows
from mlops_jobs.monitoring.traffic.source import CHUNK_BYTES, Chunk

REQUEST, RESPONSE = "endpointInput", "endpointOutput"
MAX_TIMES = 4096  # that are remembered
# Characters that need the CSV parser of Python: quotes, carriage returns and byte order marks.
SPECIAL = ('"', "\r", "\ufeff")


@dataclass(kw_only=True)
class Piece:
    """A part of the traffic.

    Args:
        variant: variant of the endpoint; "" if it is unknown. Defaults to "".
        calls: number of calls. Defaults to 0.
        requests: requests, in tables of strings that may differ in their columns. Defaults to none.
        plain_responses: responses in CSV. Defaults to none.
        responses: bodies of further responses. Defaults to none.
        misfits: rows without names that have another number of cells than there are columns, by
            that number. Defaults to none.
        unreadable: number of requests that are neither CSV nor JSON. Defaults to 0.
        not_captured: number of calls without their request. Defaults to 0.
    """

    variant: str = ""
    calls: int = 0
    requests: list[pl.DataFrame] = field(default_factory=list)
    responses: list[Body] = field(default_factory=list)
    plain_responses: list[str] = field(default_factory=list)
    misfits: Counter[int] = field(default_factory=Counter)
    unreadable: int = 0
    not_captured: int = 0


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Columns of requests.

    Args:
        names: all columns of a row without names. Defaults to none: `_c0`, `_c1` and so on.
        target: name of the column that requests may omit. Defaults to "": none.
        path: JMESPath of the rows in JSON requests. Defaults to "": see `read_rows`.
        side: member of captured calls with the rows. Defaults to `endpointInput`.
    """

    names: Sequence[str] = ()
    target: str = ""
    path: str = ""
    side: str = REQUEST


def pieces(
    chunks: Iterable[Chunk], window: Window | None, columns: Columns, *, responses: bool
) -> Iterator[Piece]:
    """Reads capture files.

    Args:
        chunks: lines of the files.
        window: time window of the calls.
        columns: columns of requests.
        responses: True to return the responses too.

    Raises:
        InputError: a line is not of a capture file.
    """
    reader = _Reader(window, columns, responses=responses)
    for chunk in chunks:
        if reader.variant != chunk.variant or reader.size > CHUNK_BYTES:
            yield from reader.piece()
        reader.read(chunk)
    yield from reader.piece()


class _Reader:
    """Bodies of calls that have not become a piece yet."""

    def __init__(self, window: Window | None, columns: Columns, *, responses: bool) -> None:
        self._window, self._columns, self._responses = window, columns, responses
        self._times: dict[str, bool] = {}  # calls of one second have one time
        self._start("")

    def _start(self, variant: str) -> None:
        self.variant, self.size = variant, 0
        self._plain: list[str] = []
        self._others: list[Body] = []
        self._piece = Piece(variant=variant)

    def read(self, chunk: Chunk) -> None:
        if not self._piece.calls:
            self._start(chunk.variant)
        self.size += len(chunk.content)
        if chunk.too_long:
            self._piece.calls += 1
            self._piece.unreadable += 1
            return
        # The loop runs for each call of a window, so it does as little as possible.
        plain, calls, side = self._plain.append, 0, self._columns.side
        for number, line in enumerate(chunk.content.split(b"\n"), start=chunk.first):
            if not line or line.isspace():
                continue
            try:
                document = orjson.loads(line)
                captured, metadata = document["captureData"], document["eventMetadata"]
                request = captured.get(side)
                time = metadata.get("inferenceTime") if self._window is not None else None
            except (AttributeError, KeyError, TypeError, ValueError):
                # Slower, and with the location of the line in its errors.
                place = _place(chunk, number)
                captured, metadata = parts_of(place, document_of(place, line))
                request, time = captured.get(side), metadata.get("inferenceTime")
            if time and self._window is not None and not self._holds(time, chunk, number):
                continue
            calls += 1
            if request is None:
                self._piece.not_captured += 1
            elif type(data := _plain(request)) is str:
                plain(data)
            else:
                body = body_of(_place(chunk, number), request)
                self._others += [body] if body is not None else []
            if self._responses:
                self._read_response(captured.get(RESPONSE), chunk, number)
        self._piece.calls += calls

    def _holds(self, time: str, chunk: Chunk, number: int) -> bool:
        found = self._times.get(time)
        if found is None:
            if len(self._times) >= MAX_TIMES:
                self._times.clear()
            inside = moment(time, f"{_place(chunk, number)}: inferenceTime")
            found = self._times[time] = self._window is None or self._window.holds(inside)
        return found

    def _read_response(self, side: Any, chunk: Chunk, number: int) -> None:
        data = _plain(side)
        if data is not None:
            self._piece.plain_responses.append(data)
        elif side is not None:
            body = body_of(_place(chunk, number), side)
            self._piece.responses += [body] if body is not None else []

    def piece(self) -> Iterator[Piece]:
        found = self._piece
        if found.calls:
            add_requests(found, self._plain, self._others, self._columns)
            yield found
        self._start("")


def _plain(side: Any) -> str | None:
    """Returns the data of a CSV body; None if it has another encoding."""
    if type(side) is dict and side.get("encoding") == "CSV":
        data = side.get("data")
        return data if type(data) is str else None
    return None


def _place(chunk: Chunk, number: int) -> str:
    return f"{chunk.place}, line {number}"


def add_requests(
    piece: Piece, plain: Sequence[str], others: Sequence[Body], columns: Columns
) -> None:
    """Adds requests to a piece.

    Args:
        piece: the piece.
        plain: requests in CSV.
        others: further requests.
        columns: columns of requests.
    """
    special = [*others]
    text = "\n".join(plain)
    if any(mark in text for mark in SPECIAL):
        marked = [any(mark in body for mark in SPECIAL) for body in plain]
        special += [_csv(body) for body, one in zip(plain, marked, strict=True) if one]
        plain = [body for body, one in zip(plain, marked, strict=True) if not one]
        text = "\n".join(plain)
    headed = _headed(plain, columns.names)
    if headed:
        special += [_csv(plain[at]) for at in sorted(headed)]
        text = "\n".join(body for at, body in enumerate(plain) if at not in headed)
    _add_lines(piece, text, columns)
    if special:
        rows = read_rows(special, columns.names, target=columns.target, path=columns.path)
        piece.misfits += rows.misfits
        piece.unreadable += rows.unreadable
        piece.requests += _tables(rows.named)


def _csv(body: str) -> Body:
    return Body(content=body.encode(), kind=CSV)


def _headed(bodies: Sequence[str], names: Sequence[str]) -> set[int]:
    """Returns the positions of bodies that begin with a heading."""
    if not names or not bodies:
        return set()
    known = set(names)
    suspects = pl.Series(bodies, dtype=pl.String).str.contains_any(list(known)).arg_true()
    return {
        at
        for at in suspects.to_list()
        if is_heading(
            [cell.strip() for cell in bodies[at].lstrip("\n").split("\n", 1)[0].split(",")], known
        )
    }


def _add_lines(piece: Piece, text: str, columns: Columns) -> None:
    lines = pl.Series("line", text.split("\n"), dtype=pl.String)
    lines = lines.filter(lines.str.len_bytes() > 0)
    if not len(lines):
        return
    widths = layouts(columns.names, columns.target) if columns.names else {}
    cells = lines.str.count_matches(",", literal=True) + 1
    for width, count in cells.value_counts().sort("line").iter_rows():
        if not columns.names:
            names = [f"_c{index}" for index in range(width)]
        elif width in widths:
            names = widths[width]
        else:
            piece.misfits[width] += count
            continue
        chosen = lines if count == len(lines) else lines.filter(cells == width)
        piece.requests.append(_table(chosen, names))


def _table(lines: pl.Series, names: Sequence[str]) -> pl.DataFrame:
    if len(names) == 1:  # the parser skips lines that are empty but for white space
        return pl.DataFrame({names[0]: lines})
    return pl.read_csv(
        "\n".join(lines.to_list()).encode(),
        has_header=False,
        schema=dict.fromkeys(names, pl.String),
        quote_char=None,
    )


def _tables(rows: Sequence[dict[str, Any]]) -> list[pl.DataFrame]:
    """Returns rows as tables; rows with the same columns are in one."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row), []).append(row)
    return [
        pl.DataFrame(
            {name: [_text(row[name]) for row in group] for name in names},
            schema=dict.fromkeys(names, pl.String),
        )
        for names, group in groups.items()
        if names
    ]


def add_rows(piece: Piece, rows: Sequence[Any], columns: Columns) -> None:
    """Adds rows to a piece.

    Args:
        piece: the piece.
        rows: rows, each as a list of cells or by column name.
        columns: columns of a row without names.
    """
    found = Rows()
    name_rows(found, rows, columns.names, columns.target)
    piece.misfits += found.misfits
    piece.requests += _tables(found.named)


def _text(cell: Any) -> str | None:
    return None if cell is None else str(cell)
