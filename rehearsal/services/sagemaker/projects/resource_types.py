"""CloudFormation type of projects."""

import time
from collections.abc import Mapping
from typing import Any

from rehearsal.cloudformation.resource_types import ResourceFailure, ResourceType
from rehearsal.services.sagemaker.waiting import POLL_SECONDS, wait_until_gone


def _wait_for_project(client: Any, identifier: Mapping[str, Any]) -> None:
    while True:
        project = client.describe_project(**identifier)
        if not project["ProjectStatus"].endswith("InProgress"):
            break
        time.sleep(POLL_SECONDS)
    if not project["ProjectStatus"].endswith("Completed"):
        raise ResourceFailure(_project_reason(project))


def _project_reason(project: Mapping[str, Any]) -> str:
    details = project.get("TemplateProviderDetails") or [{}]
    stack = details[0].get("CfnTemplateProviderDetail", {}).get("StackDetail", {})
    return str(stack.get("StatusMessage", f"status {project['ProjectStatus']}"))


def _project_request(properties: dict[str, Any]) -> dict[str, Any]:
    """Renames TemplateProviderDetails, which the API calls TemplateProviders."""
    request = dict(properties)
    details = request.pop("TemplateProviderDetails", None)
    if details:
        request["TemplateProviders"] = [
            {"CfnTemplateProvider": entry["CfnTemplateProviderDetail"]} for entry in details
        ]
    return request


def _failed_deletion(project: Mapping[str, Any]) -> str:
    return _project_reason(project) if project.get("ProjectStatus") == "DeleteFailed" else ""


RESOURCE_TYPES = [
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
        wait_deleted=wait_until_gone("describe_project", _failed_deletion),
    ),
]
