"""Models of the model-build seed, whose traffic the programs read, and AWS in memory."""

import boto3
import pytest

from seed_code.model_build.tests.conftest import binary, fit, fitted
from tests.jobs.monitoring.aws_in_memory import REGION, Aws

__all__ = ["aws", "binary", "fit", "fitted"]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    """The AWS that boto3 calls."""
    found = Aws()
    monkeypatch.setattr(boto3, "client", found.client)
    # As in a container of SageMaker, which sets no AWS_DEFAULT_REGION.
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_REGION", REGION)
    return found
