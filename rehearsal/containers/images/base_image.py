"""Base images, which are replaced by Python interpreters of this machine."""

import re
from collections.abc import Callable

from rehearsal.containers.images.dockerfile import Instruction
from rehearsal.containers.interpreter import Interpreter, find_interpreter, running_interpreter

_BASE = re.compile(
    r"(?:^|.*/)python:(?P<version>3\.\d+)(?:\.\d+)?(?:-slim)?(?:-(?:bookworm|trixie|bullseye))?"
    r"(?:@sha256:[0-9a-f]{64})?"
)


def base_interpreter(name: str, step: Instruction, log: Callable[[str], None]) -> Interpreter:
    """Returns the interpreter for a base image.

    Args:
        name: Name of the base image.
        step: The FROM instruction.
        log: Receives lines of the build log.

    Raises:
        DockerfileError: It is not a Python image.
    """
    match = _BASE.fullmatch(name)
    if match is None:
        raise step.error(
            f"got the base image {name}, expected python:3.x or python:3.x-slim of any registry: "
            "the rehearsal builds without a container engine, on the Python of this machine."
        )
    found = find_interpreter(match["version"])
    if found is not None:
        log(f" ---> Python {found.version} of this machine, {found.executable}")
        return found
    replacement = running_interpreter()
    log(
        f" ---> WARNING: this machine has no Python {match['version']}; "
        f"Python {replacement.version} is used. Install Python {match['version']} to build with it."
    )
    return replacement
