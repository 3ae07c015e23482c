from __future__ import annotations

import datetime
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.framework.clock import clock_of
from rehearsal.services.sagemaker.hosting.endpoint_utilization import Utilization
from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane

Settle = Callable[[str], dict[str, Any]]


def test_a_component_serves_requests_that_name_it(
    sagemaker: Any,
    runtime: Any,
    fleet: dict[str, Any],
    ready: Settle,
    service: SageMaker,
    platform: FakePlatform,
) -> None:
    arn = sagemaker.create_inference_component(**requests.component())["InferenceComponentArn"]
    described = ready("churn-a")

    response = runtime.invoke_endpoint(
        EndpointName="fleet", Body=b"1", InferenceComponentName="churn-a"
    )
    service.registry.metrics.flush()

    assert arn == "arn:aws:sagemaker:us-east-1:111111111111:inference-component/churn-a"
    assert described["RuntimeConfig"] == {"DesiredCopyCount": 1, "CurrentCopyCount": 1}
    assert described["Specification"]["ModelName"] == "churn"
    assert response["Body"] == b"AllTraffic"
    counted = [
        datum["Value"]
        for datum in platform.metrics
        if datum["MetricName"] == "InvocationsPerCopy"
        and datum["Dimensions"] == [{"Name": "InferenceComponentName", "Value": "churn-a"}]
    ]
    assert counted == [1.0]
    with pytest.raises(ClientError, match="Inference Component Name header is required"):
        runtime.invoke_endpoint(EndpointName="fleet", Body=b"1")
    with pytest.raises(ClientError, match="Inference Component other not found"):
        runtime.invoke_endpoint(EndpointName="fleet", Body=b"1", InferenceComponentName="other")


def test_an_endpoint_with_models_hosts_no_components(
    sagemaker: Any, runtime: Any, endpoint: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="Inference Component Name header is not allowed"):
        runtime.invoke_endpoint(EndpointName="live", Body=b"1", InferenceComponentName="a")
    with pytest.raises(ClientError, match="need an endpoint whose variants have no ModelName"):
        sagemaker.create_inference_component(**requests.component(EndpointName="live"))


def test_a_container_of_the_specification_is_served_with_the_role_of_the_endpoint(
    sagemaker: Any, fleet: dict[str, Any], ready: Settle, data_plane: FakeDataPlane
) -> None:
    container = {"Image": requests.IMAGE, "ArtifactUrl": "s3://b/m.tar.gz", "Environment": {}}
    specification = {"Container": container, "ComputeResourceRequirements": requests.REQUIREMENTS}

    sagemaker.create_inference_component(**requests.component(Specification=specification))
    described = ready("churn-a")["Specification"]["Container"]

    run = data_plane.servers[0].run
    assert run.model.containers == [
        {"Image": requests.IMAGE, "ModelDataUrl": "s3://b/m.tar.gz", "Environment": {}}
    ]
    assert run.log_group == "/aws/sagemaker/InferenceComponents/churn-a"
    assert described["DeployedImage"]["SpecifiedImage"] == requests.IMAGE
    assert described["ArtifactUrl"] == "s3://b/m.tar.gz"


def test_at_zero_copies_requests_fail_and_a_metric_counts_them(
    sagemaker: Any,
    runtime: Any,
    fleet: dict[str, Any],
    ready: Settle,
    settle: Settle,
    service: SageMaker,
    platform: FakePlatform,
    data_plane: FakeDataPlane,
) -> None:
    sagemaker.create_inference_component(**requests.component())
    ready("churn-a")

    sagemaker.update_inference_component_runtime_config(
        InferenceComponentName="churn-a", DesiredRuntimeConfig={"CopyCount": 0}
    )
    assert ready("churn-a")["RuntimeConfig"]["CurrentCopyCount"] == 0
    assert data_plane.servers[0].stopped
    assert settle("fleet")["ProductionVariants"][0]["CurrentInstanceCount"] == 0
    with pytest.raises(ClientError, match="Inference Component has no capacity to process this"):
        runtime.invoke_endpoint(EndpointName="fleet", Body=b"1", InferenceComponentName="churn-a")
    service.registry.metrics.flush()
    failures = [
        datum
        for datum in platform.metrics
        if datum["MetricName"] == "NoCapacityInvocationFailures"
        and datum["Dimensions"] == [{"Name": "InferenceComponentName", "Value": "churn-a"}]
    ]
    assert len(failures) == 1

    sagemaker.update_inference_component_runtime_config(
        InferenceComponentName="churn-a", DesiredRuntimeConfig={"CopyCount": 3}
    )
    ready("churn-a")
    runtime.invoke_endpoint(EndpointName="fleet", Body=b"1", InferenceComponentName="churn-a")
    assert settle("fleet")["ProductionVariants"][0]["CurrentInstanceCount"] == 2


