"""The public names of the library: `__all__` of each area, sorted and complete."""

import importlib
import inspect
from pathlib import Path

import pytest

import mlops_constructs

PACKAGE = Path(mlops_constructs.__file__).parent
AREAS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


@pytest.mark.parametrize("area", AREAS)
def test_an_area_says_what_is_public(area: str) -> None:
    module = importlib.import_module(f"mlops_constructs.{area}")

    offered = [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and not inspect.ismodule(thing)
    ]
    assert module.__all__ == sorted(module.__all__)
    assert set(module.__all__) == set(offered)


def test_the_library_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()
