"""The Python of this machine that stands for a base image."""

from __future__ import annotations

import re
from collections.abc import Callable

from rehearsal.containers.images.dockerfile import Instruction
from rehearsal.containers.interpreter import Interpreter, find_interpreter, running_interpreter

_BASE = re.compile(
    r"(?:^|.*/)python:(?P<version>3\.\d+)(?:\.\d+)?(?:-slim)?(?:-(?:bookworm|trixie|bullseye))?"
    r"(?:@sha256:[0-9a-f]{64})?"
)


def base_interpreter(name: str, step: Instruction, log: Callable[[str], None]) -> Interpreter:
    """The interpreter for the base image `name`, which the instruction `step` asks for.

    Raises the instruction's error for an image of anything but Python.
    """
    match = _BASE.fullmatch(name)
    if match is None:
        raise step.error(
            f"got the base image {name}, expected python:3.x or python:3.x-slim of any registry: "
            "this rehearsal builds without a container engine, on the Python of this machine."
        )
    found = find_interpreter(match["version"])
    if found is not None:
        log(f" ---> Python {found.version} of this machine, {found.executable}")
        return found
    instead = running_interpreter()
    log(
        f" ---> WARNING: this machine has no Python {match['version']}; Python {instead.version} "
        "stands in for it. Install that version to rehearse with it."
    )
    return instead
