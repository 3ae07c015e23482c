"""A CloudWatch whose clock moves only when a test moves it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.services.cloudwatch import CloudWatch
from tests.rehearsal.fakes import CALLER, FakePlatform, ServiceClient
from tests.rehearsal.services.cloudwatch.alarms import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


@pytest.fixture
def service(platform: FakePlatform, clock: Clock) -> Iterator[CloudWatch]:
    service = CloudWatch(platform, clock=clock)
    platform.services["cloudwatch"] = service
    yield service
    service.close()


@pytest.fixture
def cloudwatch(service: CloudWatch) -> Any:
    return ServiceClient(service, CALLER)
