"""Parameters and tags that SageMaker passes to the template of a project."""

from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.services.sagemaker.records import Record

NAME_PARAMETER = "SageMakerProjectName"
ID_PARAMETER = "SageMakerProjectId"


class ProjectFailedError(Exception):
    """The stack or product of a project failed.

    Args:
        changes: the changes of the project's record that describe the failure.
    """

    def __init__(self, changes: Mapping[str, Any]) -> None:
        super().__init__(str(changes))
        self.changes = dict(changes)


def parameter_values(project: Record, parameters: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Returns the parameters of a template: those of the caller and the two of SageMaker."""
    added = {NAME_PARAMETER: project["ProjectName"], ID_PARAMETER: project["ProjectId"]}
    return {entry["Key"]: entry.get("Value", "") for entry in parameters} | added


def tags_of(project: Record) -> dict[str, str]:
    """Returns the tags of the stack or product of a project."""
    return {
        "sagemaker:project-name": project["ProjectName"],
        "sagemaker:project-id": project["ProjectId"],
        **{tag["Key"]: tag["Value"] for tag in project.get("Tags", ())},
    }
