"""Programs in a container try to leave it: every attempt, as root and as an ordinary user."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rehearsal.containers.attacked_host import (
    MODULES,
    ORDINARY_PYTHON,
    USERS,
    arranged_host,
    become_nobody,
)
from tests.rehearsal.containers.attacks import ATTACKS

RUNS = [(user, network) for user in USERS for network in ("ISOLATED", "CLUSTER", "INTERNET")]


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
        host = stack.enter_context(arranged_host(folder))
        return _attack(folder, host, user, network)


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
        program = [*become_nobody(), str(ORDINARY_PYTHON), "-B", str(driver)]
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
