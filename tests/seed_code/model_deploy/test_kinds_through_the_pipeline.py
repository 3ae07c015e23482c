"""Asynchronous endpoints and components that scale to zero, from the push to a smoke test.

The pipeline works with the roles of the project, and IAM is enforced.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.seed_code.model_deploy.staged_project import StagedProject, staged_project

NAME = "kinds"
ASYNCHRONOUS = """
kind: asynchronous
instance_type: ml.m7i.large
max_concurrent_invocations: 2
scaling:
  maximum: 2
  backlog_per_instance: 3
"""
COMPONENT = """
kind: component
instance_type: ml.m7i.xlarge
instances:
  maximum: 2
compute:
  memory_mb: 1024
scaling:
  maximum: 2
  concurrency_per_copy: 4
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StagedProject]:
    """A project whose staging has a queue, and whose production scales to zero."""
    folder = tmp_path_factory.mktemp(NAME)
    settings = {"staging": ASYNCHRONOUS, "prod": COMPONENT}
    with staged_project(folder, NAME, settings) as found:
        yield found


def test_an_asynchronous_endpoint_and_a_component_pass_the_pipeline(project: StagedProject) -> None:
    sagemaker = project.client("sagemaker")
    for stage in ("staging", "prod"):
        endpoint = sagemaker.describe_endpoint(EndpointName=f"{NAME}-{stage}")
        assert endpoint["EndpointStatus"] == "InService"
    assert "AsyncInferenceConfig" in sagemaker.describe_endpoint(EndpointName=f"{NAME}-staging")
    component = sagemaker.describe_inference_component(InferenceComponentName=f"{NAME}-prod")
    assert component["InferenceComponentStatus"] == "InService"


def test_both_stages_scale_to_zero(project: StagedProject) -> None:
    targets: list[dict[str, Any]] = project.client(
        "application-autoscaling"
    ).describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    found = {one["ResourceId"]: (one["MinCapacity"], one["MaxCapacity"]) for one in targets}
    assert found == {
        f"endpoint/{NAME}-staging/variant/AllTraffic": (0, 2),
        f"inference-component/{NAME}-prod": (0, 2),
    }
