"""AWS::CodePipeline::Pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from rehearsal.cloudformation.resource_requests import ResourceFailure, to_api
from rehearsal.cloudformation.resource_types import Properties, ResourceType

_UNSUPPORTED = {
    "DisableInboundStageTransitions": "call DisableStageTransition after the deployment",
}
_RESTART = "RestartExecutionOnUpdate"


def _declaration(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a template's properties as the PipelineDeclaration of the API."""
    given = dict(properties)
    for name, instead in _UNSUPPORTED.items():
        if given.pop(name, None) not in (None, False, "false", []):
            raise ResourceFailure(
                f"AWS::CodePipeline::Pipeline {name}: the rehearsal does not support it; {instead}."
            )
    if isinstance(given.get("ArtifactStores"), list):
        given["ArtifactStores"] = {
            item["Region"]: item["ArtifactStore"] for item in given["ArtifactStores"]
        }
    given.pop("Tags", None)
    given.pop(_RESTART, None)
    return given


def _to_request(properties: dict[str, Any]) -> dict[str, Any]:
    request: dict[str, Any] = {"pipeline": _declaration(properties)}
    if properties.get("Tags"):
        request["tags"] = properties["Tags"]
    return request


def _to_update_request(properties: dict[str, Any]) -> dict[str, Any]:
    if "Name" not in properties:
        raise ResourceFailure(
            "AWS::CodePipeline::Pipeline without Name cannot be updated in the rehearsal; "
            "add a Name."
        )
    return {"pipeline": _declaration(properties)}


def _update(client: Any, identifier: Any, before: Properties, after: Properties) -> None:
    """Updates the pipeline, and starts it if RestartExecutionOnUpdate is true."""
    if not before:
        return  # CodePipeline starts a new pipeline by itself
    shape = client.meta.service_model.operation_model("UpdatePipeline").input_shape
    client.update_pipeline(**to_api(shape, _to_update_request(dict(after)), ""))
    if after.get(_RESTART) in (True, "true"):
        client.start_pipeline_execution(name=after["Name"])


def _keep_name(client: Any, identifier: Mapping[str, Any]) -> None:
    """Keeps the name of the nested response of CreatePipeline, which identifies a pipeline."""
    kept = cast("dict[str, Any]", identifier)
    if "pipeline" in kept:
        kept["name"] = kept.pop("pipeline")["name"]


RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::CodePipeline::Pipeline",
        service="codepipeline",
        create="CreatePipeline",
        update="UpdatePipeline",
        delete="DeletePipeline",
        describe="GetPipeline",
        identifier=("pipeline",),
        ref="pipeline.name",
        attributes={"Version": "pipeline.version"},
        name_property="Name",
        to_request=_to_request,
        bring=_update,
        wait=_keep_name,
        arn="metadata.pipelineArn",
    )
]
