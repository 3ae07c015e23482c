"""CloudFormation type of pipelines."""

import json
from typing import Any

from rehearsal.cloudformation.resource_types import ResourceType


def _pipeline_request(properties: dict[str, Any]) -> dict[str, Any]:
    """Splits PipelineDefinition, which is two members in the API."""
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


def _pipeline_update(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in _pipeline_request(properties).items() if name != "Tags"}


RESOURCE_TYPES = [
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
        to_update_request=_pipeline_update,
        arn="PipelineArn",
    ),
]
