"""The function that closes the default security group, as CloudFormation calls it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

import mlops_constructs.network as network_area

CODE = Path(network_area.__file__).parent / "runtime/close_default_security_group.py"
CONTEXT = SimpleNamespace(log_stream_name="log")


class Ec2:
    """EC2 with the rules of one group."""

    def __init__(self, error: str = "") -> None:
        self.error = error
        self.revoked: list[tuple[str, str, Any]] = []

    def revoke_security_group_ingress(self, **request: Any) -> None:
        self._revoke("in", request)

    def revoke_security_group_egress(self, **request: Any) -> None:
        self._revoke("out", request)

    def _revoke(self, direction: str, request: dict[str, Any]) -> None:
        if self.error:
            raise ClientError({"Error": {"Code": self.error, "Message": "no"}}, "Revoke")
        (rule,) = request["IpPermissions"]
        self.revoked.append((direction, request["GroupId"], rule))


@pytest.fixture
def responses() -> list[Any]:
    return []


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch, responses: list[Any]) -> ModuleType:
    """The module, beside Lambda's `cfnresponse`."""

    def send(event: Any, context: Any, status: str, data: Any, group: str, *, reason: Any) -> None:
        responses.append((status, group, reason))

    lambdas = SimpleNamespace(SUCCESS="SUCCESS", FAILED="FAILED", send=send)
    monkeypatch.setitem(sys.modules, "cfnresponse", lambdas)
    spec = importlib.util.spec_from_file_location("close_default_security_group", CODE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call(function: ModuleType, ec2: Ec2, request_type: str) -> None:
    vars(function)["boto3"] = SimpleNamespace(client=lambda name: ec2)
    properties = {"DefaultSecurityGroupId": "sg-1"}
    function.handler({"RequestType": request_type, "ResourceProperties": properties}, CONTEXT)


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_both_rules_of_the_group_are_removed(
    function: ModuleType, responses: list[Any], request_type: str
) -> None:
    ec2 = Ec2()
    call(function, ec2, request_type)
    assert [(direction, group) for direction, group, _ in ec2.revoked] == [
        ("in", "sg-1"),
        ("out", "sg-1"),
    ]
    assert ec2.revoked[0][2]["UserIdGroupPairs"] == [{"GroupId": "sg-1"}]
    assert responses == [("SUCCESS", "sg-1", None)]


def test_a_rule_that_is_gone_is_fine(function: ModuleType, responses: list[Any]) -> None:
    call(function, Ec2("InvalidPermission.NotFound"), "Create")
    assert responses == [("SUCCESS", "sg-1", None)]


def test_the_group_of_a_vpc_that_goes_is_left_alone(
    function: ModuleType, responses: list[Any]
) -> None:
    ec2 = Ec2()
    call(function, ec2, "Delete")
    assert not ec2.revoked
    assert responses == [("SUCCESS", "sg-1", None)]


def test_an_error_is_the_answer(function: ModuleType, responses: list[Any]) -> None:
    call(function, Ec2("UnauthorizedOperation"), "Create")
    ((status, _, reason),) = responses
    assert status == "FAILED"
    assert reason.startswith("ClientError: An error occurred (UnauthorizedOperation)")
