"""Live progress: a table on a terminal, one line per change elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from rehearsal.client.errors import explain

Path = tuple[str, ...]


class Status(StrEnum):
    """The status of a row."""

    WAITING = "waiting"
    RUNNING = "running"
    APPROVAL = "pending approval"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def ended(self) -> bool:
        """True if the status is final."""
        return self in (Status.SUCCEEDED, Status.FAILED, Status.STOPPED)


_MARKS = {
    Status.WAITING: ("·", "dim"),
    Status.RUNNING: ("▶", "cyan"),
    Status.APPROVAL: ("?", "yellow"),
    Status.SUCCEEDED: ("✓", "green"),
    Status.FAILED: ("✗", "red"),
    Status.STOPPED: ("■", "yellow"),
}


@dataclass
class Row:
    """A stage, action, step or trial; times are seconds since the epoch."""

    path: Path
    status: Status = Status.WAITING
    detail: str = ""
    started: float | None = None
    ended: float | None = None

    def seconds(self, now: float) -> float | None:
        """Returns the duration until `now`; None if the row has not started."""
        return None if self.started is None else (self.ended or now) - self.started


@dataclass
class Board:
    """The rows of a run in order of appearance. It is safe for threads.

    As a context manager it draws the rows while they change.
    """

    console: Console = field(default_factory=Console)
    rows: dict[Path, Row] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.began = time.time()
        self._lock = threading.RLock()
        self._live: Live | None = None

    def __enter__(self) -> Board:
        if self.console.is_terminal:
            self._live = Live(
                console=self.console, get_renderable=self.render, refresh_per_second=4,
                transient=False, vertical_overflow="visible",
            )  # fmt: skip
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()
            self._live = None

    def update(
        self,
        path: Path,
        status: Status | None = None,
        detail: str | None = None,
        *,
        started: float | None = None,
        ended: float | None = None,
    ) -> None:
        """Updates a row, or adds it.

        Args:
            path: path of the row below its chapter.
            status: the new status. Defaults to None: unchanged.
            detail: the new detail. Defaults to None: unchanged.
            started: start in seconds since the epoch. Defaults to None: the first update to a
                status other than waiting.
            ended: end in seconds since the epoch. Defaults to None: the update to a final status.
        """
        with self._lock:
            row = self.rows.setdefault(path, Row(path))
            changed = status is not None and status != row.status
            if detail is not None and detail != row.detail:
                row.detail = detail
                changed = changed or row.status is not Status.WAITING
            if status is not None:
                row.status = status
            if row.status is not Status.WAITING and row.started is None:
                row.started = time.time()
            row.started = started if started is not None else row.started
            if row.status.ended:
                row.ended = ended if ended is not None else row.ended or time.time()
            if changed and self._live is None:
                self._print(row)

    @contextmanager
    def step(self, *path: str, detail: str = "") -> Iterator[Row]:
        """Adds a row that runs during the block, and fails if the block raises."""
        with self.begun(*path, detail=detail) as row:
            yield row
        self.update(path, Status.SUCCEEDED)

    @contextmanager
    def begun(self, *path: str, detail: str = "") -> Iterator[Row]:
        """Adds a row that still runs after the block, and fails if the block raises."""
        self.update(path, Status.RUNNING, detail or None)
        try:
            yield self.rows[path]
        except BaseException as error:
            stopped = isinstance(error, KeyboardInterrupt)
            problem = explain(error)
            reason = "interrupted" if stopped else (problem.what if problem else str(error))
            self.update(path, Status.STOPPED if stopped else Status.FAILED, reason)
            raise

    def ordered(self) -> list[Row]:
        """Returns all rows, children directly below their parents."""
        with self._lock:
            rows = list(self.rows.values())
        children: dict[Path, list[Row]] = {}
        for row in rows:
            parent = row.path[:-1]
            while parent and parent not in self.rows:
                parent = parent[:-1]
            children.setdefault(parent, []).append(row)

        def below(parent: Path) -> Iterator[Row]:
            for row in children.get(parent, []):
                yield row
                yield from below(row.path)

        return list(below(()))

    def deepest_failure(self) -> Path:
        """Returns the path of the innermost row that failed; empty if none failed."""
        failed = [row.path for row in self.ordered() if row.status is Status.FAILED]
        return max(failed, key=len, default=())

    def render(self) -> Group:
        """Returns the rows as a table for a terminal."""
        now = time.time()
        # Fixed widths keep the table in place while details change.
        table = Table.grid(expand=True, padding=(0, 2, 0, 0))
        table.add_column("step", width=40, no_wrap=True, overflow="ellipsis")
        table.add_column("seconds", width=8, justify="right")
        table.add_column("detail", ratio=1, no_wrap=True, overflow="ellipsis")
        rows = self.ordered()
        for row in rows[-max(self.console.height - 3, 5) :]:
            mark, style = _MARKS[row.status]
            seconds = row.seconds(now)
            table.add_row(
                Text(f"{'  ' * (len(row.path) - 1)}{mark} {row.path[-1]}", style=style),
                "" if seconds is None else f"{seconds:.1f} s",
                Text(row.detail.splitlines()[0] if row.detail else "", style="dim"),
            )
        return Group(table, Text(f"{now - self.began:.0f} s elapsed", style="dim"))

    def _print(self, row: Row) -> None:
        now = time.time()
        mark, style = _MARKS[row.status]
        seconds = row.seconds(now) if row.status.ended else None
        took = "" if seconds is None else f" ({seconds:.1f} s)"
        detail = f" {row.detail}" if row.detail else ""
        self.console.print(
            f"[dim]{now - self.began:7.1f} s[/dim] [{style}]{mark}[/{style}] "
            f"{escape(' / '.join(row.path))}: {row.status}{took}{escape(detail)}",
            soft_wrap=True,
            highlight=False,
        )
