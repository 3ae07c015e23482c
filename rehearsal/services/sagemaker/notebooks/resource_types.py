"""CloudFormation types of notebook instances, their lifecycle configurations, and repositories."""

import time
from typing import Any

from rehearsal.cloudformation.resource_types import (
    Identifier,
    Properties,
    ResourceFailure,
    ResourceType,
)
from rehearsal.services.sagemaker.waiting import POLL_SECONDS, wait_until_gone

_STATUS = "NotebookInstanceStatus"
# The property that an update removes, and the member that removes it.
_REMOVALS = {
    "LifecycleConfigName": "DisassociateLifecycleConfig",
    "DefaultCodeRepository": "DisassociateDefaultCodeRepository",
    "AdditionalCodeRepositories": "DisassociateAdditionalCodeRepositories",
}
_UPDATED = (
    "InstanceType",
    "RoleArn",
    "VolumeSizeInGB",
    "RootAccess",
    "InstanceMetadataServiceConfiguration",
    *_REMOVALS,
)


def _wait(client: Any, identifier: Identifier, *statuses: str) -> str:
    """Waits until an instance has one of some statuses or has failed; returns the status."""
    while True:
        response = client.describe_notebook_instance(**identifier)
        if response[_STATUS] in (*statuses, "Failed"):
            return str(response[_STATUS])
        time.sleep(POLL_SECONDS)


def _wait_in_service(client: Any, identifier: Identifier) -> None:
    if _wait(client, identifier, "InService") == "Failed":
        response = client.describe_notebook_instance(**identifier)
        raise ResourceFailure(response.get("FailureReason", "The notebook instance failed."))


def _stop(client: Any, identifier: Identifier) -> None:
    """Stops an instance, which AWS requires before it is updated or deleted."""
    if _wait(client, identifier, "InService", "Stopped") == "InService":
        client.stop_notebook_instance(**identifier)
        _wait(client, identifier, "Stopped")


def _bring(client: Any, identifier: Identifier, before: Properties, after: Properties) -> None:
    """Updates an instance: stops it, changes it and starts it, as CloudFormation does."""
    if not before:
        return
    request: dict[str, Any] = {
        name: after[name] for name in _UPDATED if name in after and after[name] != before.get(name)
    }
    request |= {
        member: True for name, member in _REMOVALS.items() if name in before and name not in after
    }
    if not request:
        return
    _stop(client, identifier)
    client.update_notebook_instance(**identifier, **request)
    _wait(client, identifier, "Stopped")
    client.start_notebook_instance(**identifier)
    _wait_in_service(client, identifier)


def _git_update(properties: dict[str, Any]) -> dict[str, Any]:
    config = properties["GitConfig"]
    return {"GitConfig": {"SecretArn": config["SecretArn"]}} if "SecretArn" in config else {}


RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::SageMaker::CodeRepository",
        service="sagemaker",
        create="CreateCodeRepository",
        describe="DescribeCodeRepository",
        update="UpdateCodeRepository",
        delete="DeleteCodeRepository",
        identifier=("CodeRepositoryName",),
        ref="CodeRepositoryArn",
        attributes={
            "CodeRepositoryArn": "CodeRepositoryArn",
            "CodeRepositoryName": "CodeRepositoryName",
        },
        name_property="CodeRepositoryName",
        to_update_request=_git_update,
    ),
    ResourceType(
        type_name="AWS::SageMaker::NotebookInstance",
        service="sagemaker",
        create="CreateNotebookInstance",
        describe="DescribeNotebookInstance",
        delete="DeleteNotebookInstance",
        identifier=("NotebookInstanceName",),
        ref="NotebookInstanceArn",
        attributes={
            "NotebookInstanceArn": "NotebookInstanceArn",
            "NotebookInstanceName": "NotebookInstanceName",
        },
        name_property="NotebookInstanceName",
        bring=_bring,
        wait=_wait_in_service,
        before_delete=_stop,
        wait_deleted=wait_until_gone("describe_notebook_instance"),
    ),
    ResourceType(
        type_name="AWS::SageMaker::NotebookInstanceLifecycleConfig",
        service="sagemaker",
        create="CreateNotebookInstanceLifecycleConfig",
        describe="DescribeNotebookInstanceLifecycleConfig",
        update="UpdateNotebookInstanceLifecycleConfig",
        delete="DeleteNotebookInstanceLifecycleConfig",
        identifier=("NotebookInstanceLifecycleConfigName",),
        ref="NotebookInstanceLifecycleConfigArn",
        attributes={
            "NotebookInstanceLifecycleConfigArn": "NotebookInstanceLifecycleConfigArn",
            "NotebookInstanceLifecycleConfigName": "NotebookInstanceLifecycleConfigName",
        },
        name_property="NotebookInstanceLifecycleConfigName",
    ),
]
