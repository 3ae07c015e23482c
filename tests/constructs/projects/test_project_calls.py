"""Calls between Python and the CDK's Node process, which are most of the time of a synthesis."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aws_cdk as cdk
import pytest
from jsii._kernel.providers.process import _NodeProcess

from mlops_constructs.projects import Seed
from tests.constructs.projects.definitions import ENVIRONMENT, define_project

MAX_CALLS = 465
"""Calls of a further project, synthesis included; each adds about 0.1 ms of CPU time."""


@contextmanager
def counted_calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Collects the kinds of calls to the Node process."""
    calls: list[str] = []
    send = _NodeProcess.send

    def counting(process: _NodeProcess, request: Any, response: Any) -> Any:
        calls.append(type(request).__name__)
        return send(process, request, response)

    with monkeypatch.context() as patch:
        patch.setattr(_NodeProcess, "send", counting)
        yield calls


def calls_of(number: int, seed: Seed, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Returns the calls of the synthesis of an app with projects."""
    with counted_calls(monkeypatch) as calls:
        app = cdk.App()
        for one in range(number):
            define_project(cdk.Stack(app, f"Stack{one}", env=ENVIRONMENT), seed)
        app.synth()
    return calls


def test_a_further_project_makes_few_calls_to_the_cdk(
    seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (calls_of(number, seed, monkeypatch) for number in (1, 2))
    assert 0 < len(second) - len(first) <= MAX_CALLS


def test_the_cdk_does_not_call_python_back_for_each_construct(
    seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert calls_of(1, seed, monkeypatch).count("_CompleteRequest") <= 5
