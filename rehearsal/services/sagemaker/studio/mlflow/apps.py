"""MLflow Apps.

Each App has a server of MLflow. MLflow's models are not registered in SageMaker's registry: an App
with AutoModelRegistrationEnabled rejects the registration of models.
"""

import logging
import re
from functools import partial
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend, caller_identity
from rehearsal.services.sagemaker.data_plane import reason_of
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now, random_id
from rehearsal.services.sagemaker.studio.mlflow.server import VERSION
from rehearsal.services.sagemaker.studio.mlflow.servers import MlflowServers

_log = logging.getLogger("rehearsal.mlflow")
KIND = "mlflow-app"
LISTING = Listing(
    operation="ListMlflowApps",
    member="Summaries",
    name="Name",
    status="Status",
    equal={
        "Status": "Status",
        "MlflowVersion": "MlflowVersion",
        "AccountDefaultStatus": "AccountDefaultStatus",
    },
)
_ID_LENGTH = 12
_APP_ARN = re.compile(r"arn:aws:sagemaker:[a-z0-9-]+:\d{12}:mlflow-app/app-[A-Z0-9]+")
_UPDATABLE = (
    "Name",
    "ArtifactStoreUri",
    "ModelRegistrationMode",
    "WeeklyMaintenanceWindowStart",
    "DefaultDomainIdList",
    "AccountDefaultStatus",
)


class MlflowApps:
    """Create-, Describe-, List-, Update-, DeleteMlflowApp.

    Args:
        backend: the backend of SageMaker.
        servers: the servers of Apps.
    """

    def __init__(self, backend: Backend, servers: MlflowServers) -> None:
        self._backend = backend
        self._servers = servers

    def create_mlflow_app(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("CreateMlflowApp", request)
        self._backend.identity.check_role(context, record["RoleArn"])
        record.setdefault("ModelRegistrationMode", "AutoModelRegistrationDisabled")
        record.setdefault("AccountDefaultStatus", "DISABLED")
        name = f"app-{random_id(_ID_LENGTH).upper()}"
        record |= {
            "Arn": context.scope.arn("sagemaker", f"{KIND}/{name}"),
            "MlflowAppId": name,
            "MlflowVersion": VERSION,
            "Status": "Creating",
            "CreationTime": now(),
            "CreatedBy": caller_identity(context),
            "LastModifiedTime": now(),
            "LastModifiedBy": caller_identity(context),
        }
        with self._backend.lock:
            self._backend.register(context, KIND, name, record, request)
        self._begin(context.scope, record, "Created", "CreateFailed")
        return {"Arn": record["Arn"]}

    def describe_mlflow_app(self, request: Request, context: Context) -> Response:
        record = self.find(context.scope, request["Arn"], "DescribeMlflowApp")
        return self._backend.describe("DescribeMlflowApp", record)

    def list_mlflow_apps(self, request: Request, context: Context) -> Response:
        domain = request.get("DefaultForDomainId")
        found = [
            record
            for record in self._backend.all(context.scope, KIND)
            if domain is None or domain in record.get("DefaultDomainIdList", ())
        ]
        return LISTING.respond(found, request)

    def update_mlflow_app(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("UpdateMlflowApp", request)
        record = self.find(context.scope, request["Arn"], "UpdateMlflowApp")
        changes: dict[str, Any] = {name: given[name] for name in _UPDATABLE if name in given}
        with self._backend.lock:
            if record["Status"] not in ("Created", "Updated", "UpdateFailed"):
                raise AwsError(
                    "ConflictException",
                    f"MLflow App {record['Arn']} has the status {record['Status']}: wait until it "
                    "is Created or Updated.",
                )
            moves = changes.get("ArtifactStoreUri", record["ArtifactStoreUri"])
            restarts = moves != record["ArtifactStoreUri"]
            record.update(
                changes,
                Status="Updating" if restarts else "Updated",
                LastModifiedTime=now(),
                LastModifiedBy=caller_identity(context),
            )
        if restarts:
            self._servers.stop(record["Arn"])
            self._begin(context.scope, record, "Updated", "UpdateFailed")
        return {"Arn": record["Arn"]}

    def delete_mlflow_app(self, request: Request, context: Context) -> Response:
        record = self.find(context.scope, request["Arn"], "DeleteMlflowApp")
        self._backend.remove(context.scope, KIND, record["MlflowAppId"], record["Arn"])
        self._servers.delete(record)
        return {"Arn": record["Arn"]}

    def expect(self, scope: Scope, definition: str) -> None:
        """Starts the servers of the Apps that a pipeline names, while its first steps run.

        Args:
            scope: account and region of the pipeline.
            definition: definition of the pipeline.
        """
        for arn in sorted(set(_APP_ARN.findall(definition))):
            name = arn.rpartition("/")[2]
            try:
                record = self.find(scope, arn, "DescribeMlflowApp")
            except AwsError:
                continue  # the step of the pipeline fails, and names it
            self._backend.workers.start(f"start {name}", partial(self._start, scope, record))

    def _start(self, scope: Scope, record: Record) -> None:
        try:
            self._servers.start(scope, record)
        except Exception as error:
            # The first request tries again, and its caller gets the reason.
            _log.warning("MLflow App %s: %s", record["Arn"], reason_of(error))

    def find(self, scope: Scope, arn: str, operation: str) -> Record:
        """Returns the record of an App.

        Raises:
            AwsError: ResourceNotFound, if there is no such App.
        """
        message = f"MLflow App {arn} does not exist."
        name = arn.rpartition("/")[2]
        return self._backend.find(scope, KIND, name, operation=operation, message=message)

    def _begin(self, scope: Scope, record: Record, good: str, bad: str) -> None:
        """Checks the bucket of an App on a worker thread, and sets the status that follows."""

        def run() -> None:
            status = good
            try:
                self._servers.check_store(scope, record)
            except Exception as error:
                status = bad  # Describe has no member for the reason
                _log.warning("MLflow App %s: %s: %s", record["Arn"], bad, reason_of(error))
            with self._backend.lock:
                record.update(Status=status, LastModifiedTime=now())

        self._backend.workers.start(f"check {record['MlflowAppId']}", run)
