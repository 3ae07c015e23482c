"""The page about security names tests, and each of them exists."""

from __future__ import annotations

import fnmatch
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/security.md"
NAME = re.compile(r"`(test_[a-z0-9_*]+|\.\.\.[a-z0-9_*]+)`")
FILE = re.compile(r"`(tests/[\w/]+\.py)`")


@cache
def names_of_tests() -> frozenset[str]:
    """Returns the names of all tests, those of the seeds included."""
    return frozenset(
        name
        for folder in ("tests", "seed_code")
        for file in (ROOT / folder).rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)
    )


@pytest.mark.parametrize("name", sorted(set(NAME.findall(PAGE.read_text()))))
def test_a_test_that_the_page_names_exists(name: str) -> None:
    """`*` matches any characters, and `...` those of the previous name."""
    assert fnmatch.filter(names_of_tests(), name.replace("...", "*"))


@pytest.mark.parametrize("path", sorted(set(FILE.findall(PAGE.read_text()))) or ["tests"])
def test_a_file_of_tests_that_the_page_names_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_the_page_names_the_suite_that_attacks_a_project() -> None:
    assert "test_an_attack_is_denied_and_changes_nothing" in NAME.findall(PAGE.read_text())
