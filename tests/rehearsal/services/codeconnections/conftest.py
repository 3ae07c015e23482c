"""CodeConnections and CodePipeline on one platform, with a connection and its provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.services.codeconnections import CodeConnections
from rehearsal.services.codepipeline import CodePipeline
from tests.rehearsal.fakes import CALLER, FakePlatform, ServiceClient
from tests.rehearsal.services.codeconnections.provider import Provider


@pytest.fixture
def platform(tmp_path: Path) -> FakePlatform:
    return FakePlatform(tmp_path)


@pytest.fixture
def service(platform: FakePlatform) -> CodeConnections:
    return CodeConnections(platform)


@pytest.fixture
def codeconnections(service: CodeConnections) -> Any:
    return ServiceClient(service, CALLER)


@pytest.fixture
def codepipeline(platform: FakePlatform) -> Iterator[Any]:
    service = CodePipeline(platform)
    yield ServiceClient(service, CALLER)
    service.close()


@pytest.fixture
def connection(codeconnections: Any) -> str:
    made = codeconnections.create_connection(ProviderType="GitHub", ConnectionName="team")
    return str(made["ConnectionArn"])


@pytest.fixture
def provider(platform: FakePlatform, service: CodeConnections, connection: str) -> Provider:
    return Provider(platform, service, connection)
