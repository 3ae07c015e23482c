"""The public names of the library: `__all__` of each area, sorted and complete."""

import importlib
import inspect

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


def test_the_library_is_typed() -> None:
    assert (public_api.PACKAGE / "py.typed").exists()
