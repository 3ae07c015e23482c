"""A host with things that a program in a container could find, and its users."""

import contextlib
import ctypes
import os
import platform
import shutil
import socket
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from tests.rehearsal.containers.containers import ROOT

_NOBODY = 65_534
_KEYCTL = {"x86_64": (248, 250), "aarch64": (217, 219)}
MODULES = f"{ROOT}:{sysconfig.get_path('purelib')}"
_LIBC = ctypes.CDLL(None, use_errno=True)


def _ordinary_python() -> str | None:
    """A Python that nobody can run, if this user may become nobody."""
    programs = ("/usr/bin/python3", "/usr/local/bin/python3")
    if os.geteuid() or not shutil.which("setpriv"):
        return None
    checks = (
        "import sys; sys.path[:0] = sys.argv[1].split(':'); import rehearsal.containers.container"
    )
    for program in programs:
        if Path(program).exists():
            command = [*become_nobody(), program, "-B", "-c", checks, MODULES]
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                return program
    return None


def become_nobody() -> list[str]:
    return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]


ORDINARY_PYTHON = _ordinary_python()
USERS = ["this user", *(["nobody"] if ORDINARY_PYTHON else [])]


@contextlib.contextmanager
def arranged_host(folder: Path) -> Iterator[dict[str, object]]:
    """Arranges what a program could find outside of its container."""
    (folder / "secret").write_text("SECRET")
    for parent in [folder, *folder.parents]:
        if parent.stat().st_uid == os.getuid() and parent != parent.parent:
            parent.chmod(parent.stat().st_mode | 0o055)
    shared = Path("/dev/shm", f"rehearsal-test-{os.getpid()}")  # noqa: S108
    shared.write_text("SECRET")
    victim = subprocess.Popen(["sleep", "600"])
    key = (os.getpid() << 8) | 1
    segment = _LIBC.shmget(key, 4096, 0o1000 | 0o666)
    add_key, _ = _KEYCTL[platform.machine()]
    _LIBC.syscall(add_key, b"user", b"rehearsal-test", b"SECRET", 6, -3)
    abstract = f"rehearsal-test-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as service,
        socket.socket(socket.AF_UNIX) as nameless,
        socket.socket(socket.AF_UNIX) as named,
    ):
        nameless.bind(f"\0{abstract}")
        nameless.listen()
        named.bind(os.path.relpath(folder / "socket"))
        named.listen()
        disk = os.stat("/").st_dev  # noqa: PTH116
        try:
            yield {
                "FOLDER": str(folder),
                "HOME": str(Path.home()),
                "VICTIM": victim.pid,
                "PORT": service.getsockname()[1],
                "ABSTRACT": abstract,
                "SHARED": shared.name,
                "SYSV": key,
                "DISK": [os.major(disk), os.minor(disk)],
            }
        finally:
            victim.kill()
            victim.wait()
            shared.unlink()
            _LIBC.shmctl(segment, 0, None)
