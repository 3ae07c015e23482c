"""CloudFormation types of models, endpoint configurations, endpoints and components.

`Ref` gives their ARN, which is their primary identifier.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.cloudformation.resource_requests import to_api
from rehearsal.cloudformation.resource_types import ResourceFailure, ResourceType
from rehearsal.services.sagemaker.waiting import POLL_SECONDS, wait_until_gone

_BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack")


def _wait_until_served(
    operation: str, noun: str, status: str
) -> Callable[[Any, Mapping[str, Any]], None]:
    """Waits until an endpoint or component is in service; raises its FailureReason."""

    def wait(client: Any, identifier: Mapping[str, Any]) -> None:
        while True:
            found = getattr(client, operation)(**identifier)
            if found[status] not in _BUSY:
                break
            time.sleep(POLL_SECONDS)
        # After a failed update it is InService with its earlier configuration, and a reason.
        if found[status] != "InService" or found.get("FailureReason"):
            reason = found.get("FailureReason", f"status {found[status]}")
            raise ResourceFailure(f"{noun} {next(iter(identifier.values()))}: {reason}")

    return wait


_wait_for_component = _wait_until_served(
    "describe_inference_component", "Inference component", "InferenceComponentStatus"
)


def _change_component(
    client: Any, identifier: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]
) -> None:
    """Changes a component in place; its endpoint and variant cannot change."""
    if not old:
        return
    moved = [name for name in ("EndpointName", "VariantName") if old.get(name) != new.get(name)]
    if moved:
        raise ResourceFailure(
            f"AWS::SageMaker::InferenceComponent cannot change {' and '.join(moved)} in place: "
            "give the component another name, so that it is replaced."
        )
    members = ("Specification", "Specifications", "RuntimeConfig", "DeploymentConfig")
    changed = {name: new[name] for name in members if name in new}
    shape = client.meta.service_model.operation_model("UpdateInferenceComponent").input_shape
    client.update_inference_component(**identifier, **to_api(shape, changed, ""))
    _wait_for_component(client, identifier)


def _component_create(properties: dict[str, Any]) -> dict[str, Any]:
    """Returns the request of a creation, without DeploymentConfig, which is of updates."""
    return {name: value for name, value in properties.items() if name != "DeploymentConfig"}


def _endpoint_update(properties: dict[str, Any]) -> dict[str, Any]:
    """Returns the request without properties that only the other operation takes."""
    return {name: value for name, value in properties.items() if name != "Tags"}


def _endpoint_create(properties: dict[str, Any]) -> dict[str, Any]:
    only_update = (
        "RetainAllVariantProperties",
        "ExcludeRetainedVariantProperties",
        "RetainDeploymentConfig",
    )
    return {name: value for name, value in properties.items() if name not in only_update}


RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::SageMaker::Model",
        service="sagemaker",
        create="CreateModel",
        describe="DescribeModel",
        delete="DeleteModel",
        identifier=("ModelName",),
        ref="ModelArn",
        attributes={"ModelName": "ModelName", "ModelArn": "ModelArn"},
        name_property="ModelName",
    ),
    ResourceType(
        type_name="AWS::SageMaker::EndpointConfig",
        service="sagemaker",
        create="CreateEndpointConfig",
        describe="DescribeEndpointConfig",
        delete="DeleteEndpointConfig",
        identifier=("EndpointConfigName",),
        ref="EndpointConfigArn",
        attributes={
            "EndpointConfigName": "EndpointConfigName",
            "EndpointConfigArn": "EndpointConfigArn",
        },
        name_property="EndpointConfigName",
    ),
    ResourceType(
        type_name="AWS::SageMaker::Endpoint",
        service="sagemaker",
        create="CreateEndpoint",
        describe="DescribeEndpoint",
        update="UpdateEndpoint",
        delete="DeleteEndpoint",
        identifier=("EndpointName",),
        ref="EndpointArn",
        attributes={"EndpointName": "EndpointName", "EndpointArn": "EndpointArn"},
        name_property="EndpointName",
        to_request=_endpoint_create,
        to_update_request=_endpoint_update,
        wait=_wait_until_served("describe_endpoint", "Endpoint", "EndpointStatus"),
        wait_deleted=wait_until_gone("describe_endpoint"),
    ),
    ResourceType(
        type_name="AWS::SageMaker::InferenceComponent",
        service="sagemaker",
        create="CreateInferenceComponent",
        describe="DescribeInferenceComponent",
        delete="DeleteInferenceComponent",
        identifier=("InferenceComponentName",),
        ref="InferenceComponentArn",
        attributes={
            "InferenceComponentArn": "InferenceComponentArn",
            "InferenceComponentName": "InferenceComponentName",
            "InferenceComponentStatus": "InferenceComponentStatus",
            "CreationTime": "CreationTime",
            "LastModifiedTime": "LastModifiedTime",
            "RuntimeConfig.CurrentCopyCount": "RuntimeConfig.CurrentCopyCount",
            "RuntimeConfig.DesiredCopyCount": "RuntimeConfig.DesiredCopyCount",
        },
        name_property="InferenceComponentName",
        to_request=_component_create,
        bring=_change_component,
        wait=_wait_for_component,
        wait_deleted=wait_until_gone("describe_inference_component"),
    ),
]
