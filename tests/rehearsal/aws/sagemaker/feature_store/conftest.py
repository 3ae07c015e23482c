"""Feature Store's two services with a platform in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.aws.sagemaker import offline_writer
from rehearsal.aws.sagemaker.feature_store_runtime import FeatureStoreRuntime
from rehearsal.aws.sagemaker.service import SageMaker
from tests.rehearsal.aws.sagemaker.feature_store.fakes import FakeGlue, FakeKms
from tests.rehearsal.fakes import CALLER, FakePlatform, ServiceClient


@pytest.fixture
def glue(platform: FakePlatform) -> FakeGlue:
    made = FakeGlue()
    platform.clients |= {"glue": made, "kms": FakeKms()}
    return made


@pytest.fixture
def records(
    platform: FakePlatform, service: SageMaker, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    monkeypatch.setattr(offline_writer, "GATHER_SECONDS", 0.05)
    runtime = FeatureStoreRuntime(platform)
    yield ServiceClient(runtime, CALLER)
    runtime.close()
