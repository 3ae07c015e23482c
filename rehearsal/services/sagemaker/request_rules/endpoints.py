"""Rules of endpoints, their deployments and inference components."""

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.framework.rules.kinds import (
    at_most,
    bounded,
    exactly_one,
    exclusive,
    requires,
    rule,
)
from rehearsal.framework.rules.rule import Call, Example

_DEPLOY = ("CreateEndpoint", "UpdateEndpoint")
_CHANGE = ("UpdateEndpoint", "UpdateEndpointWeightsAndCapacities")
_SETTLED = ("InService", "Failed", "OutOfService", "UpdateRollbackFailed")
_GUARDRAILS = '"Deployment guardrails for updating models in production"'
_BLUE_GREEN = "DeploymentConfig.BlueGreenUpdatePolicy"
_ROUTING = f"{_BLUE_GREEN}.TrafficRoutingConfiguration"
_ROLLING = "DeploymentConfig.RollingUpdatePolicy"
_COMPONENTS = ("CreateInferenceComponent", "UpdateInferenceComponent")
_REQUIREMENTS = "ComputeResourceRequirements"
_COMPONENT = {
    "Specification.ModelName": "churn",
    f"Specification.{_REQUIREMENTS}.MinMemoryRequiredInMb": 1024,
    "RuntimeConfig.CopyCount": 1,
}


def _routing(kind: str, size: str = "", value: int = 0) -> dict[str, Any]:
    changes = {f"{_ROUTING}.Type": kind, f"{_ROUTING}.WaitIntervalInSeconds": 60}
    if size:
        changes |= {
            f"{_ROUTING}.{size}.Type": "CAPACITY_PERCENT",
            f"{_ROUTING}.{size}.Value": value,
        }
    return changes


def _rolling(value: int) -> dict[str, Any]:
    return {
        f"{_ROLLING}.MaximumBatchSize.Type": "CAPACITY_PERCENT",
        f"{_ROLLING}.MaximumBatchSize.Value": value,
    }


def _in_percent(part: Mapping[str, Any]) -> bool:
    return part.get("Type") == "CAPACITY_PERCENT"


def _endpoint(call: Call) -> Mapping[str, Any]:
    found = call.read("DescribeEndpoint", {"EndpointName": call.get("EndpointName")})
    return found or {"EndpointStatus": "InService"}


def _in_progress(call: Call) -> Iterator[str]:
    endpoint = _endpoint(call)
    if endpoint["EndpointStatus"] not in _SETTLED:
        yield f'Cannot update in-progress endpoint "{endpoint["EndpointArn"]}".'


def _not_in_service(call: Call) -> Iterator[str]:
    endpoint = _endpoint(call)
    status = endpoint["EndpointStatus"]
    if status in _SETTLED and status != "InService":
        yield (
            f'Cannot update endpoint "{endpoint["EndpointArn"]}" with status "{status}": '
            "DeleteEndpoint is the only operation on it."
        )


def _state(status: str) -> Example:
    arn = "arn:aws:sagemaker:us-east-1:111111111111:endpoint/live"
    return Example(
        state={"DescribeEndpoint": {"EndpointStatus": status, "EndpointArn": arn}},
        changes={"EndpointName": "live"},
    )


