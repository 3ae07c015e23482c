"""Models, endpoint configurations and endpoints.

`Ref` gives their ARN, which is their primary identifier.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rehearsal.aws.resource_types import ResourceFailure, ResourceType
from rehearsal.aws.sagemaker.resource_types.waiting import POLL_SECONDS, wait_until_gone

_ENDPOINT_BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack")


def _wait_for_endpoint(client: Any, identifier: Mapping[str, Any]) -> None:
    """Waits until an endpoint serves what was asked; raises with its FailureReason."""
    while True:
        endpoint = client.describe_endpoint(**identifier)
        if endpoint["EndpointStatus"] not in _ENDPOINT_BUSY:
            break
        time.sleep(POLL_SECONDS)
    # A failed update leaves the endpoint InService on its old configuration, with a reason.
    if endpoint["EndpointStatus"] != "InService" or endpoint.get("FailureReason"):
        reason = endpoint.get("FailureReason", f"status {endpoint['EndpointStatus']}")
        raise ResourceFailure(f"Endpoint {identifier['EndpointName']}: {reason}")


def _endpoint_update(properties: dict[str, Any]) -> dict[str, Any]:
    """Properties that only the other operation takes are left out."""
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
        wait=_wait_for_endpoint,
        wait_deleted=wait_until_gone("describe_endpoint"),
    ),
]
