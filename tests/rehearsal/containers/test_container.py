"""Containers: visible files and processes, and their end."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest

from rehearsal.containers import isolation
from rehearsal.containers.container import Container
from rehearsal.containers.image import Image
from rehearsal.containers.interpreter import running_interpreter
from rehearsal.containers.mounts import Mount
from tests.rehearsal.containers.containers import (
    ROOT,
    processes_with,
    python,
    shell,
    started,
    until_none,
)


class TestVisibility:
    def test_its_environment_is_what_docker_gives_and_what_was_asked_for(
        self, plain_image: Image, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SECRET_OF_THE_HOST", "hidden")
        _, lines = shell(plain_image, "env", environment={"GIVEN": "yes"})
        names = {line.partition("=")[0] for line in lines}
        assert names - {"PWD", "SHLVL", "_", "OLDPWD"} == {"PATH", "HOME", "HOSTNAME", "GIVEN"}

    def test_it_is_root_with_dockers_capabilities_only(self, plain_image: Image) -> None:
        _, lines = shell(plain_image, "id -u; grep CapEff /proc/self/status; mount -o rw,remount /")
        assert lines[0] == "0"
        assert lines[1].split()[1] == "00000000a80425fb"  # what `docker run` shows
        assert "denied" in lines[2] or "permitted" in lines[2]

    def test_host_files_cannot_be_written(self, plain_image: Image) -> None:
        code, lines = shell(plain_image, "touch /etc/mark /usr/mark || exit 9")
        assert code == 9
        assert all("Read-only file system" in line for line in lines)
        assert not Path("/etc/mark").exists()

    def test_the_checkout_the_home_and_the_temporary_files_are_hidden(
        self, plain_image: Image, tmp_path: Path
    ) -> None:
        (tmp_path / "mark").touch()
        checks = [f"test -e {path}" for path in (ROOT / "pyproject.toml", tmp_path / "mark")]
        code, _ = shell(plain_image, " || ".join([*checks, "ls -A /tmp | grep ."]))
        assert code == 1

    def test_other_processes_are_hidden(self, plain_image: Image) -> None:
        _, lines = python(
            plain_image, "import os; print(len([p for p in os.listdir('/proc') if p.isdigit()]))"
        )
        assert lines == ["2"]  # init and the program

    def test_a_mount_is_shared_both_ways(self, plain_image: Image, tmp_path: Path) -> None:
        (tmp_path / "in").write_text("from the host")
        mounts = [Mount(tmp_path, "/opt/ml", writable=True)]
        shell(plain_image, "cp /opt/ml/in /opt/ml/out", mounts=mounts)
        assert (tmp_path / "out").read_text() == "from the host"
        assert (tmp_path / "out").stat().st_uid == os.getuid()

    def test_layers_are_at_opt_and_cannot_be_changed(self, tmp_path: Path) -> None:
        (tmp_path / "code.txt").write_text("layer\n")
        image = Image(
            digest="sha256:x", interpreter=running_interpreter(), opt={"program": tmp_path}
        )
        code, lines = shell(image, "cat /opt/program/code.txt; echo > /opt/program/code.txt")
        assert code != 0
        assert lines[0] == "layer"
        assert "Read-only" in lines[1]
        assert (tmp_path / "code.txt").read_text() == "layer\n"

    def test_python_is_where_a_python_image_has_it(self, plain_image: Image) -> None:
        version = running_interpreter().version
        code, lines = shell(plain_image, "command -v python3; python3 -V; python3 -c 'import ssl'")
        assert (code, lines) == (0, ["/usr/local/bin/python3", f"Python {version}"])

    def test_it_has_a_name_that_resolves(self, plain_image: Image) -> None:
        _, lines = python(plain_image, "import socket as s; print(s.gethostbyname('algo-1'))")
        assert lines == ["127.0.0.1"]


class TestEnd:
    @pytest.mark.parametrize(
        ("script", "expected"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137)]
    )
    def test_its_exit_code_is_the_commands(
        self, plain_image: Image, script: str, expected: int
    ) -> None:
        assert shell(plain_image, script)[0] == expected

    def test_a_missing_program_is_named(self, plain_image: Image) -> None:
        container = Container(plain_image, entrypoint=["train"])
        container.start()
        assert container.wait() == 127
        assert 'exec: "train": executable file not found in $PATH' in container.last_lines[-1]

    def test_an_image_without_a_command_is_rejected(self, plain_image: Image) -> None:
        with pytest.raises(ValueError, match="neither ENTRYPOINT nor CMD"):
            Container(plain_image)

    def test_stop_sends_sigterm_and_waits(self, plain_image: Image) -> None:
        script = "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done"
        container, ready = started(plain_image, script)
        assert ready.wait(120)
        assert container.stop(grace=120) == 7
        assert container.last_lines == ["ready", "bye"]

    def test_a_command_that_ignores_sigterm_is_killed_after_the_grace_time(
        self, plain_image: Image
    ) -> None:
        script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
        container, ready = started(plain_image, script)
        assert ready.wait(120)
        assert container.stop(grace=0.3) == 137

    def test_background_processes_end_with_it(self, plain_image: Image) -> None:
        mark = uuid.uuid4().hex
        code, lines = shell(plain_image, f"sh -c 'sleep 1000; : {mark}' & echo ended")
        assert (code, lines) == (0, ["ended"])
        assert until_none(mark) == []

    def test_the_last_output_is_not_lost(self, plain_image: Image) -> None:
        seen: list[str] = []
        shell(plain_image, "seq 5000; printf 'no newline'", on_line=seen.append)
        assert seen[-2:] == ["5000", "no newline"]
        assert len(seen) == 5001

    def test_it_outlives_the_thread_that_started_it(self, plain_image: Image) -> None:
        container = Container(plain_image, entrypoint=["/bin/sh", "-c", "sleep 0.5; exit 4"])
        thread = threading.Thread(target=container.start)
        thread.start()
        thread.join()
        assert container.wait() == 4

    def test_it_dies_with_the_process_that_started_it(self, tmp_path: Path) -> None:
        mark = uuid.uuid4().hex
        program = (
            "import sys, time\n"
            f"sys.path.insert(0, {str(ROOT)!r})\n"
            "from rehearsal.containers.container import Container\n"
            "from rehearsal.containers.image import Image\n"
            "from rehearsal.containers.interpreter import running_interpreter\n"
            "image = Image(digest='x', interpreter=running_interpreter())\n"
            f"script = 'echo ready; trap \"\" TERM; (sleep 1000; : {mark}); sleep 1000; : {mark}'\n"
            "Container(image, entrypoint=['/bin/sh', '-c', script],\n"
            "          on_line=lambda line: print(line, flush=True)).start()\n"
            "time.sleep(1000)\n"
        )
        server = subprocess.Popen(
            [sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        assert processes_with(mark)
        server.send_signal(signal.SIGKILL)
        server.wait()
        server.stdout.close()
        assert until_none(mark) == []
        deadline = time.monotonic() + 240
        while list(tmp_path.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert list(tmp_path.iterdir()) == []

    def test_its_scratch_files_are_removed(
        self, plain_image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        shell(plain_image, "true")
        assert list(tmp_path.iterdir()) == []


class TestIsolation:
    def test_namespaces_isolate_containers(self) -> None:
        assert isolation.isolation().kind == "namespaces"

    def test_a_machine_without_namespaces_is_reported_with_the_remedy(
        self, plain_image: Image, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = isolation.Isolation(None, "because of a test")
        monkeypatch.setattr(isolation, "isolation", lambda: found)
        container = Container(plain_image, entrypoint=["true"])
        with pytest.raises(
            isolation.IsolationUnavailableError, match=r"because of a test.*user_namespaces"
        ):
            container.start()
