"""Changes of provisioned products: a stack operation with the launch role, and its record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.cloudformation import stack_changes
from rehearsal.cloudformation.stack_changes import StackFailedError
from rehearsal.framework.clock import utc_now
from rehearsal.framework.service import Response
from rehearsal.framework.workers import Workers
from rehearsal.services.servicecatalog.catalog import PRINCIPAL, Catalog
from rehearsal.services.servicecatalog.records import (
    Artifact,
    ProvisionedProduct,
    invalid,
    new_id,
)

Change = Callable[[Any], dict[str, Any] | None]


class Changes:
    """Starts changes, each on a separate thread and with a record.

    Args:
        catalog: the records of the service.
        workers: the threads of the service.
    """

    def __init__(self, catalog: Catalog, workers: Workers) -> None:
        self._catalog = catalog
        self._workers = workers

    def client_of_launch_role(self, launched: ProvisionedProduct) -> Any:
        """Returns a CloudFormation client with the role of the launch constraint."""
        with self._catalog.lock:
            constraint = self._catalog.constraint_of(launched.path_id, launched.detail["ProductId"])
        if constraint is None:
            raise invalid(
                f"Product {launched.detail['ProductId']} has no launch constraint. The rehearsal "
                "launches products with a launch role only: add a LaunchRoleConstraint."
            )
        credentials = self._catalog.platform.service_credentials(
            constraint.role_arn, service_principal=PRINCIPAL, session_name="servicecatalog"
        )
        launched.detail["LaunchRoleArn"] = constraint.role_arn
        return self._catalog.platform.session(credentials, launched.scope.region).client(
            "cloudformation"
        )

    def stack_request(self, launched: ProvisionedProduct, artifact: Artifact) -> dict[str, Any]:
        """Returns the request that creates or updates the stack of a product."""
        return {
            "StackName": launched.stack_name,
            "TemplateURL": self._catalog.templates(launched.scope).url(artifact.key),
            "Parameters": stack_changes.template_parameters(launched.parameters),
            "Capabilities": stack_changes.CAPABILITIES,
            "Tags": stack_changes.stack_tags(launched.tags),
        }

    def start_change(self, launched: ProvisionedProduct, kind: str, change: Change) -> Response:
        """Starts a change on a separate thread, and returns its record."""
        record = {
            "RecordId": new_id("rec"),
            "RecordType": kind,
            "Status": "IN_PROGRESS",
            "ProvisionedProductId": launched.id,
            "ProvisionedProductName": launched.detail["Name"],
            "ProvisionedProductType": "CFN_STACK",
            "ProductId": launched.detail["ProductId"],
            "ProvisioningArtifactId": launched.detail["ProvisioningArtifactId"],
            "PathId": f"lpv3-{launched.path_id}",
            "LaunchRoleArn": launched.detail["LaunchRoleArn"],
            "CreatedTime": utc_now(),
            "UpdatedTime": utc_now(),
            "RecordErrors": [],
            "RecordTags": [],
        }
        with self._catalog.lock:
            self._catalog.records[str(record["RecordId"])] = (launched, record)
            launched.detail |= {"Status": "UNDER_CHANGE", "LastRecordId": record["RecordId"]}
            shown = dict(record)
        self._workers.start(f"{kind} {launched.id}", lambda: self._run(launched, record, change))
        return {"RecordDetail": shown}

    def _run(self, launched: ProvisionedProduct, record: dict[str, Any], change: Change) -> None:
        stack: dict[str, Any] | None = None
        reason, failed = "", "ERROR"
        try:
            stack = change(self._workers.closing)
        except StackFailedError as error:
            reason = str(error)
            failed = "TAINTED" if record["RecordType"].startswith("UPDATE") else "ERROR"
        except (ClientError, BotoCoreError) as error:
            reason = str(error)
        with self._catalog.lock:
            record["UpdatedTime"] = utc_now()
            record["RecordErrors"] = [{"Code": "CFN", "Description": reason}] if reason else []
            outputs = (stack or {}).get("Outputs", [])
            self._catalog.outputs[record["RecordId"]] = [_output(one) for one in outputs]
            launched.detail |= {
                "Status": failed if reason else "AVAILABLE",
                "StatusMessage": reason,
            }
            if not reason and record["RecordType"] == "TERMINATE_PROVISIONED_PRODUCT":
                self._catalog.provisioned.pop(launched.id, None)
            record["Status"] = "FAILED" if reason else "SUCCEEDED"


def _output(output: dict[str, Any]) -> dict[str, Any]:
    return {name: output[name] for name in ("OutputKey", "OutputValue")}