def test_copies_that_do_not_fit_fail(
    sagemaker: Any, fleet: dict[str, Any], ready: Settle, data_plane: FakeDataPlane
) -> None:
    sagemaker.create_inference_component(**requests.component(RuntimeConfig={"CopyCount": 5}))
    too_many = ready("churn-a")
    big = {"NumberOfCpuCoresRequired": 4, "MinMemoryRequiredInMb": 1024}
    specification = {"ModelName": "churn", "ComputeResourceRequirements": big}
    sagemaker.create_inference_component(**requests.component("big", Specification=specification))

    assert too_many["InferenceComponentStatus"] == "Failed"
    assert "they need 3 instances of ml.m5.large, at most 2" in too_many["FailureReason"]
    assert "they need a larger instance than ml.m5.large" in ready("big")["FailureReason"]
    assert data_plane.servers == []


def test_an_update_replaces_the_copies(
    sagemaker: Any, runtime: Any, fleet: dict[str, Any], ready: Settle, data_plane: FakeDataPlane
) -> None:
    sagemaker.create_inference_component(**requests.component())
    ready("churn-a")
    sagemaker.create_model(**requests.model("better"))

    policy = {
        "MaximumBatchSize": {"Type": "COPY_COUNT", "Value": 1},
        "WaitIntervalInSeconds": 0,
    }
    sagemaker.update_inference_component(
        InferenceComponentName="churn-a",
        Specification={"ModelName": "better", "ComputeResourceRequirements": requests.REQUIREMENTS},
        RuntimeConfig={"CopyCount": 2},
        DeploymentConfig={"RollingUpdatePolicy": policy},
    )
    described = ready("churn-a")

    assert described["Specification"]["ModelName"] == "better"
    assert described["RuntimeConfig"]["CurrentCopyCount"] == 2
    assert described["LastDeploymentConfig"]["RollingUpdatePolicy"] == policy
    assert [server.stopped for server in data_plane.servers] == [True, False]


def test_an_alarm_rolls_an_update_back(
    sagemaker: Any,
    runtime: Any,
    fleet: dict[str, Any],
    ready: Settle,
    platform: FakePlatform,
    data_plane: FakeDataPlane,
) -> None:
    class Alarms:
        def describe_alarms(self, **_: Any) -> Any:
            return {"MetricAlarms": [{"AlarmName": "errors"}]}

    sagemaker.create_inference_component(**requests.component())
    ready("churn-a")
    sagemaker.create_model(**requests.model("better"))
    platform.clients["cloudwatch"] = Alarms()

    sagemaker.update_inference_component(
        InferenceComponentName="churn-a",
        Specification={"ModelName": "better", "ComputeResourceRequirements": requests.REQUIREMENTS},
        DeploymentConfig={
            "RollingUpdatePolicy": {
                "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
                "WaitIntervalInSeconds": 60,
            },
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
        },
    )
    kept = ready("churn-a")

    assert kept["Specification"]["ModelName"] == "churn"
    assert "errors" in kept["FailureReason"]
    assert [server.stopped for server in data_plane.servers] == [False, True]


def test_an_endpoint_goes_after_its_components(
    sagemaker: Any, fleet: dict[str, Any], ready: Settle, eventually: Any, data_plane: FakeDataPlane
) -> None:
    sagemaker.create_inference_component(**requests.component())
    ready("churn-a")
    with pytest.raises(ClientError, match="it hosts the inference components churn-a"):
        sagemaker.delete_endpoint(EndpointName="fleet")

    sagemaker.delete_inference_component(InferenceComponentName="churn-a")
    eventually(lambda: not sagemaker.list_inference_components()["InferenceComponents"])

    assert data_plane.servers[0].stopped
    sagemaker.delete_endpoint(EndpointName="fleet")
    eventually(lambda: not sagemaker.list_endpoints()["Endpoints"])


def test_components_outlive_an_update_of_their_endpoint(
    sagemaker: Any,
    runtime: Any,
    fleet: dict[str, Any],
    ready: Settle,
    settle: Settle,
    eventually: Any,
) -> None:
    sagemaker.create_inference_component(**requests.component(RuntimeConfig={"CopyCount": 3}))
    ready("churn-a")
    sagemaker.create_endpoint_config(**requests.fleet_config("larger", MaxInstanceCount=4))
    other = requests.fleet_config("other")
    other["ProductionVariants"][0]["VariantName"] = "Other"
    sagemaker.create_endpoint_config(**other)

    with pytest.raises(ClientError, match="Variants AllTraffic host inference components"):
        sagemaker.update_endpoint(EndpointName="fleet", EndpointConfigName="other")
    sagemaker.update_endpoint(EndpointName="fleet", EndpointConfigName="larger")
    settle("fleet")

    response = runtime.invoke_endpoint(
        EndpointName="fleet", Body=b"1", InferenceComponentName="churn-a"
    )
    assert response["Body"] == b"AllTraffic"

    def counted() -> bool:
        variant = sagemaker.describe_endpoint(EndpointName="fleet")["ProductionVariants"][0]
        return bool(variant["CurrentInstanceCount"] == 2)

    eventually(counted)


