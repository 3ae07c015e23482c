"""Adapters: archives beside the model of a base component."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.framework.platform import AwsError
from rehearsal.services.application_autoscaling.capacity import Capacity
from rehearsal.services.application_autoscaling.records import TargetKey
from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import SCOPE, FakePlatform
from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane
from tests.rehearsal.services.sagemaker.hosting.hosted_stacks import archive

Settle = Callable[[str], dict[str, Any]]
URL = "s3://b/adapters/french.tar.gz"


def specification(url: str = URL, base: str = "churn-a", **more: Any) -> dict[str, Any]:
    return {"BaseInferenceComponentName": base, "Container": {"ArtifactUrl": url}, **more}


def adapter(name: str = "french", **changes: Any) -> dict[str, Any]:
    return {
        "InferenceComponentName": name,
        "EndpointName": "fleet",
        "Specification": specification(),
        **changes,
    }


@pytest.fixture
def base(
    sagemaker: Any, fleet: dict[str, Any], ready: Settle, platform: FakePlatform
) -> dict[str, Any]:
    platform.objects[URL] = archive(1.0)
    sagemaker.create_inference_component(**requests.component())
    return ready("churn-a")


def test_an_adapter_takes_nothing_of_the_instances(
    sagemaker: Any,
    base: dict[str, Any],
    ready: Settle,
    settle: Settle,
    data_plane: FakeDataPlane,
    platform: FakePlatform,
) -> None:
    sagemaker.create_inference_component(**adapter())
    described = ready("french")

    assert described["InferenceComponentStatus"] == "InService"
    assert described["Specification"] == specification()
    assert described["VariantName"] == "AllTraffic"
    assert "RuntimeConfig" not in described
    assert len(data_plane.servers) == 1
    assert settle("fleet")["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    assert platform.assumed[-1][1] == "arn:aws:sagemaker:us-east-1:111111111111:endpoint/fleet"


def test_requests_to_an_adapter_are_rejected_by_name(
    sagemaker: Any, runtime: Any, base: dict[str, Any], ready: Settle
) -> None:
    sagemaker.create_inference_component(**adapter())
    ready("french")

    with pytest.raises(ClientError, match="does not implement requests to adapters such as french"):
        runtime.invoke_endpoint(EndpointName="fleet", Body=b"1", InferenceComponentName="french")
    response = runtime.invoke_endpoint(
        EndpointName="fleet", Body=b"1", InferenceComponentName="churn-a"
    )
    assert response["Body"] == b"AllTraffic"


def test_an_adapter_without_an_archive_fails(
    sagemaker: Any, base: dict[str, Any], ready: Settle, platform: FakePlatform
) -> None:
    platform.objects["s3://b/text.tar.gz"] = b"text"

    for name in ("none", "text"):
        wrong = specification(f"s3://b/{name}.tar.gz")
        sagemaker.create_inference_component(**adapter(name, Specification=wrong))

    missing, broken = ready("none"), ready("text")
    assert missing["InferenceComponentStatus"] == broken["InferenceComponentStatus"] == "Failed"
    assert "NoSuchKey" in missing["FailureReason"]
    assert "is a valid tar.gz archive" in broken["FailureReason"]


def test_an_update_brings_another_archive_or_keeps_the_one_before(
    sagemaker: Any, base: dict[str, Any], ready: Settle, platform: FakePlatform
) -> None:
    better = "s3://b/adapters/french-2.tar.gz"
    platform.objects[better] = archive(2.0)
    sagemaker.create_inference_component(**adapter())
    ready("french")

    sagemaker.update_inference_component(
        InferenceComponentName="french", Specification=specification(better)
    )
    assert ready("french")["Specification"] == specification(better)
    sagemaker.update_inference_component(
        InferenceComponentName="french", Specification=specification("s3://b/none.tar.gz")
    )
    kept = ready("french")
    assert kept["Specification"] == specification(better)
    assert "NoSuchKey" in kept["FailureReason"]


def test_an_adapter_neither_moves_nor_scales(
    sagemaker: Any, base: dict[str, Any], ready: Settle
) -> None:
    sagemaker.create_inference_component(**adapter())
    ready("french")
    update = sagemaker.update_inference_component

    with pytest.raises(ClientError, match="a change of BaseInferenceComponentName from churn-a"):
        update(InferenceComponentName="french", Specification=specification(base="other"))
    with pytest.raises(ClientError, match="a change of BaseInferenceComponentName from None"):
        update(InferenceComponentName="churn-a", Specification=specification())
    with pytest.raises(ClientError, match="is an adapter: it has no copies but those of its base"):
        sagemaker.update_inference_component_runtime_config(
            InferenceComponentName="french", DesiredRuntimeConfig={"CopyCount": 2}
        )
    dimension = "sagemaker:inference-component:DesiredCopyCount"
    key = TargetKey(SCOPE, "sagemaker", "inference-component/french", dimension)
    with pytest.raises(AwsError, match="has no copies: it is an adapter"):
        Capacity(key, sagemaker).check()


def test_a_base_goes_after_its_adapters(
    sagemaker: Any,
    runtime: Any,
    base: dict[str, Any],
    ready: Settle,
    eventually: Any,
) -> None:
    def names() -> list[str]:
        listed = sagemaker.list_inference_components()["InferenceComponents"]
        return [one["InferenceComponentName"] for one in listed]

    sagemaker.create_inference_component(**adapter())
    ready("french")
    with pytest.raises(ClientError, match="it is the base of the adapters french"):
        sagemaker.delete_inference_component(InferenceComponentName="churn-a")

    sagemaker.delete_inference_component(InferenceComponentName="french")
    eventually(lambda: names() == ["churn-a"])
    with pytest.raises(ClientError, match="Inference Component french not found"):
        runtime.invoke_endpoint(EndpointName="fleet", Body=b"1", InferenceComponentName="french")
    sagemaker.delete_inference_component(InferenceComponentName="churn-a")
    eventually(lambda: names() == [])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"Specification": specification(ComputeResourceRequirements=requests.REQUIREMENTS)},
            "has neither ModelName nor ComputeResourceRequirements",
        ),
        ({"Specification": specification(ModelName="churn")}, "has neither ModelName nor"),
        ({"Specification": {"BaseInferenceComponentName": "churn-a"}}, "with ArtifactUrl"),
        ({"Specification": specification("s3://b/adapters/")}, r"archive \(.tar.gz\); got"),
        ({"Specification": specification(base="none")}, "Could not find inference component"),
        ({"Specification": specification(base="french")}, "is an adapter itself"),
        ({"EndpointName": "other"}, "is on endpoint fleet, not on other"),
        ({"VariantName": "Other"}, "is on variant AllTraffic, not on Other"),
        ({"RuntimeConfig": {"CopyCount": 1}}, "not implement RuntimeConfig of an adapter"),
        (
            {
                "Specification": {
                    "BaseInferenceComponentName": "churn-a",
                    "Container": {"ArtifactUrl": URL, "Image": requests.IMAGE},
                }
            },
            "not implement Container.Image of an adapter",
        ),
    ],
)
def test_a_wrong_adapter_is_rejected(
    sagemaker: Any,
    base: dict[str, Any],
    ready: Settle,
    settle: Settle,
    changes: dict[str, Any],
    message: str,
) -> None:
    sagemaker.create_endpoint(EndpointName="other", EndpointConfigName="fleet-config")
    settle("other")
    sagemaker.create_inference_component(**adapter())
    ready("french")

    with pytest.raises(ClientError, match=message):
        sagemaker.create_inference_component(**adapter("wrong", **changes))


def test_a_base_that_failed_takes_no_adapter(
    sagemaker: Any, fleet: dict[str, Any], ready: Settle, service: SageMaker
) -> None:
    sagemaker.create_inference_component(**requests.component(RuntimeConfig={"CopyCount": 5}))
    ready("churn-a")

    with pytest.raises(ClientError, match="is Failed, not InService"):
        sagemaker.create_inference_component(**adapter())