RULES = (
    rule(
        "endpoint-in-progress",
        (*_CHANGE, "DeleteEndpoint"),
        "An endpoint whose status is changing cannot be updated or deleted.",
        _in_progress,
        source="DescribeEndpoint, EndpointStatus",
        fails=_state("Updating"),
        passes=_state("InService"),
    ),
    rule(
        "endpoint-not-in-service",
        _CHANGE,
        "Only an endpoint that is InService can be updated.",
        _not_in_service,
        source="DescribeEndpoint, EndpointStatus: Failed and OutOfService",
        fails=_state("Failed"),
        passes=_state("InService"),
    ),
    exclusive(
        "deployment-policy",
        _DEPLOY,
        "BlueGreenUpdatePolicy",
        "RollingUpdatePolicy",
        at="DeploymentConfig",
        source="DeploymentConfig, BlueGreenUpdatePolicy",
        fails={**_routing("ALL_AT_ONCE"), **_rolling(50)},
        passes=_rolling(50),
    ),
    *(
        requires(
            f"{kind.lower()}-size",
            _DEPLOY,
            "Type",
            member,
            when=kind,
            at=_ROUTING,
            source=f"TrafficRoutingConfig, {member}",
            fails=_routing(kind),
            passes=_routing(kind, member, 50),
        )
        for kind, member in (("CANARY", "CanarySize"), ("LINEAR", "LinearStepSize"))
    ),
    bounded(
        "canary-share",
        _DEPLOY,
        "Value",
        None,
        50,
        at=f"{_ROUTING}.CanarySize",
        when=_in_percent,
        text="A CanarySize in percent is at most 50.",
        source="TrafficRoutingConfig, CanarySize",
        fails=_routing("CANARY", "CanarySize", 51),
        passes=_routing("CANARY", "CanarySize", 50),
    ),
    bounded(
        "linear-share",
        _DEPLOY,
        "Value",
        10,
        50,
        at=f"{_ROUTING}.LinearStepSize",
        when=_in_percent,
        text="A LinearStepSize in percent is 10 to 50.",
        source="TrafficRoutingConfig, LinearStepSize",
        fails=_routing("LINEAR", "LinearStepSize", 9),
        passes=_routing("LINEAR", "LinearStepSize", 10),
    ),
    bounded(
        "rolling-share",
        _DEPLOY,
        "Value",
        5,
        50,
        at=f"{_ROLLING}.MaximumBatchSize",
        when=_in_percent,
        text="A MaximumBatchSize in percent is 5 to 50.",
        source="RollingUpdatePolicy, MaximumBatchSize",
        fails=_rolling(51),
        passes=_rolling(5),
    ),
    at_most(
        "serverless-update-concurrency",
        "UpdateEndpointWeightsAndCapacities",
        "ProvisionedConcurrency",
        "MaxConcurrency",
        at="DesiredWeightsAndCapacities[].ServerlessUpdateConfig",
        source="ProductionVariantServerlessUpdateConfig, ProvisionedConcurrency",
        fails={
            "DesiredWeightsAndCapacities[0].ServerlessUpdateConfig.MaxConcurrency": 2,
            "DesiredWeightsAndCapacities[0].ServerlessUpdateConfig.ProvisionedConcurrency": 3,
        },
        passes={
            "DesiredWeightsAndCapacities[0].ServerlessUpdateConfig.MaxConcurrency": 3,
            "DesiredWeightsAndCapacities[0].ServerlessUpdateConfig.ProvisionedConcurrency": 3,
        },
    ),
    exactly_one(
        "component-specification",
        "CreateInferenceComponent",
        "Specification",
        "Specifications",
        source="CreateInferenceComponent, Specifications",
        fails={**_COMPONENT, "Specifications[0].InstanceType": "ml.m5.large"},
        passes=_COMPONENT,
    ),
    exclusive(
        "component-new-specification",
        "UpdateInferenceComponent",
        "Specification",
        "Specifications",
        source="UpdateInferenceComponent, Specifications",
        fails={**_COMPONENT, "Specifications[0].InstanceType": "ml.m5.large"},
        passes=_COMPONENT,
    ),
    at_most(
        "component-memory",
        _COMPONENTS,
        "MinMemoryRequiredInMb",
        "MaxMemoryRequiredInMb",
        at=f"Specification.{_REQUIREMENTS}",
        source="InferenceComponentComputeResourceRequirements, MaxMemoryRequiredInMb",
        fails={**_COMPONENT, f"Specification.{_REQUIREMENTS}.MaxMemoryRequiredInMb": 1000},
        passes={**_COMPONENT, f"Specification.{_REQUIREMENTS}.MaxMemoryRequiredInMb": 1024},
    ),
    bounded(
        "component-rolling-share",
        "UpdateInferenceComponent",
        "Value",
        5,
        50,
        at="DeploymentConfig.RollingUpdatePolicy.MaximumBatchSize",
        when=lambda part: part.get("Type") == "CAPACITY_PERCENT",
        text="A MaximumBatchSize in percent is 5 to 50.",
        source="InferenceComponentRollingUpdatePolicy, MaximumBatchSize",
        fails=_rolling(51),
        passes=_rolling(50),
    ),
)
