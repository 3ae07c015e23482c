"""Programs end with this process, with all their descendants."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rehearsal.client import process_tree
from rehearsal.client.process_tree import Commands, MemoryMeter, ProcessId


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.02)


def test_a_command_gives_its_status_and_its_lines_as_they_come() -> None:
    seen: list[str] = []
    finished = Commands().run(
        ["sh", "-c", "echo one; echo two >&2; exit 3"],
        environment=os.environ,
        on_line=seen.append,
    )
    assert (finished.status, list(finished.lines)) == (3, ["one", "two"])
    assert seen == ["one", "two"]


def test_closing_ends_a_command_with_its_grandchildren_even_those_that_ignore_sigterm(
    tmp_path: Path,
) -> None:
    note = tmp_path / "pid"
    commands = Commands()
    script = f"trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > {note}; sleep 1000'"

    def work() -> None:
        with contextlib.suppress(KeyboardInterrupt):
            commands.run(["sh", "-c", script], environment=os.environ)

    thread = threading.Thread(target=work)
    thread.start()
    wait_for(lambda: note.exists() and note.read_text().strip() != "")
    grandchild = int(note.read_text())
    commands.close()
    thread.join(60)
    assert not thread.is_alive()
    wait_for(lambda: process_tree.identify(grandchild) is None)


def test_a_command_whose_reader_is_interrupted_ends() -> None:
    seen: list[int] = []

    def interrupt(line: str) -> None:
        seen.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Commands().run(
            ["sh", "-c", "echo $$; sleep 1000"], environment=os.environ, on_line=interrupt
        )
    assert process_tree.identify(seen[0]) is None


def test_a_command_that_closing_ended_was_interrupted_and_has_not_failed() -> None:
    commands, raised = Commands(), threading.Event()

    def work() -> None:
        try:
            commands.run(["sleep", "1000"], environment=os.environ)
        except KeyboardInterrupt:
            raised.set()

    thread = threading.Thread(target=work)
    thread.start()
    wait_for(lambda: any(m.pid != os.getpid() for m in process_tree.family([os.getpid()])))
    commands.close()
    thread.join(60)
    assert raised.is_set()


def test_nothing_starts_after_the_end() -> None:
    commands = Commands()
    commands.close()
    with pytest.raises(KeyboardInterrupt):
        commands.run(["true"], environment=os.environ)


def test_a_family_holds_descendants_and_the_session_that_its_root_leads() -> None:
    script = "import subprocess, time; subprocess.Popen(['sleep', '1000']); time.sleep(1000)"
    with subprocess.Popen([sys.executable, "-c", script], start_new_session=True) as root:
        wait_for(lambda: len(process_tree.family([root.pid])) == 2)
        members = process_tree.family([root.pid])
        process_tree.send([m for m in members if m.pid == root.pid], signal.SIGKILL)
        root.wait()
        orphans = process_tree.family([root.pid])
        assert len(orphans) == 1  # reparented, but of the same session
        process_tree.send(orphans, signal.SIGKILL)
        assert process_tree.wait_until_gone(orphans, 60) == []


def test_a_process_with_a_reused_id_gets_no_signal() -> None:
    with subprocess.Popen(["sleep", "1000"]) as process:
        process_tree.send([ProcessId(process.pid, "0")], signal.SIGKILL)
        assert process.poll() is None
        process.kill()


def test_peak_memory_counts_children() -> None:
    meter = MemoryMeter(lambda: [os.getpid()], interval=0.05)
    alone = process_tree.memory(os.getpid())
    meter.start()
    script = "x = bytearray(80_000_000); x[::4096] = b'1' * len(x[::4096]); input()"
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as child:
        wait_for(lambda: meter.peak_bytes > alone + 60_000_000)
        child.communicate(b"\n")
    meter.stop()


def test_a_process_that_has_ended_uses_no_memory() -> None:
    assert process_tree.memory(2**22 + 1) == 0
    assert process_tree.identify(2**22 + 1) is None
