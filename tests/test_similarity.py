"""No two files say the same: what is alike belongs into one place."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMPARED = ("constructs/mlops_constructs", "stacks", "docs/examples")
SMALLEST_TWIN_LINES = 9
_CODE = re.compile(r"\w")


def test_no_two_files_share_lines() -> None:
    files = [file for folder in COMPARED for file in sorted((ROOT / folder).rglob("*.py"))]
    assert len(files) > 300

    assert list(twins({str(one.relative_to(ROOT)): one.read_text() for one in files})) == []


def test_twins_are_found_whatever_stands_around_them() -> None:
    shared = "".join(f"x{number} = call({number})\n" for number in range(SMALLEST_TWIN_LINES))
    one = f'"""One."""\nimport os\n\n\ndef f():\n    y = 1\n\n    # Why.\n{shared}'
    other = f'"""Another."""\n{shared}z = 2\n'

    assert list(twins({"one.py": one, "other.py": other})) == ["one.py:9 and other.py:2"]
    assert list(twins({"one.py": one, "other.py": other.replace("x3", "w3")})) == []


def twins(sources: dict[str, str]) -> Iterator[str]:
    """Yields the places of equal lines of code in two files, without imports and docstrings.

    Pylint's `duplicate-code` compares each pair of files, which takes minutes; a table of all
    runs of lines takes a second.
    """
    places: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for name, source in sources.items():
        for run, number in _runs(source):
            places[run].append((name, number))
    reported: set[tuple[str, str]] = set()
    for found in places.values():
        files = dict(reversed(found))  # the first place in each file
        if len(files) > 1:
            (first, second, *_) = sorted(files)
            if (first, second) not in reported:
                reported.add((first, second))
                yield f"{first}:{files[first]} and {second}:{files[second]}"


def _runs(source: str) -> Iterator[tuple[tuple[str, ...], int]]:
    unwanted = set(_lines_without_statements(ast.parse(source)))
    lines = [(number, line.strip()) for number, line in enumerate(source.splitlines(), 1)]
    code = [
        (number, line)
        for number, line in lines
        if number not in unwanted and _CODE.search(line) and not line.startswith("#")
    ]
    for start in range(len(code) - SMALLEST_TWIN_LINES + 1):
        run = code[start : start + SMALLEST_TWIN_LINES]
        yield tuple(line for _, line in run), run[0][0]


def _lines_without_statements(tree: ast.Module) -> Iterator[int]:
    """Yields the lines of imports, docstrings and signatures."""
    for node in ast.walk(tree):
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant(value=str())):
                yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from range(node.lineno, node.body[0].lineno)
