"""Helpers that run containers and find their processes."""

import os
import threading
import time
from pathlib import Path

from rehearsal.containers.container import Container
from rehearsal.containers.image import Image

ROOT = Path(__file__).resolve().parents[3]


def shell(image: Image, script: str, **options: object) -> tuple[int, list[str]]:
    """Runs a shell script in a container to its end: the exit code and the output."""
    container = Container(image, entrypoint=["/bin/sh", "-c", script], **options)  # type: ignore[arg-type]
    container.start()
    code = container.wait()
    assert code is not None
    return code, container.last_lines


def python(image: Image, program: str, **options: object) -> tuple[int, list[str]]:
    container = Container(image, entrypoint=["python3", "-c", program], **options)  # type: ignore[arg-type]
    container.start()
    code = container.wait()
    assert code is not None
    return code, container.last_lines


def processes_with(mark: str) -> list[int]:
    """The processes of this machine whose command line has a mark."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark in path.read_bytes().decode(errors="replace"):
                found.append(int(path.parent.name))
        except OSError:
            continue  # it has just ended
    return [number for number in found if number != os.getpid()]


def until_none(mark: str, seconds: float = 240) -> list[int]:
    deadline = time.monotonic() + seconds
    while (left := processes_with(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def started(image: Image, script: str) -> tuple[Container, threading.Event]:
    """A running container, and an event that its first line of output sets."""
    ready = threading.Event()
    container = Container(
        image, entrypoint=["/bin/sh", "-c", script], on_line=lambda _: ready.set()
    )
    container.start()
    return container, ready