def test_components_are_listed_by_endpoint_and_variant(
    sagemaker: Any, fleet: dict[str, Any], ready: Settle
) -> None:
    sagemaker.create_inference_component(**requests.component())
    ready("churn-a")

    listed = sagemaker.list_inference_components(
        EndpointNameEquals="fleet", VariantNameEquals="AllTraffic", StatusEquals="InService"
    )
    other = sagemaker.list_inference_components(EndpointNameEquals="other")

    assert [c["InferenceComponentName"] for c in listed["InferenceComponents"]] == ["churn-a"]
    assert other["InferenceComponents"] == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"VariantName": "Other"}, 'Could not find variant "Other"'),
        ({"EndpointName": "none"}, 'Could not find endpoint "arn:'),
        ({"Specification": {"ModelName": "none"}}, 'Could not find model "arn:'),
        ({"Specification": {"ModelName": "churn"}}, "needs ComputeResourceRequirements"),
        ({"Specification": {"InstanceType": "x"}}, "not implement Specification.InstanceType"),
        (
            {"Specification": {"ComputeResourceRequirements": requests.REQUIREMENTS}},
            "either ModelName or Container",
        ),
        ({"RuntimeConfig": {}}, "needs Specification and RuntimeConfig"),
    ],
)
def test_a_wrong_component_is_rejected(
    sagemaker: Any, fleet: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        sagemaker.create_inference_component(**requests.component(**changes))


def test_a_component_goes_although_the_configuration_of_its_endpoint_is_deleted(
    sagemaker: Any, fleet: dict[str, Any], ready: Settle, eventually: Any
) -> None:
    sagemaker.create_inference_component(**requests.component())
    ready("churn-a")
    named = sagemaker.describe_endpoint(EndpointName="fleet")["EndpointConfigName"]
    sagemaker.delete_endpoint_config(EndpointConfigName=named)

    sagemaker.delete_inference_component(InferenceComponentName="churn-a")

    eventually(lambda: not sagemaker.list_inference_components()["InferenceComponents"])


def concurrency(platform: FakePlatform) -> list[Mapping[str, Any]]:
    """Returns the data of the metric that scales copies, oldest first."""
    found = [one for one in platform.metrics if one["MetricName"] == "ConcurrentRequestsPerCopy"]
    return sorted(found, key=lambda one: one["Timestamp"])


def test_an_idle_component_has_no_concurrent_requests_in_moved_time_either(
    sagemaker: Any,
    fleet: dict[str, Any],
    ready: Settle,
    service: SageMaker,
    platform: FakePlatform,
) -> None:
    """The alarm that scales in compares periods of 10 seconds in 15 minutes."""
    sagemaker.create_inference_component(**requests.component())
    ready("churn-a")
    utilization, clock = Utilization(service.registry.metrics), clock_of(platform)

    utilization.measure(service.registry.live())
    clock.advance(clock() + datetime.timedelta(minutes=20))
    utilization.measure(service.registry.live())
    service.registry.metrics.flush()

    data = concurrency(platform)
    assert {one["Value"] for one in data} == {0.0}
    assert {one["Dimensions"][0]["Value"] for one in data} == {"churn-a"}
    assert {one["Namespace"] for one in data} == {"AWS/SageMaker"}
    times = [one["Timestamp"] for one in data]
    gaps = {round((after - before).total_seconds()) for before, after in itertools.pairwise(times)}
    assert max(gaps) <= 20
    assert times[-1] - times[0] >= datetime.timedelta(minutes=20)


def test_without_copies_there_is_no_concurrency(
    sagemaker: Any,
    fleet: dict[str, Any],
    ready: Settle,
    service: SageMaker,
    platform: FakePlatform,
) -> None:
    sagemaker.create_inference_component(**requests.component())
    ready("churn-a")
    sagemaker.update_inference_component_runtime_config(
        InferenceComponentName="churn-a", DesiredRuntimeConfig={"CopyCount": 0}
    )
    ready("churn-a")
    platform.metrics.clear()
    Utilization(service.registry.metrics).measure(service.registry.live())
    service.registry.metrics.flush()
    assert concurrency(platform) == []
