"""Limits of containers: what is exceeded ends the container and is named."""

from pathlib import Path

import pytest

from rehearsal.containers.container import Container
from rehearsal.containers.image import Image
from rehearsal.containers.limits import (
    DEFAULT_LIMITS,
    GIBIBYTE,
    MEBIBYTE,
    Exceeded,
    Limits,
    machine_memory,
)
from rehearsal.containers.mounts import Mount

SMALL = Limits(memory=300 * MEBIBYTE, processes=200)


def run(image: Image, program: str, **options: object) -> tuple[int | None, Container]:
    container = Container(image, entrypoint=["python3", "-c", program], **options)  # type: ignore[arg-type]
    container.start()
    return container.wait(), container


@pytest.mark.parametrize(
    "program",
    [
        "b = bytearray(2 << 30)",
        "import mmap\nm = mmap.mmap(-1, 2 << 30)\nfor i in range(0, 2 << 30, 4096): m[i] = 1",
        "f = open('/dev/shm/x', 'wb')\nwhile True: f.write(bytes(1 << 20)); f.flush()",
        "import os\nfor _ in range(8):\n    if os.fork() == 0: break\n"
        "b = bytearray(100 << 20)\nimport time; time.sleep(60)",
    ],
    ids=["private", "shared", "files-in-memory", "several-processes"],
)
def test_a_container_that_uses_too_much_memory_is_killed(plain_image: Image, program: str) -> None:
    code, container = run(plain_image, program, limits=SMALL)
    assert container.exceeded is Exceeded.MEMORY
    if "fork" not in program:  # the first process that is killed may be a child
        assert code == 137


def test_pages_that_processes_share_count_once(plain_image: Image) -> None:
    program = (
        "import os, time\nb = bytearray(150 << 20)\n"
        "pids = [os.fork() for _ in range(1)]\n"
        "for _ in range(5):\n    if pids[-1]: pids.append(os.fork())\n"
        "if not pids[-1]: time.sleep(1.5); os._exit(0)\n"
        "for p in pids: os.waitpid(p, 0)\nprint('done')"
    )
    code, container = run(plain_image, program, limits=SMALL)
    assert (code, container.last_lines, container.exceeded) == (0, ["done"], None)


def test_a_fork_bomb_ends_with_its_reason(plain_image: Image) -> None:
    program = (
        "import os, time\nwhile True:\n    try:\n        if os.fork() == 0: time.sleep(600)\n"
        "    except OSError: pass"
    )
    code, container = run(plain_image, program, limits=SMALL)
    assert (code, container.exceeded) == (137, Exceeded.PROCESSES)
    assert "too many processes: 200" in container.limits.message(Exceeded.PROCESSES)


def test_a_full_disk_ends_a_container_with_its_reason(plain_image: Image, tmp_path: Path) -> None:
    program = (
        "import itertools\nfor i in itertools.count():\n"
        "    open(f'/opt/ml/{i}', 'wb').write(bytes(4 << 20))"
    )
    code, container = run(
        plain_image,
        program,
        mounts=[Mount(tmp_path, "/opt/ml", writable=True)],
        limits=Limits(memory=GIBIBYTE, disk=100 * MEBIBYTE),
    )
    assert (code, container.exceeded) == (137, Exceeded.DISK)
    assert "No space left on device" in container.limits.message(Exceeded.DISK)


def test_one_file_cannot_be_larger_than_the_disk(plain_image: Image, tmp_path: Path) -> None:
    code, container = run(
        plain_image,
        "open('/opt/ml/x', 'wb').write(bytes(64 << 20))",
        mounts=[Mount(tmp_path, "/opt/ml", writable=True)],
        limits=Limits(memory=GIBIBYTE, disk=20 * MEBIBYTE),
    )
    assert code == 1
    assert "File too large" in container.last_lines[-1]
    assert (tmp_path / "x").stat().st_size <= 20 * MEBIBYTE


def test_a_container_has_the_cpus_of_its_limits(plain_image: Image) -> None:
    program = "import os; print(len(os.sched_getaffinity(0)))"
    _, container = run(plain_image, program, limits=Limits(memory=GIBIBYTE, cpus=1))
    assert container.last_lines == ["1"]


def test_a_container_leaves_no_memory_dump(plain_image: Image) -> None:
    _, container = run(
        plain_image, "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"
    )
    assert container.last_lines == ["(0, 0)"]


def test_limits_are_those_that_this_machine_has(tmp_path: Path) -> None:
    limits = Limits(memory=1 << 50, cpus=2, disk=1 << 60).of_this_machine(tmp_path)
    assert limits.memory < machine_memory()
    assert limits.disk is not None
    assert limits.disk < 1 << 50
    assert DEFAULT_LIMITS.of_this_machine(tmp_path).memory == limits.memory
    small = Limits(memory=GIBIBYTE, disk=GIBIBYTE).of_this_machine(tmp_path)
    assert (small.memory, small.disk) == (GIBIBYTE, GIBIBYTE)
    assert str(small) == "all CPUs, 1.0 GiB memory, 1.0 GiB disk, 2048 processes"
