"""Programs in a container try to leave it: every attempt, as root and as an ordinary user."""

import contextlib
import ctypes
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rehearsal.containers.attacks import ATTACKS
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
            command = [*_become_nobody(), program, "-B", "-c", checks, MODULES]
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                return program
    return None


def _become_nobody() -> list[str]:
    return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"]


ORDINARY_PYTHON = _ordinary_python()
USERS = ["this user", *(["nobody"] if ORDINARY_PYTHON else [])]
RUNS = [(user, network) for user in USERS for network in ("ISOLATED", "INTERNET")]


@dataclass(frozen=True)
class Outcome:
    """What the attempts of one container found, and what they left on the host."""

    escaped: dict[str, str]
    host_name: str
    shared_memory: list[str]
    null_mode: int


@pytest.fixture(scope="module", params=RUNS, ids="-".join)
def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    user, network = request.param
    folder = tmp_path_factory.mktemp("host of a container ü")
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(_arranged_host(folder))
        return _attack(folder, host, user, network)


@contextlib.contextmanager
def _arranged_host(folder: Path) -> Iterator[dict[str, object]]:
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


def _attack(folder: Path, host: dict[str, object], user: str, network: str) -> Outcome:
    work, fixed = folder / "work", folder / "fixed"
    for path in (work, fixed):
        path.mkdir()
        path.chmod(0o777)
    (work / "plan.json").write_text(json.dumps([host, ATTACKS]))
    (fixed / "file").write_text("fixed\n")
    (fixed / "file").chmod(0o666)
    driver = Path(__file__).with_name("attack_driver.py")
    program = [sys.executable, str(driver)]
    if user == "nobody":
        program = [*_become_nobody(), str(ORDINARY_PYTHON), "-B", str(driver)]
    inherited = os.open(folder / "secret", os.O_RDONLY)
    threading.Thread(target=_create_later, args=(folder,), daemon=True).start()
    try:
        done = subprocess.run(
            [*program, MODULES, str(work), str(fixed), network],
            capture_output=True,
            text=True,
            check=False,
            pass_fds=[inherited],
            env={"PATH": os.environ["PATH"], "SECRET_OF_THE_SERVER": "SECRET"},
        )
    finally:
        os.close(inherited)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [0, ["done"]], done.stderr
    assert (fixed / "file").read_text() == "fixed\n"
    lines = (work / "outcomes").read_text().splitlines()
    return Outcome(
        dict(map(json.loads, lines)),
        socket.gethostname(),
        [path.name for path in Path("/dev/shm").iterdir()],  # noqa: S108
        Path("/dev/null").stat().st_mode & 0o777,
    )


def _create_later(folder: Path) -> None:
    while folder.exists() and not (folder / "work/ready").exists():
        threading.Event().wait(0.02)
    if folder.exists():
        (folder / "later").write_text("SECRET")
        (folder / "work/go").touch()


@pytest.mark.parametrize("attempt", ATTACKS)
def test_an_attempt_to_leave_a_container_fails(outcome: Outcome, attempt: str) -> None:
    assert outcome.escaped[attempt] == ""


def test_nothing_of_the_host_was_changed(outcome: Outcome) -> None:
    assert outcome.host_name != "taken"
    assert "from-container" not in outcome.shared_memory
    assert outcome.null_mode == 0o666


def test_each_attempt_was_made(outcome: Outcome) -> None:
    assert set(outcome.escaped) == set(ATTACKS)
    assert len(ATTACKS) > 50
