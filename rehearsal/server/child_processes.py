"""The child processes of the server, which end with it."""

import ctypes
import logging
import os
import signal
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_log = logging.getLogger("rehearsal.server")


def adopt_orphans() -> None:
    """Makes this process the parent of orphaned descendants, so that it can end them."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        _log.warning("Orphaned processes cannot be adopted: %s", os.strerror(ctypes.get_errno()))


def end_children(grace: float) -> None:
    """Ends all descendants: SIGTERM, then SIGKILL for those that run after `grace` seconds."""
    for pid in descendants():
        _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while _running() and time.monotonic() < deadline:
        time.sleep(0.05)
    while running := _running():  # a killed process may leave children
        for pid in running:
            _signal(pid, signal.SIGKILL)
        time.sleep(0.02)
        if time.monotonic() > deadline + 1:
            _log.error("Processes %s do not end", running)
            break
    _reap()


def _reap() -> None:
    """Reaps the ended children, as the init process of a container may not."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return  # none is left


def descendants() -> list[int]:
    """Returns the process ids of all children, grandchildren and further descendants."""
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
    """Returns the state and the parent of a process, or ("", 0) if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "", 0
    # The name in parentheses may contain spaces and parentheses.
    state, parent, *_ = text.rpartition(")")[2].split()
    return state, int(parent)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it ended by itself
