"""AWS::CodeBuild::Project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.cloudformation.resource_requests import ResourceFailure
from rehearsal.cloudformation.resource_types import ResourceType

_UNSUPPORTED = {
    "Triggers": "webhooks",
    "BuildBatchConfig": "batch builds",
    "FileSystemLocations": "file systems",
    "Visibility": "public projects",
}


def _to_request(properties: dict[str, Any]) -> dict[str, Any]:
    if properties.get("Visibility", "PRIVATE") == "PRIVATE":
        # The role serves the readers of public projects; the API of projects has neither member.
        without = ("Visibility", "ResourceAccessRole")
        properties = {key: value for key, value in properties.items() if key not in without}
    for name, meaning in _UNSUPPORTED.items():
        if properties.get(name):
            raise ResourceFailure(
                f"AWS::CodeBuild::Project {name}: the rehearsal does not support {meaning}; "
                "remove the property."
            )
    return properties


def _to_names(identifier: Mapping[str, Any]) -> dict[str, Any]:
    return {"names": [identifier["name"]]}


RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::CodeBuild::Project",
        service="codebuild",
        create="CreateProject",
        update="UpdateProject",
        delete="DeleteProject",
        describe="BatchGetProjects",
        identifier=("name",),
        ref="projects.0.name",
        attributes={"Arn": "projects.0.arn", "Id": "projects.0.name"},
        name_property="Name",
        to_request=_to_request,
        to_update_request=_to_request,
        to_describe_request=_to_names,
    )
]
