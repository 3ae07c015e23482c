"""The framework's tags, pages, clock and identities are the only ones."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.framework.service import Service

SERVICES = Path(__file__).parents[3] / "rehearsal" / "services"
EVENTS = SERVICES.parent / "events"
# SageMaker's API has AddTags and DeleteTags, and its own form of pages.
PACKAGES = sorted(
    path.name for path in SERVICES.iterdir() if path.is_dir() and path.name != "sagemaker"
)
PLUMBING = {
    "tag_resource": "rehearsal.framework.tags.TagOperations",
    "untag_resource": "rehearsal.framework.tags.TagOperations",
    "list_tags_for_resource": "rehearsal.framework.tags.TagOperations",
    "page": "rehearsal.framework.pages.page",
    "now": "rehearsal.framework.clock.utc_now",
    "utc_now": "rehearsal.framework.clock.utc_now",
}
MAX_MRO = 4


def _files(package: str) -> list[Path]:
    return sorted((SERVICES / package).rglob("*.py")) + sorted(EVENTS.glob("*.py"))


def _functions(package: str) -> Iterator[str]:
    for path in _files(package):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                yield node.name


@pytest.mark.parametrize("package", PACKAGES)
def test_a_service_defines_no_tags_pages_or_clock(package: str) -> None:
    found = {name: PLUMBING[name] for name in _functions(package) if name in PLUMBING}

    assert not found, f"{package} defines these functions; use the framework's instead"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_service_takes_its_own_session_from_the_framework(package: str) -> None:
    root = re.compile(r"arn:aws:iam::\{[^}]*\}:root")
    found = [path.name for path in _files(package) if root.search(path.read_text())]

    assert not found, "use rehearsal.framework.identity.service_session"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_service_is_composed_of_parts(package: str) -> None:
    module = importlib.import_module(f"rehearsal.services.{package}")
    services = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Service)
    ]

    assert all(len(service.__mro__) <= MAX_MRO for service in services)
