"""Functions try to leave their container: every attempt, as root and as an ordinary user."""

import contextlib
import json
import os
import socket
import subprocess
import sys
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

_BOOTSTRAP = """#!/usr/bin/env -S python3 -S
import json, os, platform, stat, sys, time, ctypes
host, attacks = json.load(open('/var/task/plan.json'))
numbers = {'x86_64': (304, 56, 175, 321, 250, 249), 'aarch64': (265, 220, 105, 280, 219, 218)}
names = ('OPEN_BY_HANDLE', 'CLONE', 'INIT_MODULE', 'BPF', 'KEYCTL', 'REQUEST_KEY')
host |= dict(zip(names, numbers[platform.machine()]))
for name, text in attacks.items():
    pid = os.fork()
    if pid == 0:
        scope = {**host, 'os': os, 'stat': stat, 'time': time, 'ctypes': ctypes, 'escaped': 0,
                 'E': ctypes.get_errno}
        try:
            exec(text, scope)
            outcome = str(scope['escaped'] or '')
        except (OSError, ValueError):
            outcome = ''
        except Exception as error:
            outcome = 'the attempt is broken: ' + repr(error)
        print(json.dumps([name, outcome]), flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
"""
FUNCTION_ATTACKS = ATTACKS | {
    "write the code": "open('/var/task/index.py', 'a').close(); escaped = 1",
    "replace the bootstrap": "os.rename('/var/task/bootstrap', '/tmp/b'); escaped = 1",
    "change the mode of the code": "os.chmod('/var/task/bootstrap', 0o777); escaped = 1",
    "write a layer": "open('/opt/new', 'w').close(); escaped = 1",
    "write the runtime": "open('/var/runtime/boto3.py', 'w').close(); escaped = 1",
    "write outside of the temporary folder": (
        "escaped = [p for p in ('/', '/var', '/var/tmp', '/run', '/root', '/home', '/srv')"
        " if os.access(p, os.W_OK) and not os.statvfs(p).f_flag & os.ST_RDONLY]"
    ),
    "see other functions": "escaped = [n for n in os.listdir('/var/task/..') if n == 'code']",
    "see the server's folder": "escaped = os.path.exists(FOLDER)",
    "read the variables of the server": (
        "escaped = [n for n in os.environ if n.startswith(('SECRET', 'GATEWAY', 'STATE', 'PIP_'))"
        " or n in ('HOME', 'TMPDIR', 'USER')]"
    ),
    "become root": "os.setuid(0); escaped = 1",
    "have a capability": (
        "escaped = [l for l in open('/proc/self/status') if l.startswith('CapEff')"
        " and int(l.split()[1], 16)]"
    ),
    "reach another machine": (
        "import socket\nsocket.create_connection(('192.0.2.1', 443), 3); escaped = 1"
    ),
    "reach the gateway's machine by another port": (
        "import socket\n"
        "for port in (22, 80, 53, 2375, 8080, 9001):\n"
        "    try: socket.create_connection(('127.0.0.1', port), 1); escaped = port\n"
        "    except OSError: pass"
    ),
    "look up a name outside of AWS": (
        "import socket\nescaped = socket.getaddrinfo('example.com', 443)"
    ),
    "signal every process": "os.kill(-1, 0); escaped = 0",
    "start more processes than Lambda allows": (
        "import threading\nstarted = 0\n"
        "try:\n"
        "    for _ in range(1100):\n"
        "        if os.fork() == 0:\n"
        "            time.sleep(60); os._exit(0)\n"
        "        started += 1\n"
        "except OSError: pass\n"
        "escaped = started if started > 1090 else 0"
    ),
}


@pytest.fixture(scope="module", params=USERS)
def escaped(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The outcome of each attempt."""
    folder = tmp_path_factory.mktemp("host of a function ü")
    for name in ("code", "layers"):
        (folder / name).mkdir()
    (folder / "ca-bundle.pem").write_text("")
    (folder / "code/bootstrap").write_text(_BOOTSTRAP)
    (folder / "code/bootstrap").chmod(0o755)
    with contextlib.ExitStack() as stack:
        host = stack.enter_context(arranged_host(folder))
        gateway = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        (folder / "code/plan.json").write_text(json.dumps([host, FUNCTION_ATTACKS]))
        driver = Path(__file__).with_name("function_driver.py")
        program = [sys.executable, str(driver)]
        if request.param == "nobody":
            program = [*become_nobody(), str(ORDINARY_PYTHON), "-B", str(driver)]
        done = subprocess.run(
            [*program, MODULES, str(folder), f"https://127.0.0.1:{gateway.getsockname()[1]}"],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "SECRET_OF_THE_SERVER": "SECRET"},
        )
    assert done.returncode == 0, done.stderr
    _, lines = json.loads(done.stdout)
    return dict(json.loads(line) for line in lines if line.startswith("["))


@pytest.mark.parametrize("attempt", FUNCTION_ATTACKS)
def test_an_attempt_to_leave_a_function_fails(escaped: dict[str, str], attempt: str) -> None:
    assert escaped[attempt] == ""


def test_each_attempt_was_made(escaped: dict[str, str]) -> None:
    assert set(escaped) == set(FUNCTION_ATTACKS)
    assert len(FUNCTION_ATTACKS) > 65
