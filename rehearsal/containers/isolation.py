"""Support of this machine for the isolation of containers."""

import functools
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_PROBE = """
import os, sys, tempfile
sys.path.insert(0, sys.argv[1])
from rehearsal.containers import syscalls
user, group = os.getuid(), os.getgid()
syscalls.unshare(syscalls.NEW_USER | syscalls.NEW_MOUNT | syscalls.NEW_PID | syscalls.NEW_NETWORK
              | syscalls.NEW_IPC | syscalls.NEW_HOSTNAME)
syscalls.map_user(user, group)
child = os.fork()
if child == 0:
    try:
        syscalls.make_private()
        syscalls.mount("tmpfs", "/tmp", "tmpfs")
        os.mkdir("/tmp/proc")
        syscalls.mount("proc", "/tmp/proc", "proc")
    except OSError as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@dataclass(frozen=True)
class Isolation:
    """The kind of isolation, `namespaces` or None without support, and its reason."""

    kind: str | None
    reason: str


class IsolationUnavailableError(Exception):
    """This machine does not support containers."""


@functools.cache
def isolation() -> Isolation:
    """Probes once for new namespaces, a tmpfs and a new /proc, which all containers need."""
    if sys.platform != "linux":
        return Isolation(None, f"containers require Linux namespaces; got {sys.platform}")
    root = Path(__file__).resolve().parents[2]
    probe = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _PROBE, str(root)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if probe.returncode == 0:
        return Isolation("namespaces", "user, mount, process, network, IPC, host name namespaces")
    lines = probe.stderr.strip().splitlines() or [f"exit code {probe.returncode}"]
    return Isolation(None, f"unprivileged user namespaces are not permitted ({lines[-1]})")


def require_isolation() -> None:
    """Checks that this machine supports containers.

    Raises:
        IsolationUnavailableError: it does not.
    """
    found = isolation()
    if found.kind is None:
        raise IsolationUnavailableError(
            f"This machine does not support containers: {found.reason}. Allow unprivileged user "
            "namespaces (sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces > 0, "
            "on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0), or, in Docker, run "
            "the container with --privileged."
        )
