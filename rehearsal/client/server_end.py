"""Reads how the last local AWS ended, if it was not stopped."""

import json
import re
import signal
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rehearsal.client.process_tree import boot_id

_LOG_LINES = 3
_RECORD = re.compile(r"\d{4}-\d\d-\d\d ")  # lines of a traceback do not begin so


@dataclass(frozen=True)
class ServerEnd:
    """The end of a local AWS that was not stopped.

    Args:
        pid: the process.
        when: the time of its end, or of its last sign of life.
        why: the reason, as far as it is known.
        log: the last lines of its log.
    """

    pid: int
    when: datetime
    why: str
    log: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The end in one sentence."""
        return f"Process {self.pid} died at {self.when:%Y-%m-%d %H:%M:%S}: {self.why}"


def read(directory: Path) -> ServerEnd | None:
    """Returns how the last local AWS died; None if it was stopped or never ran.

    Args:
        directory: the state directory of a local AWS that does not run.
    """
    endpoint = _json(directory / "endpoint.json")
    if not isinstance(endpoint.get("pid"), int):
        return None
    pid = endpoint["pid"]
    ended = _json(directory / "exit.json")
    if ended.get("pid") != pid:
        ended = {}
    signs = [directory / name for name in ("private/services.state", "server.log", "endpoint.json")]
    last = max(path.stat().st_mtime for path in signs if path.exists())
    log = directory / "server.log"
    text = log.read_text(errors="replace") if log.exists() else ""
    lines = [line for line in text.splitlines() if _RECORD.match(line)][-_LOG_LINES:]
    return ServerEnd(
        pid=pid,
        when=datetime.fromtimestamp(ended.get("time", last)).astimezone(),
        why=_reason(endpoint, ended),
        log=tuple(lines),
    )


def interruptions(directory: Path) -> list[str]:
    """Returns what the end of the last local AWS has interrupted, as the present one reports it."""
    return [str(line) for line in _json(directory / "restored.json").get("interrupted", [])]


def _reason(endpoint: dict[str, Any], ended: dict[str, Any]) -> str:
    if ended.get("signal"):
        number = int(ended["signal"])
        known = {one.value: one.name for one in signal.Signals}
        name = known.get(number, f"signal {number}")
        if ended.get("memory_kills"):
            return f"the kernel ended it with {name}, as the machine ran out of memory."
        return f"{name} ended it."
    if ended.get("status"):
        return f"it failed with exit status {ended['status']}."
    if endpoint.get("boot_id") and endpoint["boot_id"] != boot_id():
        return "the machine was restarted."
    return "the reason is not known, as what watched it has ended, too."


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
