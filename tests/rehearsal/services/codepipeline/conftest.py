"""CodePipeline with actions that are made for the tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.services.codepipeline import CodePipeline
from rehearsal.services.codepipeline.actions.manual_approval import MANUAL_APPROVAL
from rehearsal.services.codepipeline.engine import stage
from tests.rehearsal.fakes import CALLER, FakePlatform, ServiceClient
from tests.rehearsal.services.codepipeline.workshop import Workshop, action_provider


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch) -> Workshop:
    made = Workshop()
    providers = (
        action_provider("Source", "CodeCommit", made.source, 1),
        action_provider("Build", "CodeBuild", made.build, 0),
        MANUAL_APPROVAL,
    )
    monkeypatch.setattr(stage, "PROVIDERS", {item.identifier: item for item in providers})
    return made


@pytest.fixture
def platform(tmp_path: Path) -> FakePlatform:
    return FakePlatform(tmp_path)


@pytest.fixture
def service(platform: FakePlatform, workshop: Workshop) -> Iterator[CodePipeline]:
    service = CodePipeline(platform)
    yield service
    service.close()
    # What still runs would do its actions with the workshop of the next test.
    for thread in threading.enumerate():
        if thread.name.startswith(("action-", "pipeline-")):
            thread.join(10)


@pytest.fixture
def codepipeline(service: CodePipeline) -> Any:
    return ServiceClient(service, CALLER)
