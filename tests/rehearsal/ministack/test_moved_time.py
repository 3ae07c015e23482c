"""Executions of Step Functions in a time that was moved forward, without a server."""

from __future__ import annotations

import datetime
import importlib
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from rehearsal.framework.clock import clock_of, utc_now
from rehearsal.ministack.state_machines import times
from tests.rehearsal.fakes import FakePlatform

if TYPE_CHECKING:
    from rehearsal.ministack.runtime import Runtime


@dataclass
class _Runtime:
    platform: FakePlatform


def test_an_execution_has_the_moved_time_in_the_format_of_aws() -> None:
    platform = FakePlatform()
    clock_of(platform).advance(utc_now() + datetime.timedelta(days=40))

    text = times.now_iso(lambda: "", runtime=cast("Runtime", _Runtime(platform)))

    found = datetime.datetime.fromisoformat(text)
    assert text.endswith("Z")
    assert abs((found - utc_now()).total_seconds() - 40 * 86_400) < 5


def test_the_state_machine_engine_has_no_other_time_of_executions() -> None:
    """Otherwise the start of an execution and the time of its states would differ."""
    engine = inspect.getsource(importlib.import_module("ministack.services.stepfunctions"))
    assert '"StartTime": execution["startDate"]' in engine
    assert "start_date = now_iso()" in engine
    assert '"EnteredTime": now_iso()' in engine
