"""Notebook instances, which have AWS's states but run no Jupyter server.

Source: CreateNotebookInstance and its neighbours in the API reference.
"""

from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend, not_found
from rehearsal.services.sagemaker.encryption_keys import check_key_of
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.notebooks.code_repositories import CodeRepositories
from rehearsal.services.sagemaker.notebooks.lifecycle_configs import INSTANCE
from rehearsal.services.sagemaker.notebooks.lifecycle_configs import KIND as LIFECYCLE_CONFIGS
from rehearsal.services.sagemaker.records import Record, now, random_id
from rehearsal.services.sagemaker.stored_resource import Kind, StoredResource

STATUS = "NotebookInstanceStatus"
CONFIG = "NotebookInstanceLifecycleConfigName"
TRANSITION_SECONDS = 0.2
"""Seconds that an instance is Pending, Stopping or Updating."""
_DEFAULTS: dict[str, Any] = {
    "DirectInternetAccess": "Enabled",
    "VolumeSizeInGB": 5,
    "RootAccess": "Enabled",
    "PlatformIdentifier": "notebook-al2-v2",
    "IpAddressType": "ipv4",
    "InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "1"},
}
_CODE = ("DefaultCodeRepository", "AdditionalCodeRepositories")
KIND = Kind(
    noun="NotebookInstance",
    path=INSTANCE,
    listing=Listing(
        operation="ListNotebookInstances",
        member="NotebookInstances",
        name="NotebookInstanceName",
        status=STATUS,
        newest_first=False,
        sort_by="Name",
    ),
    updatable=(
        "InstanceType",
        "IpAddressType",
        "PlatformIdentifier",
        "RoleArn",
        "VolumeSizeInGB",
        "AcceleratorTypes",
        "RootAccess",
        "InstanceMetadataServiceConfiguration",
        *_CODE,
    ),
    missing="RecordNotFound",
    existing="Cannot create a duplicate Notebook Instance ({arn})",
)


