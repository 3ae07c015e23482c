"""The public names of the library: `__all__` of each area, sorted and complete."""

import ast
import importlib
import inspect
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.constructs import public_api


def constants_first(name: str) -> tuple[bool, str]:
    """The order in which ruff sorts `__all__`."""
    return not name.isupper(), name


@pytest.mark.parametrize("area", public_api.AREAS)
def test_an_area_says_what_is_public(area: str) -> None:
    module = importlib.import_module(f"mlops_constructs.{area}")

    offered = [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and not inspect.ismodule(thing)
    ]
    assert module.__all__ == sorted(module.__all__, key=constants_first)
    assert set(module.__all__) == set(offered)


def test_a_public_name_or_parameter_changes_on_purpose_only(
    request: pytest.FixtureRequest,
) -> None:
    """Apps use these names; `pytest --record` with this file records a change."""
    if request.config.getoption("--record"):
        public_api.FILE.write_text("\n".join(public_api.lines()) + "\n")

    recorded = public_api.FILE.read_text().splitlines()

    assert list(public_api.lines()) == recorded


def modules(area: str) -> list[Path]:
    """The modules of an area that are neither packages nor the code of a function."""
    return [
        path
        for path in sorted((public_api.PACKAGE / area).rglob("*.py"))
        if path.name != "__init__.py" and "runtime" not in path.parts
    ]


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(public_api.PACKAGE.parent).with_suffix("").parts)


@pytest.mark.parametrize("area", public_api.AREAS)
def test_a_module_without_public_names_begins_with_an_underscore(area: str) -> None:
    """Other modules are those whose names the area exports."""
    module = importlib.import_module(f"mlops_constructs.{area}")
    exported = {
        alias.asname or alias.name: node.module
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text()))
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    }
    public = {f"mlops_constructs.{area}.{origin}" for origin in exported.values()}

    assert public == {dotted(path) for path in modules(area) if not path.name.startswith("_")}


@pytest.mark.parametrize("area", public_api.AREAS)
def test_an_area_imports_public_names_of_another_from_the_area(area: str) -> None:
    """A module of another area is imported only where its name says that it is internal."""
    others = "|".join(one for one in public_api.AREAS if one != area)
    deep = re.compile(rf"^from mlops_constructs\.(?:{others})\.(?:\w+\.)*[a-z]\w* import", re.M)

    assert not [
        f"{dotted(path)}: {found}"
        for path in modules(area)
        for found in deep.findall(path.read_text())
    ]


def test_no_folder_has_more_modules_than_a_reader_can_scan() -> None:
    folders = Counter(path.parent for area in public_api.AREAS for path in modules(area))

    assert {str(folder): count for folder, count in folders.items() if count > 25} == {}


def test_the_library_is_typed() -> None:
    assert (public_api.PACKAGE / "py.typed").exists()
