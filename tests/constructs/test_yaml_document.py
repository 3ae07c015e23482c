"""YAML files: supported syntax, and messages about the rest."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.yaml_document import YamlDocument, first, shown

ROOT = Path(__file__).parents[2]


def read(folder: Path, text: str | bytes) -> YamlDocument:
    path = folder / "file.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return YamlDocument.read(path)


def content(folder: Path, text: str) -> Any:
    document = read(folder, text)
    assert not document.problems
    return document.content


def test_values_are_plain_and_keys_are_texts(tmp_path: Path) -> None:
    text = "a: [1, 1.5, yes, ~, 'no', 2026-11-29]\n7: x\non: y\n"

    found = content(tmp_path, text)

    assert found["a"][:5] == [1, 1.5, True, None, "no"]
    assert list(found) == ["a", "7", "on"]


def test_a_merged_mapping_gives_what_the_mapping_itself_does_not(tmp_path: Path) -> None:
    text = """
one: &one {a: 1, b: 1}
two: &two {b: 2, c: 2}
both: {c: 3, <<: [*one, *two]}
nested: &nested {<<: *two, b: 4}
again: {<<: *nested}
"""

    found = content(tmp_path, text)

    assert found["both"] == {"a": 1, "b": 1, "c": 3}
    assert found["again"] == {"b": 4, "c": 2}


def test_a_value_has_the_line_of_its_key(tmp_path: Path) -> None:
    document = read(tmp_path, "base: &base\n  a: 1\nlist:\n  - x\n  - {<<: *base, b:\n      2}\n")

    assert document.line(("list", "1", "b")) == 5
    assert document.line(("list", "1", "a")) == 2
    assert document.line(("list", "7", "z")) == 3
    assert document.where(("list", "0")) == f"{document.path}:4: list.0"


def test_a_value_is_shown_as_the_file_has_it(tmp_path: Path) -> None:
    document = read(tmp_path, f"a: no\nb: 2026-11-29\nc: 0o7\nd: {'x' * 500}\ne: 1.50\n")
    found = {key: document.shown((key,), value) for key, value in document.content.items()}

    assert found["a"] == "no, which YAML reads as false"
    assert found["b"] == "2026-11-29"
    assert found["e"] == "1.50"
    assert len(found["d"]) <= 62


def test_a_key_with_nothing_but_comments_after_it_is_an_empty_section(tmp_path: Path) -> None:
    document = read(tmp_path, "a:\n  # x: 1\nb: null\nc: ~\nd:\ne: {a: , b: 1}\nf: [{a:}]\n")

    sections = {"a", "b", "c", "e.a", "f.0.a"}

    found = document.filled(lambda place: dict if ".".join(place) in sections else None)

    assert found == {
        "a": {},
        "b": None,
        "c": None,
        "d": None,
        "e": {"a": {}, "b": 1},
        "f": [{"a": {}}],
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", ":4: b.c: got a duplicate key; keep one of them"),
        ("a: 1\n'a': 2\n", ":2: a: got a duplicate key"),
        ("b: &b {}\na: {<<: *b, <<: *b}\n", ":2: a.<<: got a duplicate key"),
        ("a: {<<: 7}\n", ":1: a: <<: got no mapping; allowed are aliases of mappings"),
        ("name: {{ project }}\n", ":1: name: got a list or mapping for a key; allowed is a string"),
        ("? [a, b]\n: c\n", ":1: got a list or mapping for a key"),
        ("a: !!int x\n", ":1: a: got 'x', which is not a whole number that can be used"),
        ("a: !!int ''\n", ":1: a: got '', which is not a whole number that can be used"),
        ("a: !!bool x\n", ":1: a: got 'x', which is not a yes/no value that can be used"),
        ("a: !!timestamp x\n", ":1: a: got 'x', which is not a date that can be used"),
        ("a: 2026-99-99\n", ":1: a: got '2026-99-99', which is not a date that can be used; put"),
        (
            "a: 010\n",
            ":1: a: got '010', which YAML reads as 8; write 8, or put it in quotes to have",
        ),
        ("a: 1:30\n", ":1: a: got '1:30', which YAML reads as 90; write 90, or put it in quotes"),
        ("a: 0x1F\n", ":1: a: got '0x1F', which YAML reads as 31; write 31"),
        ("a: 1_000\n", ":1: a: got '1_000', which YAML reads as 1000; write 1000"),
        ("a: 1:30.5\n", ":1: a: got '1:30.5', which YAML reads as 90.5; write 90.5"),
        ("a: &x 1\nb: &x 2\n", ":2: is not YAML: found duplicate anchor 'x'"),
        ("a: .inf\n", ":1: a: got '.inf', which is not a number that can be used"),
        ("a: .nan\n", ":1: a: got '.nan', which is not a number that can be used"),
        (f"a: {'9' * 5000}\n", "which is not a whole number that can be used"),
        ("a: =\n", ":1: a: got '='; put it in quotes to have a string"),
        ("a: <<\n", ":1: a: got '<<'; put it in quotes to have a string"),
        ("a: !secret x\n", ":1: a: got the tag '!secret'; remove it"),
        ("!secret a: x\n", ":1: got the tag '!secret'; remove it"),
        ("a: !!python/object:os.system {}\n", ":1: a: got the tag"),
        ("a: !!set {x, y}\n", ":1: a: got the tag 'tag:yaml.org,2002:set'"),
        ("a: &a [*a]\n", ":1: a.0: got an alias of a value that contains it"),
        ("a: &a {<<: *a}\n", ":1: a: got an alias of a value that contains it"),
        ("a: *b\n", ":1: is not YAML: found undefined alias 'b'"),
        ("a: 1\n---\nb: 2\n", ":2: is not YAML: but found another document"),
        ('a: "\\ud800"\n', r":1: a: got '\ud800'; allowed are whole characters"),
        ('"\\ud800": a\n', r":1: got '\ud800'; allowed are whole characters"),
        ("a: [\n", ":2: is not YAML"),
        ("a: 'x\n", "is not YAML"),
        ("a:\n\t- b\n", "is not YAML"),
        ("a: 1\nb: \x07\n", ":2: is not YAML: the character U+0007 is not allowed"),
        ("a: " + "[" * 900 + "]" * 900, ":1: is not YAML: got more than 50 levels"),
        ("a: " + "{a: " * 900 + "}" * 900, ":1: is not YAML: got more than 50 levels"),
        (b"a: 1\nb: Jos\xe9\n", ":2: is not UTF-8 text (byte 0xe9); save it as UTF-8"),
        ("a: 1\n".encode("utf-16"), ":1: is not UTF-8 text"),
        ("a: " + "x" * 1_000_000, " is larger than 1 MB"),
    ],
)
def test_what_cannot_be_used_is_rejected_with_its_line(
    tmp_path: Path, text: str | bytes, problem: str
) -> None:
    document = read(tmp_path, text)

    assert len(document.problems) == 1
    assert document.problems[0].startswith(document.path)
    assert problem in document.problems[0]
    assert len(document.problems[0]) < 400 + len(document.path)


def test_aliases_that_multiply_are_rejected(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 8)]

    (problem,) = read(tmp_path, "\n".join(lines)).problems

    assert "got more than 100,000 values; use fewer aliases" in problem


def test_all_keys_that_come_twice_are_told(tmp_path: Path) -> None:
    assert len(read(tmp_path, "a: 1\na: 2\nb: {c: 1, c: 2}\n").problems) == 2


def test_a_file_with_the_mark_of_windows_editors_is_read(tmp_path: Path) -> None:
    document = read(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")

    assert document.content == {"a": 1, "b": 2}


def test_what_is_no_file_is_rejected(tmp_path: Path) -> None:
    assert "cannot be read (Is a directory)" in YamlDocument.read(tmp_path).problems[0]
    assert "cannot be read (No such file" in YamlDocument.read(tmp_path / "none").problems[0]


def test_many_problems_and_long_values_are_cut_short() -> None:
    assert first([str(number) for number in range(25)])[-1] == "and 5 more"
    assert first(["one"]) == ["one"]
    assert len(shown({str(n): "x" * 1000 for n in range(1000)})) < 400


def test_the_wheel_of_the_programs_has_the_same_reader() -> None:
    source = ROOT / "constructs/mlops_constructs/yaml_document.py"
    copy = ROOT / "jobs/mlops_jobs/yaml_document.py"

    assert copy.read_bytes() == source.read_bytes(), "run `make copies`"


def test_there_is_no_other_reader_of_yaml_files() -> None:
    """Each file of a user is read by one module, so that all have the same rules and messages."""
    readers = [
        str(path.relative_to(ROOT))
        for folder in ("stacks", "constructs", "jobs", "seed_code")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"\byaml\.(?:safe_load|load|full_load|SafeLoader)", path.read_text())
        if "tests" not in path.parts
    ]

    assert sorted(readers) == [
        "constructs/mlops_constructs/yaml_document.py",
        "jobs/mlops_jobs/yaml_document.py",
    ]
