"""What SageMaker gives the template of each project: its name, its id, and tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.framework.platform import AwsError
from rehearsal.services.sagemaker.records import Record

NAME_PARAMETER = "SageMakerProjectName"
ID_PARAMETER = "SageMakerProjectId"


class ProjectFailedError(Exception):
    """What a project consists of failed; `changes` are those of the project's record."""

    def __init__(self, changes: Mapping[str, Any]) -> None:
        super().__init__(str(changes))
        self.changes = dict(changes)


def refuse_own_parameters(parameters: Iterable[Mapping[str, str]]) -> None:
    """Refuses parameters that SageMaker itself sets."""
    for parameter in parameters:
        if parameter.get("Key") in (NAME_PARAMETER, ID_PARAMETER):
            message = f"Parameter {parameter['Key']} is set by SageMaker: leave it out."
            raise AwsError("ValidationException", message)


def given_parameters(project: Record, parameters: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The template's parameters: the caller's, and SageMaker's own two."""
    own = {NAME_PARAMETER: project["ProjectName"], ID_PARAMETER: project["ProjectId"]}
    return {entry["Key"]: entry.get("Value", "") for entry in parameters} | own


def tags_of(project: Record) -> dict[str, str]:
    """The tags of what a project consists of."""
    return {
        "sagemaker:project-name": project["ProjectName"],
        "sagemaker:project-id": project["ProjectId"],
        **{tag["Key"]: tag["Value"] for tag in project.get("_tags", ())},
    }
