"""Parser of Dockerfiles; rejects instructions that the rehearsal does not support."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

SUPPORTED = (
    *("FROM", "ARG", "WORKDIR", "COPY", "RUN", "ENV", "LABEL"),
    *("EXPOSE", "ENTRYPOINT", "CMD", "USER"),
)
_ALTERNATIVES = {
    "ADD": "Use COPY for files of the build context, and RUN to download.",
    "SHELL": 'Name the shell in the exec form: RUN ["bash", "-c", "..."].',
    "VOLUME": "Remove it: SageMaker mounts /opt/ml.",
    "HEALTHCHECK": "Remove it: SageMaker calls /ping.",
}


class DockerfileError(ValueError):
    """A Dockerfile that is invalid or not supported."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"Dockerfile line {line}: {problem}")
        self.line = line


@dataclass(frozen=True)
class Instruction:
    """An instruction: `text` is its argument, `words` that in the exec (JSON) form."""

    line: int
    name: str
    text: str
    words: tuple[str, ...] | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.text}"

    def error(self, problem: str) -> DockerfileError:
        """Returns an error with the line of the instruction."""
        return DockerfileError(self.line, problem)


def parse(text: str) -> list[Instruction]:
    """Returns the instructions of a Dockerfile.

    Raises:
        DockerfileError: the Dockerfile is invalid or not supported.
    """
    instructions = [_instruction(line, statement) for line, statement in _statements(text)]
    if not instructions:
        raise DockerfileError(1, "the file has no instruction.")
    first = next((item for item in instructions if item.name != "ARG"), instructions[-1])
    if first.name != "FROM":
        raise first.error(f"got {first.name} first, expected FROM (only ARG may precede it).")
    stages = [item for item in instructions if item.name == "FROM"]
    if len(stages) > 1:
        raise stages[1].error("multi-stage builds (a second FROM) are not supported.")
    return instructions


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yields logical lines and the number of their first line, without comments."""
    pending: list[str] = []
    start = 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("#"):
            if not pending and re.match(r"#\s*escape\s*=\s*[^\\\s]", stripped):
                raise DockerfileError(number, "the directive `escape` is not supported.")
            continue
        if not stripped:
            continue  # Docker skips empty lines also in a continuation
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
        problem = f"the instruction {name} is not supported. Supported: {known}."
        raise DockerfileError(line, f"{problem} {_ALTERNATIVES.get(name, '')}".strip())
    if not rest:
        raise DockerfileError(line, f"{name} needs an argument.")
    if name in ("RUN", "COPY") and re.search(r"<<-?['\"]?\w", rest):
        raise DockerfileError(line, f"a here-document in {name} is not supported.")
    if name == "RUN":
        rest = _UV_CACHE.sub("", rest)
    if flag := re.match(r"--[a-z-]+", rest):
        raise DockerfileError(
            line, f"the flag {flag.group()} of {name} is not supported. Remove it."
        )
    return Instruction(line, name, rest, _exec_form(rest) if name in _WITH_EXEC_FORM else None)


# uv's cache of this machine is always mounted in builds.
_UV_CACHE = re.compile(r"^--mount=type=cache,target=/root/\.cache/uv\s+")
_WITH_EXEC_FORM = ("RUN", "CMD", "ENTRYPOINT", "COPY")


def _exec_form(text: str) -> tuple[str, ...] | None:
    """Returns the words of `["a", "b"]`; None for the shell form, which includes invalid JSON."""
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
    """Returns words without their quotes."""
    if re.search(r"'[^']*\$[^']*'", text):
        raise instruction.error("a `$` in single quotes is not supported.")
    try:
        return shlex.split(text)
    except ValueError as error:
        raise instruction.error(f"{error}: {text}") from error


def pairs(instruction: Instruction) -> dict[str, str]:
    """Returns the pairs of `A=1 B="2 3"`, or of the old form `A 1`."""
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
    """Replaces $NAME, ${NAME}, ${NAME:-word} and ${NAME:+word}; unknown names are empty."""

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