class NotebookInstances(StoredResource):
    """Create-, Describe-, List-, Update-, Start-, Stop-, DeleteNotebookInstance.

    Args:
        backend: the backend of SageMaker.
        repositories: the Git repositories that instances clone.
    """

    def __init__(self, backend: Backend, repositories: CodeRepositories) -> None:
        super().__init__(backend, KIND)
        self._repositories = repositories

    def prepare(self, record: Record, context: Context) -> None:
        scope, name = context.scope, record["NotebookInstanceName"]
        if record.get("DirectInternetAccess") == "Disabled" and "SubnetId" not in record:
            message = (
                "DirectInternetAccess can be Disabled only with a SubnetId: specify the subnet of "
                "the notebook instance."
            )
            raise AwsError("ValidationException", message)
        if "SubnetId" in record and not record.get("SecurityGroupIds"):
            message = "SecurityGroupIds is required with a SubnetId."
            raise AwsError("ValidationException", message)
        self.backend.identity.check_role(context, record["RoleArn"])
        self._check_key(context, "CreateNotebookInstance", record)
        self._check_references(scope, record, "CreateNotebookInstance")
        record["SecurityGroups"] = record.pop("SecurityGroupIds", [])
        if "LifecycleConfigName" in record:
            record[CONFIG] = record.pop("LifecycleConfigName")
        for member, value in _DEFAULTS.items():
            record.setdefault(member, value)
        record[STATUS] = "Pending"
        record["Url"] = f"{name.lower()}-{random_id(4)}.notebook.{scope.region}.sagemaker.aws"
        if "SubnetId" in record:
            record["NetworkInterfaceId"] = f"eni-{random_id(17)}"

    def changed(self, record: Record, scope: Scope) -> None:
        if record[STATUS] == "Pending":
            self._settle(record, "InService")

    def list_all(self, request: Request, context: Context) -> Response:
        kept = self.backend.all(context.scope, INSTANCE)
        contained = {
            "NotebookInstanceLifecycleConfigNameContains": CONFIG,
            "DefaultCodeRepositoryContains": "DefaultCodeRepository",
        }
        for member, searched in contained.items():
            sought = request.get(member, "")
            kept = [one for one in kept if sought in (one.get(searched) or "")]
        equal = request.get("AdditionalCodeRepositoryEquals")
        if equal is not None:
            kept = [one for one in kept if equal in (one.get(_CODE[1]) or ())]
        return self.kind.listing.respond(kept, request)

    def update(self, request: Request, context: Context) -> Response:
        operation = "UpdateNotebookInstance"
        record = self.find(context.scope, request["NotebookInstanceName"], operation)
        self._check_status(record, ("Stopped", "Failed"), operation)
        if "RoleArn" in request:
            self.backend.identity.check_role(context, request["RoleArn"])
        self._check_references(context.scope, request, operation)
        if request.get("VolumeSizeInGB", record["VolumeSizeInGB"]) < record["VolumeSizeInGB"]:
            message = (
                f"VolumeSizeInGB cannot shrink from {record['VolumeSizeInGB']} to "
                f"{request['VolumeSizeInGB']}."
            )
            raise AwsError("ValidationException", message)
        response = super().update(request, context)
        self._enter(record, "Updating")
        self._settle(record, "Stopped")
        return response

    def changes(self, record: Record, given: Request) -> dict[str, Any]:
        changed = super().changes(record, given)
        if "LifecycleConfigName" in given:
            changed[CONFIG] = given["LifecycleConfigName"]
        removals = {
            "DisassociateLifecycleConfig": CONFIG,
            "DisassociateAcceleratorTypes": "AcceleratorTypes",
            "DisassociateDefaultCodeRepository": "DefaultCodeRepository",
            "DisassociateAdditionalCodeRepositories": "AdditionalCodeRepositories",
        }
        for member, removed in removals.items():
            if given.get(member):
                if removed in changed:
                    message = f"{member} cannot be combined with a new {removed}."
                    raise AwsError("ValidationException", message)
                changed[removed] = None
        return changed

    def start_notebook_instance(self, request: Request, context: Context) -> Response:
        operation = "StartNotebookInstance"
        record = self.find(context.scope, request["NotebookInstanceName"], operation)
        self._check_status(record, ("Stopped", "Failed"), operation)
        self._enter(record, "Pending")
        self._settle(record, "InService")
        return {}

    def stop_notebook_instance(self, request: Request, context: Context) -> Response:
        operation = "StopNotebookInstance"
        record = self.find(context.scope, request["NotebookInstanceName"], operation)
        self._check_status(record, ("InService",), operation)
        self._enter(record, "Stopping")
        self._settle(record, "Stopped")
        return {}

    def delete(self, request: Request, context: Context) -> Response:
        operation, name = "DeleteNotebookInstance", request["NotebookInstanceName"]
        record = self.find(context.scope, name, operation)
        self._check_status(record, ("Stopped", "Failed"), operation)
        self._check_key(context, operation, record)
        self._enter(record, "Deleting")

        def remove() -> None:
            self.backend.workers.closing.wait(TRANSITION_SECONDS)
            arn = record["NotebookInstanceArn"]
            self.backend.remove(context.scope, INSTANCE, name, arn)

        self.backend.workers.start(f"delete notebook instance {name}", remove)
        return {}

    def _check_key(self, context: Context, operation: str, record: Record) -> None:
        check_key_of(self.backend.identity, context, operation, record.get("KmsKeyId"))

    def _check_references(self, scope: Scope, given: Request, operation: str) -> None:
        """Checks that the lifecycle configuration and the repositories of a request exist."""
        config = given.get("LifecycleConfigName")
        if config:
            with self.backend.lock:
                known = config in self.backend.records.of(scope, LIFECYCLE_CONFIGS.path)
            if not known:
                message = LIFECYCLE_CONFIGS.message(LIFECYCLE_CONFIGS.missing, scope, config)
                raise not_found(operation, message)
        default = [given["DefaultCodeRepository"]] if given.get("DefaultCodeRepository") else []
        for repository in (*default, *(given.get("AdditionalCodeRepositories") or ())):
            self._repositories.check_exists(scope, repository, operation)

    def _check_status(self, record: Record, allowed: tuple[str, ...], operation: str) -> None:
        with self.backend.lock:
            status = record[STATUS]
        if status not in allowed:
            message = (
                f"Status ({status}) not in ([{', '.join(allowed)}]). Unable to transition to the "
                f"state that {operation} requires (arn {record['NotebookInstanceArn']})."
            )
            raise AwsError("ValidationException", message)

    def _enter(self, record: Record, status: str) -> None:
        with self.backend.lock:
            record.update({STATUS: status, "LastModifiedTime": now()})

    def _settle(self, record: Record, status: str) -> None:
        """Enters a status after a moment, in which clients see the transition."""

        def settle() -> None:
            self.backend.workers.closing.wait(TRANSITION_SECONDS)
            self._enter(record, status)

        name = record["NotebookInstanceName"]
        self.backend.workers.start(f"notebook instance {name}: {status}", settle)
