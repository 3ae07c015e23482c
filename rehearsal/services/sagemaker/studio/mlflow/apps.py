"""MLflow Apps.

The rehearsal runs no MLflow, so it does not support CreatePresignedMlflowAppUrl and the tracking
API.
"""

from rehearsal.framework.platform import Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend, caller_identity
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now, random_id

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
MLFLOW_VERSION = "3.4.0"
_ID_LENGTH = 12
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
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def create_mlflow_app(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("CreateMlflowApp", request)
        self._backend.identity.check_role(context, record["RoleArn"])
        record.setdefault("ModelRegistrationMode", "AutoModelRegistrationDisabled")
        record.setdefault("AccountDefaultStatus", "DISABLED")
        name = f"app-{random_id(_ID_LENGTH).upper()}"
        record |= {
            "Arn": context.scope.arn("sagemaker", f"{KIND}/{name}"),
            "MlflowAppId": name,
            "MlflowVersion": MLFLOW_VERSION,
            "Status": "Created",
            "CreationTime": now(),
            "CreatedBy": caller_identity(context),
            "LastModifiedTime": now(),
            "LastModifiedBy": caller_identity(context),
        }
        with self._backend.lock:
            self._backend.register(context, KIND, name, record, request)
        return {"Arn": record["Arn"]}

    def describe_mlflow_app(self, request: Request, context: Context) -> Response:
        record = self._find(context.scope, request["Arn"], "DescribeMlflowApp")
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
        record = self._find(context.scope, request["Arn"], "UpdateMlflowApp")
        changes = {name: given[name] for name in _UPDATABLE if name in given}
        with self._backend.lock:
            record.update(
                changes,
                Status="Updated",
                LastModifiedTime=now(),
                LastModifiedBy=caller_identity(context),
            )
        return {"Arn": record["Arn"]}

    def delete_mlflow_app(self, request: Request, context: Context) -> Response:
        record = self._find(context.scope, request["Arn"], "DeleteMlflowApp")
        self._backend.remove(context.scope, KIND, record["MlflowAppId"], record["Arn"])
        return {"Arn": record["Arn"]}

    def _find(self, scope: Scope, arn: str, operation: str) -> Record:
        message = f"MLflow App {arn} does not exist."
        name = arn.rpartition("/")[2]
        return self._backend.find(scope, KIND, name, operation=operation, message=message)
