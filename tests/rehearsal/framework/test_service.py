"""Composed services."""

from __future__ import annotations

import pytest

from rehearsal.framework.platform import Context
from rehearsal.framework.service import Request, Response, Service
from tests.rehearsal.fakes import CALLER, FakePlatform


class Groups:
    def get_group(self, request: Request, context: Context) -> Response:
        return {"Group": request["Name"]}


class Toy(Service):
    name = "toy"
    namespace = "toy"

    def __init__(self) -> None:
        super().__init__(FakePlatform())
        self.compose(Groups())


def test_an_operation_of_a_part_is_one_of_the_service() -> None:
    operation = Toy().operation("get_group")

    assert operation is not None
    assert operation({"Name": "a"}, CALLER) == {"Group": "a"}


def test_an_operation_that_no_part_implements_is_not_supported() -> None:
    assert Toy().operation("delete_group") is None


def test_an_operation_has_one_implementation() -> None:
    service = Toy()
    service.compose(Groups())

    with pytest.raises(RuntimeError, match="toy get_group has several implementations: Groups"):
        service.operation("get_group")
