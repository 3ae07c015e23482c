"""Feature Store's two services with a platform in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.services.sagemaker.feature_store import offline_writer
from rehearsal.services.sagemaker.feature_store.runtime import FeatureStoreRuntime
from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import CALLER, FakePlatform, ServiceClient
from tests.rehearsal.services.sagemaker.feature_store.fakes import FakeGlue, FakeKms


@pytest.fixture
def glue(platform: FakePlatform) -> FakeGlue:
    made = FakeGlue()
    platform.clients |= {"glue": made, "kms": FakeKms()}
    return made


@pytest.fixture
def records(
    platform: FakePlatform, service: SageMaker, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    monkeypatch.setattr(offline_writer, "BUFFER_SECONDS", 0.05)
    runtime = FeatureStoreRuntime(platform)
    yield ServiceClient(runtime, CALLER)
    runtime.close()
