"""CloudFormation types of SageMaker: which calls make, change and unmake them.

`Ref` of Model, EndpointConfig, Endpoint and ModelPackageGroup is the ARN (their primary
identifier), of Pipeline the name.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.aws.resource_types import ResourceFailure, ResourceType

_POLL_SECONDS = 0.3
_ENDPOINT_BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack")


def _wait_for_endpoint(client: Any, identifier: Mapping[str, Any]) -> None:
    """Waits until an endpoint serves what was asked; raises with its FailureReason."""
    while True:
        endpoint = client.describe_endpoint(**identifier)
        if endpoint["EndpointStatus"] not in _ENDPOINT_BUSY:
            break
        time.sleep(_POLL_SECONDS)
    # A failed update leaves the endpoint InService on its old configuration, with a reason.
    if endpoint["EndpointStatus"] != "InService" or endpoint.get("FailureReason"):
        reason = endpoint.get("FailureReason", f"status {endpoint['EndpointStatus']}")
        raise ResourceFailure(f"Endpoint {identifier['EndpointName']}: {reason}")


def _wait_until_gone(operation: str) -> Callable[[Any, Mapping[str, Any]], None]:
    """Waits until a Describe operation finds nothing any more."""

    def wait(client: Any, identifier: Mapping[str, Any]) -> None:
        while True:
            try:
                answer = getattr(client, operation)(**identifier)
            except ClientError as error:
                if "ould not find" in str(error) or "does not exist" in str(error):
                    return
                raise
            if answer.get("ProjectStatus") == "DeleteFailed":
                raise ResourceFailure(_project_reason(answer))
            time.sleep(_POLL_SECONDS)

    return wait


def _wait_for_project(client: Any, identifier: Mapping[str, Any]) -> None:
    while True:
        project = client.describe_project(**identifier)
        if not project["ProjectStatus"].endswith("InProgress"):
            break
        time.sleep(_POLL_SECONDS)
    if not project["ProjectStatus"].endswith("Completed"):
        raise ResourceFailure(_project_reason(project))


def _project_reason(project: Mapping[str, Any]) -> str:
    details = project.get("TemplateProviderDetails") or [{}]
    stack = details[0].get("CfnTemplateProviderDetail", {}).get("StackDetail", {})
    return str(stack.get("StatusMessage", f"status {project['ProjectStatus']}"))


def _pipeline_request(properties: dict[str, Any]) -> dict[str, Any]:
    """PipelineDefinition is one object in CloudFormation and two members in the API."""
    request = dict(properties)
    definition = request.pop("PipelineDefinition", {})
    if "PipelineDefinitionBody" in definition:
        body = definition["PipelineDefinitionBody"]
        request["PipelineDefinition"] = body if isinstance(body, str) else json.dumps(body)
    elif "PipelineDefinitionS3Location" in definition:
        location = dict(definition["PipelineDefinitionS3Location"])
        request["PipelineDefinitionS3Location"] = {
            "Bucket": location["Bucket"],
            "ObjectKey": location["Key"],
            **({"VersionId": location["Version"]} if location.get("Version") else {}),
        }
    return request


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


def _group_request(properties: dict[str, Any]) -> dict[str, Any]:
    if "ModelPackageGroupPolicy" in properties:
        raise ResourceFailure(
            "The rehearsal does not implement ModelPackageGroupPolicy of "
            "AWS::SageMaker::ModelPackageGroup: put it with PutModelPackageGroupPolicy."
        )
    return properties


def _project_request(properties: dict[str, Any]) -> dict[str, Any]:
    """CloudFormation calls the template providers of a project details."""
    request = dict(properties)
    details = request.pop("TemplateProviderDetails", None)
    if details:
        request["TemplateProviders"] = [
            {"CfnTemplateProvider": entry["CfnTemplateProviderDetail"]} for entry in details
        ]
    return request


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
        wait_deleted=_wait_until_gone("describe_endpoint"),
    ),
    ResourceType(
        type_name="AWS::SageMaker::ModelPackageGroup",
        service="sagemaker",
        create="CreateModelPackageGroup",
        describe="DescribeModelPackageGroup",
        delete="DeleteModelPackageGroup",
        identifier=("ModelPackageGroupName",),
        ref="ModelPackageGroupArn",
        attributes={
            "ModelPackageGroupArn": "ModelPackageGroupArn",
            "ModelPackageGroupStatus": "ModelPackageGroupStatus",
            "CreationTime": "CreationTime",
        },
        to_request=_group_request,
    ),
    ResourceType(
        type_name="AWS::SageMaker::ModelPackage",
        service="sagemaker",
        create="CreateModelPackage",
        describe="DescribeModelPackage",
        update="UpdateModelPackage",
        delete="DeleteModelPackage",
        identifier=("ModelPackageArn",),
        ref="ModelPackageArn",
        attributes={
            "ModelPackageArn": "ModelPackageArn",
            "ModelPackageStatus": "ModelPackageStatus",
            "ModelPackageVersion": "ModelPackageVersion",
        },
        to_describe_request=lambda identifier: {"ModelPackageName": identifier["ModelPackageArn"]},
        to_delete_request=lambda identifier: {"ModelPackageName": identifier["ModelPackageArn"]},
    ),
    ResourceType(
        type_name="AWS::SageMaker::Pipeline",
        service="sagemaker",
        create="CreatePipeline",
        describe="DescribePipeline",
        update="UpdatePipeline",
        delete="DeletePipeline",
        identifier=("PipelineName",),
        ref="PipelineName",
        to_request=_pipeline_request,
        to_update_request=lambda properties: _endpoint_update(_pipeline_request(properties)),
        arn="PipelineArn",
    ),
    ResourceType(
        type_name="AWS::SageMaker::Project",
        service="sagemaker",
        create="CreateProject",
        describe="DescribeProject",
        delete="DeleteProject",
        identifier=("ProjectName",),
        ref="ProjectArn",
        attributes={
            "ProjectArn": "ProjectArn",
            "ProjectId": "ProjectId",
            "ProjectStatus": "ProjectStatus",
            "CreationTime": "CreationTime",
        },
        to_request=_project_request,
        wait=_wait_for_project,
        wait_deleted=_wait_until_gone("describe_project"),
    ),
]
