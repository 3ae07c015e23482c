"""How Studio starts a custom image."""

from __future__ import annotations

from rehearsal.framework.platform import Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import now
from rehearsal.services.sagemaker.studio.members import APP_IMAGE_CONFIG, StudioMembers

LISTING = Listing(
    operation="ListAppImageConfigs", member="AppImageConfigs", name="AppImageConfigName"
)
_KINDS = ("KernelGatewayImageConfig", "JupyterLabAppImageConfig", "CodeEditorAppImageConfig")


class AppImageConfigs(StudioMembers):
    """Create-, Describe-, List-, Update-, DeleteAppImageConfig."""

    def create_app_image_config(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateAppImageConfig", request)
        name, scope = record["AppImageConfigName"], context.scope
        record |= {
            "AppImageConfigArn": scope.arn("sagemaker", f"{APP_IMAGE_CONFIG}/{name}"),
            "CreationTime": now(),
            "LastModifiedTime": now(),
        }
        with self.lock:
            self.refuse_taken(scope, APP_IMAGE_CONFIG, name)
            self.register(context, APP_IMAGE_CONFIG, name, record, request)
        return {"AppImageConfigArn": record["AppImageConfigArn"]}

    def describe_app_image_config(self, request: Request, context: Context) -> Response:
        name, operation = request["AppImageConfigName"], "DescribeAppImageConfig"
        record = self.studio_record(context.scope, APP_IMAGE_CONFIG, name, operation)
        return self.describe(operation, record)

    def list_app_image_configs(self, request: Request, context: Context) -> Response:
        with self.lock:
            found = self.records.of(context.scope, APP_IMAGE_CONFIG).values()
            return LISTING.respond(found, request)

    def update_app_image_config(self, request: Request, context: Context) -> Response:
        given = self.accept("UpdateAppImageConfig", request)
        name = request["AppImageConfigName"]
        record = self.studio_record(context.scope, APP_IMAGE_CONFIG, name, "UpdateAppImageConfig")
        self.change(record, **{kind: given[kind] for kind in _KINDS if kind in given})
        return {"AppImageConfigArn": record["AppImageConfigArn"]}

    def delete_app_image_config(self, request: Request, context: Context) -> Response:
        scope, name = context.scope, request["AppImageConfigName"]
        record = self.studio_record(scope, APP_IMAGE_CONFIG, name, "DeleteAppImageConfig")
        with self.lock:
            self.records.of(scope, APP_IMAGE_CONFIG).pop(name, None)
        self.drop_tags(record["AppImageConfigArn"])
        return {}
