"""Lifecycle configurations of notebook instances: scripts that run when one is created or started.

The rehearsal runs no notebook, so it runs no script.
"""

import base64
import binascii
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record
from rehearsal.services.sagemaker.stored_resource import Kind, StoredResource

INSTANCE = "notebook-instance"
HOOKS = ("OnCreate", "OnStart")
KIND = Kind(
    noun="NotebookInstanceLifecycleConfig",
    path="notebook-instance-lifecycle-config",
    listing=Listing(
        operation="ListNotebookInstanceLifecycleConfigs",
        member="NotebookInstanceLifecycleConfigs",
        name="NotebookInstanceLifecycleConfigName",
    ),
    updatable=HOOKS,
    missing="Unable to describe Notebook Instance Lifecycle Config '{arn}'.",
    existing=(
        "Unable to create Notebook Instance Lifecycle Config {arn}. (Details: Notebook Instance "
        "Lifecycle Config already exists.)"
    ),
)


class NotebookLifecycleConfigs(StoredResource):
    """Create-, Describe-, List-, Update-, DeleteNotebookInstanceLifecycleConfig.

    Args:
        backend: the backend of SageMaker.
    """

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend, KIND)

    def prepare(self, record: Record, context: Context) -> None:
        _check_scripts(record)

    def changes(self, record: Record, given: Request) -> dict[str, Any]:
        _check_scripts(given)
        return super().changes(record, given)

    def check_delete(self, record: Record, scope: Scope) -> None:
        name = record["NotebookInstanceLifecycleConfigName"]
        used = [
            one["NotebookInstanceName"]
            for one in self.backend.all(scope, INSTANCE)
            if one.get("NotebookInstanceLifecycleConfigName") == name
        ]
        if used:
            message = (
                f"Notebook Instance Lifecycle Config {name} is in use by {', '.join(used[:5])}: "
                "disassociate it first."
            )
            raise AwsError("ValidationException", message)


def _check_scripts(given: Request) -> None:
    for member in HOOKS:
        for hook in given.get(member, ()):
            try:
                base64.b64decode(hook.get("Content", ""), validate=True)
            except binascii.Error:
                message = f"{member}: the Content of a hook is a script in base64."
                raise AwsError("ValidationException", message) from None
