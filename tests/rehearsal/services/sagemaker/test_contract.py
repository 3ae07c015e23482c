"""Properties that every operation of the service has."""

from __future__ import annotations

from typing import Any, cast

import pytest
from botocore import xform_name
from botocore.model import ListShape, Shape, StringShape, StructureShape

from rehearsal.framework.platform import AwsError
from rehearsal.services.sagemaker import unsupported_members
from rehearsal.services.sagemaker.authorization import RESOURCES, resource_arns
from rehearsal.services.sagemaker.events import ENDPOINT_STATUSES
from rehearsal.services.sagemaker.hosting.endpoint_rollout import Stage, rollout
from rehearsal.services.sagemaker.resource_types import RESOURCE_TYPES
from rehearsal.services.sagemaker.service import SageMaker
from rehearsal.services.sagemaker.service_model import input_shape, service_model
from tests.rehearsal.fakes import SCOPE, FakePlatform
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane

SERVICE = SageMaker(FakePlatform(), FakeDataPlane())
IMPLEMENTED = [
    name for name in service_model().operation_names if SERVICE.operation(xform_name(name))
]
LISTS_WITHOUT_RESOURCE = [
    name
    for name in IMPLEMENTED
    if name.startswith("List") and not input_shape(name).required_members
]


def test_the_service_is_composed_not_inherited() -> None:
    assert len(SageMaker.__mro__) <= 4


def test_no_two_parts_implement_one_operation() -> None:
    for name in service_model().operation_names:
        SERVICE.operation(xform_name(name))  # raises RuntimeError for two implementations


def test_every_operation_maps_resources_for_iam() -> None:
    unmapped = [
        name for name in IMPLEMENTED if name not in RESOURCES and name != "CreateModelPackage"
    ]

    assert set(unmapped) <= set(LISTS_WITHOUT_RESOURCE)


@pytest.mark.parametrize(
    ("name", "request_", "arns"),
    [
        ("CreateModel", {"ModelName": "m"}, ["model/m"]),
        (
            "UpdateEndpoint",
            {"EndpointName": "e", "EndpointConfigName": "c"},
            ["endpoint/e", "endpoint-config/c"],
        ),
        ("StartPipelineExecution", {"PipelineName": "p"}, ["pipeline/p"]),
        (
            "CreateModelPackage",
            {"ModelPackageGroupName": "g"},
            ["model-package-group/g", "model-package/g/*"],
        ),
    ],
)
def test_resources_are_arns_of_the_account(
    name: str, request_: dict[str, Any], arns: list[str]
) -> None:
    expected = [SCOPE.arn("sagemaker", arn) for arn in arns]

    assert resource_arns(name, request_, SCOPE) == expected


def test_arns_of_requests_are_checked_as_they_are() -> None:
    arn = "arn:aws:sagemaker:eu-west-1:222222222222:pipeline/p/execution/abc"

    assert resource_arns("DescribePipelineExecution", {"PipelineExecutionArn": arn}, SCOPE) == [arn]
    assert resource_arns("ListModels", {}, SCOPE) == ["*"]


def _leads_somewhere(shape: Shape, path: str) -> bool:
    head, _, rest = path.partition(".")
    name, _, wanted = head.partition(">")[0].partition("=")
    member = cast(StructureShape, shape).members.get(name.removesuffix("[]"))
    if member is None:
        return False
    if wanted and hasattr(member, "enum") and member.enum:
        return wanted in member.enum
    if name.endswith("[]"):
        member = cast(ListShape, member).member
    return _leads_somewhere(member, rest) if rest else True


OF_RUNTIME = {"InvokeEndpoint", "InvokeEndpointWithResponseStream"}


@pytest.mark.parametrize("name", sorted(set(unsupported_members.UNSUPPORTED) - OF_RUNTIME))
def test_rejected_members_exist_in_the_api(name: str) -> None:
    """A member that botocore renames would be dropped silently: this test would see it."""
    dangling = [
        path
        for path in unsupported_members.UNSUPPORTED[name]
        if not _leads_somewhere(input_shape(name), path)
    ]

    assert dangling == []


def test_the_statuses_of_endpoints_all_have_a_word_in_events() -> None:
    shape = service_model().shape_for("EndpointStatus")

    assert set(ENDPOINT_STATUSES) == set(cast(StringShape, shape).enum)


def test_resource_types_name_operations_that_are_implemented() -> None:
    for row in RESOURCE_TYPES:
        called = [row.create, row.update, row.delete, row.describe]
        assert [name for name in called if name and name not in IMPLEMENTED] == []


POLICY = {"Type": "CANARY", "WaitIntervalInSeconds": 60}
HALF = {"Type": "CAPACITY_PERCENT", "Value": 50}


@pytest.mark.parametrize(
    ("config", "stages"),
    [
        (None, [Stage(1.0, 0)]),
        (
            {
                "BlueGreenUpdatePolicy": {
                    "TrafficRoutingConfiguration": {**POLICY, "Type": "ALL_AT_ONCE"},
                    "TerminationWaitInSeconds": 30,
                }
            },
            [Stage(1.0, 30)],
        ),
        (
            {
                "BlueGreenUpdatePolicy": {
                    "TrafficRoutingConfiguration": {**POLICY, "CanarySize": HALF}
                }
            },
            [Stage(0.5, 60), Stage(1.0, 0)],
        ),
        (
            {
                "BlueGreenUpdatePolicy": {
                    "TrafficRoutingConfiguration": {
                        "Type": "LINEAR",
                        "WaitIntervalInSeconds": 60,
                        "LinearStepSize": {"Type": "INSTANCE_COUNT", "Value": 1},
                    }
                }
            },
            [Stage(0.5, 60), Stage(1.0, 0)],
        ),
        (
            {"RollingUpdatePolicy": {"MaximumBatchSize": HALF, "WaitIntervalInSeconds": 10}},
            [Stage(0.5, 10), Stage(1.0, 10)],
        ),
    ],
)
def test_a_deployment_config_becomes_stages(config: Any, stages: list[Stage]) -> None:
    assert rollout(config, instances=2).stages == stages


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"AutoRollbackConfiguration": {}}, "needs BlueGreenUpdatePolicy or RollingUpdatePolicy"),
        (
            {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": POLICY}},
            "of type CANARY needs CanarySize",
        ),
        (
            {
                "BlueGreenUpdatePolicy": {
                    "TrafficRoutingConfiguration": {**POLICY, "CanarySize": HALF},
                    "TerminationWaitInSeconds": 600,
                    "MaximumExecutionTimeoutInSeconds": 600,
                }
            },
            r"must be larger than the total waiting time of the deployment \(660 seconds\)",
        ),
    ],
)
def test_an_incomplete_deployment_config_is_rejected(config: Any, message: str) -> None:
    with pytest.raises(AwsError, match=message):
        rollout(config, instances=1)
