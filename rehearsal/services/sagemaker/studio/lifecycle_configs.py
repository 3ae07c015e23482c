"""Lifecycle configurations of Studio: scripts that run when an app starts.

No app runs here, so no script does.
"""

from __future__ import annotations

import base64
import binascii

from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import now
from rehearsal.services.sagemaker.studio.members import LIFECYCLE_CONFIG, StudioMembers

LISTING = Listing(
    operation="ListStudioLifecycleConfigs",
    member="StudioLifecycleConfigs",
    name="StudioLifecycleConfigName",
)


class LifecycleConfigs(StudioMembers):
    """Create-, Describe-, List-, DeleteStudioLifecycleConfig."""

    def create_studio_lifecycle_config(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateStudioLifecycleConfig", request)
        name, scope = record["StudioLifecycleConfigName"], context.scope
        try:
            base64.b64decode(record["StudioLifecycleConfigContent"], validate=True)
        except binascii.Error:
            message = "StudioLifecycleConfigContent is not base64"
            raise AwsError("ValidationException", message) from None
        record |= {
            "StudioLifecycleConfigArn": scope.arn("sagemaker", f"{LIFECYCLE_CONFIG}/{name}"),
            "CreationTime": now(),
            "LastModifiedTime": now(),
        }
        with self.lock:
            self.refuse_taken(scope, LIFECYCLE_CONFIG, name)
            self.register(context, LIFECYCLE_CONFIG, name, record, request)
        return {"StudioLifecycleConfigArn": record["StudioLifecycleConfigArn"]}

    def describe_studio_lifecycle_config(self, request: Request, context: Context) -> Response:
        operation = "DescribeStudioLifecycleConfig"
        name = request["StudioLifecycleConfigName"]
        record = self.studio_record(context.scope, LIFECYCLE_CONFIG, name, operation)
        return self.describe(operation, record)

    def list_studio_lifecycle_configs(self, request: Request, context: Context) -> Response:
        wanted = request.get("AppTypeEquals")
        asked = {
            name.replace("ModifiedTime", "LastModifiedTime"): value
            for name, value in request.items()
        }
        with self.lock:
            found = [
                record
                for record in self.records.of(context.scope, LIFECYCLE_CONFIG).values()
                if wanted in (None, record["StudioLifecycleConfigAppType"])
            ]
            return LISTING.respond(found, asked)

    def delete_studio_lifecycle_config(self, request: Request, context: Context) -> Response:
        scope, name = context.scope, request["StudioLifecycleConfigName"]
        operation = "DeleteStudioLifecycleConfig"
        record = self.studio_record(scope, LIFECYCLE_CONFIG, name, operation)
        self.refuse_in_settings(scope, LIFECYCLE_CONFIG, name)
        with self.lock:
            self.records.of(scope, LIFECYCLE_CONFIG).pop(name, None)
        self.drop_tags(record["StudioLifecycleConfigArn"])
        return {}
