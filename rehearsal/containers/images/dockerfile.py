"""Reads the Dockerfile instructions that the rehearsal can carry out, and refuses the others."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

SUPPORTED = (
    *("FROM", "ARG", "WORKDIR", "COPY", "RUN", "ENV", "LABEL"),
    *("EXPOSE", "ENTRYPOINT", "CMD", "USER"),
)
_INSTEAD = {
    "ADD": "Use COPY for files of the build context, and RUN to download.",
    "SHELL": 'Name the shell in the exec form: RUN ["bash", "-c", "..."].',
    "VOLUME": "SageMaker mounts /opt/ml by itself.",
    "HEALTHCHECK": "SageMaker asks /ping.",
}


class DockerfileError(ValueError):
    """A Dockerfile that is wrong or that asks for what the rehearsal cannot do."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"Dockerfile line {line}: {problem}")
        self.line = line


@dataclass(frozen=True)
class Instruction:
    """One instruction: `words` holds the exec (JSON) form when it was used, `text` the rest."""

    line: int
    name: str
    text: str
    words: tuple[str, ...] | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.text}"

    def error(self, problem: str) -> DockerfileError:
        return DockerfileError(self.line, problem)


def parse(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile. Raises DockerfileError at the first problem."""
    instructions = [_instruction(line, statement) for line, statement in _statements(text)]
    if not instructions:
        raise DockerfileError(1, "there is no instruction.")
    first = next((item for item in instructions if item.name != "ARG"), instructions[-1])
    if first.name != "FROM":
        raise first.error(f"got {first.name} first, expected FROM (only ARG may stand before it).")
    stages = [item for item in instructions if item.name == "FROM"]
    if len(stages) > 1:
        raise stages[1].error("multi-stage builds (a second FROM) are not supported here.")
    return instructions


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Logical lines with the number of their first line; comments and continuations resolved."""
    pending: list[str] = []
    start = 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("#"):
            if not pending and re.match(r"#\s*escape\s*=\s*[^\\\s]", stripped):
                raise DockerfileError(number, "the directive `escape` is not supported here.")
            continue
        if not stripped:
            continue  # Docker skips empty lines, inside of a continuation too
        start = start or number
        if stripped.endswith("\\"):
            pending.append(line.rstrip()[:-1])
            continue
        yield start, "".join([*pending, line.rstrip()]).strip()
        pending, start = [], 0
    if pending:
        yield start, "".join(pending).strip()


def _instruction(line: int, statement: str) -> Instruction:
    word, _, rest = statement.partition(" ")
    name, rest = word.upper(), rest.strip()
    if name not in SUPPORTED:
        known = ", ".join(SUPPORTED)
        problem = f"the instruction {name} is not supported here. Supported are {known}."
        raise DockerfileError(line, f"{problem} {_INSTEAD.get(name, '')}".strip())
    if not rest:
        raise DockerfileError(line, f"{name} needs an argument.")
    if name in ("RUN", "COPY") and re.search(r"<<-?['\"]?\w", rest):
        raise DockerfileError(line, f"a here-document in {name} is not supported here.")
    if name == "RUN":
        rest = _UV_CACHE.sub("", rest)
    if flag := re.match(r"--[a-z-]+", rest):
        raise DockerfileError(
            line, f"the flag {flag.group()} of {name} is not supported here. Leave it out."
        )
    return Instruction(line, name, rest, _exec_form(rest) if name in _WITH_EXEC_FORM else None)


# uv's cache of this machine is always there while an image is built.
_UV_CACHE = re.compile(r"^--mount=type=cache,target=/root/\.cache/uv\s+")
_WITH_EXEC_FORM = ("RUN", "CMD", "ENTRYPOINT", "COPY")


def _exec_form(text: str) -> tuple[str, ...] | None:
    """The words of `["a", "b"]`; None for the shell form, which is also what bad JSON means."""
    if not text.startswith("["):
        return None
    try:
        words = json.loads(text)
    except ValueError:
        return None
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        return tuple(words)
    return None


def split_words(instruction: Instruction, text: str) -> list[str]:
    """Words with quotes resolved."""
    if re.search(r"'[^']*\$[^']*'", text):
        raise instruction.error("a `$` inside of single quotes is not supported here.")
    try:
        return shlex.split(text)
    except ValueError as error:
        raise instruction.error(f"{error}: {text}") from error


def pairs(instruction: Instruction) -> dict[str, str]:
    """`A=1 B="2 3"`, or the old form `A 1` with the rest of the line as value."""
    first, _, rest = instruction.text.partition(" ")
    if "=" not in first:
        if not rest:
            raise instruction.error(f"got {instruction.text!r}, expected NAME=value.")
        return {first: rest.strip()}
    found = {}
    for word in split_words(instruction, instruction.text):
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise instruction.error(f"got {word!r}, expected NAME=value.")
        found[name] = value
    return found


_VARIABLE = re.compile(
    r"\\\$|\$(?:(?P<bare>\w+)|\{(?P<name>\w+)(?:(?P<how>:[-+])(?P<word>[^}]*))?\})"
)


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """Replaces $NAME, ${NAME}, ${NAME:-word} and ${NAME:+word}; an unknown name is empty."""

    def value(match: re.Match[str]) -> str:
        if match.group() == "\\$":
            return "$"
        found = variables.get(match["bare"] or match["name"], "")
        if match["how"] == ":-":
            return found or match["word"]
        if match["how"] == ":+":
            return match["word"] if found else ""
        return found

    return _VARIABLE.sub(value, text)
