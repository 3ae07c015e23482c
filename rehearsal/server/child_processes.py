"""The processes below this one: kept together, and ended together."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_log = logging.getLogger("rehearsal.server")


def adopt_orphans() -> None:
    """Makes processes whose parent ends children of this one, so that none gets away."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        _log.warning("Orphaned processes cannot be adopted: %s", os.strerror(ctypes.get_errno()))


def end_children(grace: float) -> None:
    """Asks every descendant to end, then kills those that have not within `grace` seconds."""
    for pid in descendants():
        _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while _running() and time.monotonic() < deadline:
        time.sleep(0.05)
    while running := _running():  # killing one may uncover its children
        for pid in running:
            _signal(pid, signal.SIGKILL)
        time.sleep(0.02)
        if time.monotonic() > deadline + 1:
            _log.error("Processes %s do not end", running)
            break
    _reap()


def _reap() -> None:
    """Takes note of the ended children, as not every machine's init does."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return  # none is left


def descendants() -> list[int]:
    """The process ids of all children, grandchildren and so on."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            parent = _status(int(entry.name))[1]
            parents.setdefault(parent, []).append(int(entry.name))
    found: list[int] = []
    pending = [os.getpid()]
    while pending:
        children = parents.get(pending.pop(), [])
        found += children
        pending += children
    return found


def _running() -> list[int]:
    return [pid for pid in descendants() if _status(pid)[0] not in ("Z", "X", "")]


def _status(pid: int) -> tuple[str, int]:
    """State and parent of a process; ("", 0) when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "", 0
    # The name in parentheses may hold spaces and parentheses of its own.
    state, parent, *_ = text.rpartition(")")[2].split()
    return state, int(parent)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it ended by itself
