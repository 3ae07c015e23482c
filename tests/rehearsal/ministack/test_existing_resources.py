"""Resources that exist before their creation by a stack, of each type with a custom name."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.rehearsal.ministack.named_resources import minimal, named_types, prepare, records
from tests.rehearsal.ministack.patched import CLOUDFORMATION, install, named

pytestmark = pytest.mark.unit


@pytest.fixture
def provision(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The function that creates a resource of a stack, in stores of one test."""
    install(monkeypatch, "stacks.existing_resources")
    responses = "ministack.core.responses"
    named(responses, "set_request_region")("us-east-1")
    yield named(f"{CLOUDFORMATION}.provisioners", "_provision_resource")
    named("ministack.app", "_reset_all_state")()


@pytest.mark.parametrize("type_name", named_types())
def test_a_resource_that_exists_fails_the_creation_and_stays(
    provision: Any, type_name: str
) -> None:
    needs = prepare(provision)
    properties = minimal(type_name, needs)
    provision(type_name, "Resource", dict(properties), "first")
    before = records()

    with pytest.raises(Exception, match=r"(?i)already.{0,3}exist|ResourceInUse|Conflict|Duplicate"):
        provision(type_name, "Resource", dict(properties), "second")

    assert records() == before
