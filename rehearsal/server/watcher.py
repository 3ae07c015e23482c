"""The process that watches the server, and records how it ended.

Nothing else could say why: a process that the kernel ends for want of memory writes no log.
"""

import json
import os
import signal
import time
from pathlib import Path
from types import FrameType

FILE_NAME = "exit.json"


def fork(state: Path) -> int | None:
    """Continues as the server in a child process; the parent waits for its end.

    A signal for the parent is passed on to the server.

    Args:
        state: the state directory, which receives exit.json if the server does not end orderly.

    Returns:
        None in the child; in the parent, the exit status of the server (128 + the signal that ended
        it).
    """
    (state / FILE_NAME).unlink(missing_ok=True)
    kills = _memory_kills()
    server = os.fork()
    if server == 0:
        return None

    def pass_on(number: int, _: FrameType | None) -> None:
        os.kill(server, number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, pass_on)
    _, status = os.waitpid(server, 0)
    code = os.waitstatus_to_exitcode(status)
    if code:
        found = {
            "pid": server,
            "time": time.time(),
            "signal": -code if code < 0 else None,
            "status": code if code > 0 else None,
            "memory_kills": _memory_kills() - kills,
        }
        draft = state / f"{FILE_NAME}.draft"
        draft.write_text(json.dumps(found) + "\n")
        draft.replace(state / FILE_NAME)
    return 128 - code if code < 0 else code


def _memory_kills() -> int:
    """Returns how many processes the kernel has ended for want of memory since it started."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
