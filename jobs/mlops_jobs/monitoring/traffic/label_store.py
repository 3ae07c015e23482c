"""Ground truth labels by the ids of calls, in a file, so that memory does not grow with them."""

import sqlite3
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from mlops_jobs.monitoring.traffic.capture import Event, ground_truth

_LABELS_PER_WRITE = 10_000


class LabelStore:
    """Ground truth labels of a window, as a context manager that deletes them at its end.

    Ids are looked up in the order of the calls, which is not that of the labels, and both are
    larger than the memory in a busy hour.
    """

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="labels-")
        self._database = sqlite3.connect(Path(self._folder.name) / "labels.sqlite")
        # The file is deleted at the end: nothing has to survive a crash.
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(
            "CREATE TABLE labels (id TEXT PRIMARY KEY, labels BLOB NOT NULL, "
            "repeated INTEGER NOT NULL DEFAULT 0, used INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID"
        )
        self._filled = False
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()
        self._folder.cleanup()

    def read(self, lines: Iterable[tuple[str, str]]) -> None:
        """Stores labels; of labels with the same id, the last one counts.

        Args:
            lines: lines of ground truth files, each with its location.

        Raises:
            InputError: a line is not of a ground truth file.
        """
        waiting: list[tuple[str, bytes]] = []
        for identity, labels in ground_truth(lines):
            waiting.append((identity, orjson.dumps(labels)))
            if len(waiting) == _LABELS_PER_WRITE:
                self._write(waiting)
        self._write(waiting)

    def _write(self, waiting: list[tuple[str, bytes]]) -> None:
        self._filled = self._filled or bool(waiting)
        self._database.executemany(
            "INSERT INTO labels (id, labels) VALUES (?, ?) ON CONFLICT (id) "
            "DO UPDATE SET labels = excluded.labels, repeated = 1",
            waiting,
        )
        waiting.clear()

    def labels_of(self, event: Event) -> tuple[str, ...]:
        """Returns the labels of a call: its own, or those of its inference id or event id.

        Args:
            event: the call.

        Returns:
            The labels; none if they are unknown.
        """
        if not self._filled:
            return event.labels
        found = dict(
            self._database.execute(
                "SELECT id, labels FROM labels WHERE id IN (?, ?)",
                (event.inference_id, event.event_id),
            ).fetchall()
        )
        if found:
            self._database.executemany(
                "UPDATE labels SET used = 1 WHERE id = ? AND used = 0", [(one,) for one in found]
            )
        for identity in (event.inference_id, event.event_id):
            if not event.labels and identity in found:
                return tuple(orjson.loads(found[identity]))
        return event.labels

    @property
    def unmatched(self) -> int:
        """Number of ids of labels that no call has had so far."""
        return self._count("used = 0")

    @property
    def repeated(self) -> int:
        """Number of ids of calls that have more than one label."""
        return self._count("used = 1 AND repeated = 1")

    def _count(self, condition: str) -> int:
        # The condition is one of the two above.
        query = f"SELECT COUNT(*) FROM labels WHERE {condition}"  # noqa: S608
        count: int = self._database.execute(query).fetchone()[0]
        return count
