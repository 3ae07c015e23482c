"""The guides: every link resolves, and every example and area is in them."""

import importlib
import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any

import every_example
import pytest

import mlops_constructs
from tests.constructs import public_api

ROOT = Path(__file__).parents[2]
PACKAGE_READMES = [ROOT / "constructs/README.md", ROOT / "rehearsal/README.md"]
GUIDES = [
    *sorted(ROOT.glob("*.md")),
    *PACKAGE_READMES,
    *sorted((ROOT / "docs").rglob("*.md")),
]
LIBRARY = ROOT / "docs/library.md"
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#]+)")


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: str(guide.relative_to(ROOT)))
def test_every_link_of_a_guide_leads_to_a_file(guide: Path) -> None:
    missing = [
        link for link in LINK.findall(guide.read_text()) if not (guide.parent / link).exists()
    ]

    assert not missing


def test_the_guide_of_the_library_links_every_example() -> None:
    linked = {(LIBRARY.parent / link).resolve() for link in LINK.findall(LIBRARY.read_text())}

    assert set(every_example.example_files()) <= linked


def test_the_guide_of_the_library_names_every_area() -> None:
    package = Path(mlops_constructs.__file__).parent
    areas = {path.parent.name for path in package.glob("*/__init__.py")}

    named = set(re.findall(r"^## `mlops_constructs\.(\w+)`", LIBRARY.read_text(), re.M))
    assert named == areas


@pytest.mark.parametrize("guide", [LIBRARY, PACKAGE_READMES[0]], ids=lambda path: path.parent.name)
def test_the_first_code_of_a_guide_runs_unchanged(guide: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", guide.read_text(), re.S)
    names: dict[str, Any] = {}

    exec(code, names)  # noqa: S102 - our own guide

    template = names["app"].synth().get_stack_by_name("Churn").template
    assert "AWS::SageMaker::Endpoint" in {one["Type"] for one in template["Resources"].values()}


def test_the_contribution_guide_names_files_that_exist() -> None:
    text = re.sub(r"```.*?```", "", (ROOT / "CONTRIBUTING.md").read_text(), flags=re.S)
    tops = {path.name for path in ROOT.iterdir()} - {".venv"}
    named = {
        name
        for code in re.findall(r"`([^`]+)`", text)
        for name in code.split()
        if name.partition("/")[0] in tops and "/" in name
    }

    assert len(named) >= 15
    assert [name for name in named if not (ROOT / name).exists()] == []


@cache
def _public() -> dict[str, Any]:
    """The public classes and functions of the library by their names."""
    areas = [importlib.import_module(f"mlops_constructs.{area}") for area in public_api.AREAS]
    return {name: getattr(area, name) for area in areas for name in area.__all__}


# The changelog also names what was renamed.
@pytest.mark.parametrize(
    "guide",
    [guide for guide in GUIDES if guide.name != "CHANGELOG.md"],
    ids=lambda guide: str(guide.relative_to(ROOT)),
)
def test_members_and_parameters_that_a_guide_names_exist(guide: Path) -> None:
    plain = re.sub(r"```.*?```", "", guide.read_text(), flags=re.S)
    uses = [
        use
        for code in re.findall(r"`([^`]+)`", plain)
        for use in re.findall(r"\b([A-Z]\w+)(?:\.(\w+)|\((\w+)=)", code)
        if use[0] in _public()
    ]

    assert [use for use in uses if not _exists(*use)] == []


def _exists(name: str, member: str, parameter: str) -> bool:
    thing = _public()[name]
    if member:
        return hasattr(thing, member)
    return parameter in inspect.signature(getattr(thing, "__init__", thing)).parameters
