"""The vocabulary of CONTRIBUTING.md, held in docstrings, comments, messages and Markdown.

The table in CONTRIBUTING.md is the only list of words: this test reads it.
"""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONTRIBUTING = ROOT / "CONTRIBUTING.md"

CODE = ("app.py", "stacks", "constructs", "jobs", "seed_code", "rehearsal", "docs", ".ci")
PROSE = ("docs", "constructs", "jobs", "seed_code", "rehearsal", ".github")
SETTINGS = ("config",)

# Phrases that are quoted from elsewhere, and why each is needed.
ALLOWED = {
    "connection refused": "the operating system's error",
    "refused to connect": "the text of browsers and libraries",
    "groups of people": "what bias is measured between",
}
# Names that AWS or a library spells so.
ALLOWED_NAMES = {
    "LEAST_OUTSTANDING_REQUESTS": "a routing strategy of SageMaker",
}
FORBIDDEN_OPENINGS = ("What", "How", "Whether", "Who", "Where", "That", "Why")
SUPERLATIVE = re.compile(
    r"^_*(MOST|LEAST|LONGEST|SHORTEST|FEWEST|LARGEST|SMALLEST|HIGHEST|LOWEST)(_|$)"
)


@dataclass(frozen=True)
class Entry:
    """A row of the table: patterns and their replacement."""

    pattern: re.Pattern[str]
    use: str


@cache
def vocabulary() -> tuple[Entry, ...]:
    """The rows of the table behind the marker in CONTRIBUTING.md."""
    table = CONTRIBUTING.read_text().partition("<!-- vocabulary -->")[2].partition("\n\n")[0]
    entries = []
    for row in table.strip().splitlines()[2:]:
        avoid, use = (cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:3])
        for written in re.findall(r"`([^`]+)`", avoid):
            text = written.replace("\\|", "|")
            flags = 0 if re.search(r"(?<!\\)[A-Z]", text) else re.IGNORECASE
            # Prose is wrapped anywhere.
            spaced = text.replace(" ", r"\s+")
            entries.append(Entry(re.compile(rf"(?<![\w-]){spaced}(?![\w-])", flags), use))
    return tuple(entries)


def problems(text: str, line: int) -> Iterator[tuple[int, str]]:
    """Yields line and message of each word of a text that is to be avoided."""
    plain = _without_code(text)
    for entry in vocabulary():
        for found in entry.pattern.finditer(plain):
            place = line + plain.count("\n", 0, found.start())
            yield place, f"{' '.join(found[0].split())!r}: use {entry.use}"


def _without_code(text: str) -> str:
    """The text with code, addresses, sources and allowed phrases blanked; lines stay."""
    quoted = "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase in ALLOWED)
    for pattern in (
        r"(?ms)^[ ]*```.*?^[ ]*```[ ]*$",
        r"(?s)<!--.*?-->",
        r"``[^`]+``",
        r"`[^`]+`",
        r"\]\([^)]*\)",
        r"https?://\S+",
        r"(?m)^[ ]*Sources?:.*(?:\n(?=[ ]*\S).*)*",
        rf"(?i)\b(?:{quoted})\b",
    ):
        text = re.sub(pattern, lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    return text


def problems_of_code(source: str) -> Iterator[tuple[int, str]]:
    """Yields line and message of each problem in docstrings, comments, strings and names."""
    nodes = list(ast.walk(ast.parse(source)))
    joined = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    pieces = {id(piece) for one in joined for piece in ast.walk(one)}
    for node in nodes:
        if id(node) not in pieces or isinstance(node, ast.JoinedStr):
            yield from _problems_of_node(node)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield from problems(token.string, token.start[0])


def _problems_of_node(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        # A text without spaces is a key, a path or a name.
        case ast.Constant(value=str(text), lineno=line) if re.search(r"\s", text):
            yield from problems(text, line)
        case ast.JoinedStr(lineno=line):
            yield from problems(_text_of(node), line)
        case ast.Name(id=name, ctx=ast.Store(), lineno=line) if SUPERLATIVE.match(name):
            if name not in ALLOWED_NAMES:
                yield line, f"{name}: name it MAX_, MIN_ or DEFAULT_"
        case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            opening = (ast.get_docstring(node) or "").partition(" ")[0]
            if opening in FORBIDDEN_OPENINGS:
                line = getattr(node, "lineno", 1)
                yield line, f"docstring begins with {opening!r}: begin with a verb or a noun"


def _text_of(joined: ast.JoinedStr) -> str:
    return "".join(
        part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "{}"
        for part in joined.values
    )


def problems_of_file(path: Path) -> list[str]:
    """Returns one message per problem of a file."""
    text = path.read_text()
    if path.suffix == ".py":
        found = problems_of_code(text)
    elif path.suffix in (".yaml", ".yml"):
        comments = "\n".join(line.partition("#")[2] for line in text.splitlines())
        found = problems(comments, 1)
    else:
        found = problems(text, 1)
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return [f"{name}:{line}: {message}" for line, message in sorted(set(found))]


@cache
def files() -> list[Path]:
    """The files whose text users or contributors read."""
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        ROOT / line
        for line in listing.stdout.splitlines()
        if (ROOT / line).exists() and _is_read(Path(line))
    ]


def _is_read(path: Path) -> bool:
    top = path.parts[0]
    if path.suffix == ".py":
        return top in CODE and "tests" not in path.parts
    if path.suffix == ".md":
        return top in PROSE or len(path.parts) == 1
    return path.suffix in (".yaml", ".yml") and top in SETTINGS


def test_the_text_uses_the_vocabulary() -> None:
    found = [message for path in files() for message in problems_of_file(path)]

    assert not found, "\n" + "\n".join(found)


def test_the_table_has_patterns_and_replacements() -> None:
    assert len(vocabulary()) >= 20
    assert all(entry.use for entry in vocabulary())


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ('"""Whether a name is known."""', "docstring begins with 'Whether'"),
        ('"""Returns a name.\n\nIt is told\nto callers."""', "3: 'told': use report"),
        ("x = 1  # AWS refuses it", "'refuses': use reject"),
        ('raise ValueError(f"{x} is refused")', "'refused': use reject"),
        ('print("a fleet of its\\n own")', "'of its own': use your own"),
        ("_MOST_ALARMS = 10", "_MOST_ALARMS: name it MAX_"),
    ],
)
def test_a_word_to_avoid_is_found(source: str, message: str) -> None:
    (found,) = (f"{line}: {text}" for line, text in problems_of_code(source))

    assert message in found


@pytest.mark.parametrize(
    "source",
    [
        '"""Returns `told`.\n\nExample:\n    ```python\n    told()\n    ```\n"""',
        'answers = {"answers": refused}',
        'message = "[Errno 111] Connection refused"',
        '"""Returns a limit.\n\nSource: "Tell me" of the developer guide.\n"""',
        "# a stand-alone model",
    ],
)
def test_code_names_and_quotations_are_no_prose(source: str) -> None:
    assert list(problems_of_code(source)) == []
