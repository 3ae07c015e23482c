"""MLflow Apps, as the control plane knows them.

No MLflow runs behind them: CreatePresignedMlflowAppUrl and the tracking API are refused by name.
"""

from __future__ import annotations

from rehearsal.framework.platform import Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.control_plane import ControlPlane, identity
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now, random_id

KIND = "mlflow-app"
LISTING = Listing(operation="ListMlflowApps", member="Summaries", name="Name", status="Status")
MLFLOW_VERSION = "3.4.0"
_ID_LENGTH = 12
_MUTABLE = (
    "ArtifactStoreUri",
    "ModelRegistrationMode",
    "WeeklyMaintenanceWindowStart",
    "DefaultDomainIdList",
    "AccountDefaultStatus",
)
_FILTERS = {
    "Status": "Status",
    "MlflowVersion": "MlflowVersion",
    "AccountDefaultStatus": "AccountDefaultStatus",
}


class MlflowApps(ControlPlane):
    """Create-, Describe-, List-, Update-, DeleteMlflowApp."""

    def create_mlflow_app(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateMlflowApp", request)
        self.check_role(context, record["RoleArn"])
        record.setdefault("ModelRegistrationMode", "AutoModelRegistrationDisabled")
        record.setdefault("AccountDefaultStatus", "DISABLED")
        name = f"app-{random_id(_ID_LENGTH).upper()}"
        record |= {
            "Arn": context.scope.arn("sagemaker", f"{KIND}/{name}"),
            "MlflowAppId": name,
            "MlflowVersion": MLFLOW_VERSION,
            "Status": "Created",
            "CreationTime": now(),
            "CreatedBy": identity(context),
            "LastModifiedTime": now(),
            "LastModifiedBy": identity(context),
        }
        with self.lock:
            self.register(context, KIND, name, record, request)
        return {"Arn": record["Arn"]}

    def describe_mlflow_app(self, request: Request, context: Context) -> Response:
        record = self._mlflow_app(context.scope, request["Arn"], "DescribeMlflowApp")
        return self.describe("DescribeMlflowApp", record)

    def list_mlflow_apps(self, request: Request, context: Context) -> Response:
        domain = request.get("DefaultForDomainId")
        with self.lock:
            found = [
                record
                for record in self.records.of(context.scope, KIND).values()
                if all(
                    request.get(asked) in (None, record.get(field))
                    for asked, field in _FILTERS.items()
                )
                and (domain is None or domain in record.get("DefaultDomainIdList", ()))
            ]
            return LISTING.respond(found, request)

    def update_mlflow_app(self, request: Request, context: Context) -> Response:
        given = self.accept("UpdateMlflowApp", request)
        record = self._mlflow_app(context.scope, request["Arn"], "UpdateMlflowApp")
        changes = {name: given[name] for name in (*_MUTABLE, "Name") if name in given}
        with self.lock:
            record.update(
                changes,
                Status="Updated",
                LastModifiedTime=now(),
                LastModifiedBy=identity(context),
            )
        return {"Arn": record["Arn"]}

    def delete_mlflow_app(self, request: Request, context: Context) -> Response:
        record = self._mlflow_app(context.scope, request["Arn"], "DeleteMlflowApp")
        with self.lock:
            self.records.of(context.scope, KIND).pop(record["MlflowAppId"], None)
        self.drop_tags(record["Arn"])
        return {"Arn": record["Arn"]}

    def _mlflow_app(self, scope: Scope, arn: str, operation: str) -> Record:
        message = f"MLflow App {arn} does not exist."
        return self.find(scope, KIND, arn.rpartition("/")[2], operation=operation, message=message)
