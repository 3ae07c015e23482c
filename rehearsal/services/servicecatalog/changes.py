"""Changes of provisioned products: a stack, made and changed with the launch role, and a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.cloudformation import stack_changes
from rehearsal.cloudformation.stack_changes import StackFailedError
from rehearsal.framework.service import Response
from rehearsal.services.servicecatalog.portfolios import PRINCIPAL
from rehearsal.services.servicecatalog.products import Products
from rehearsal.services.servicecatalog.records import (
    Artifact,
    ProvisionedProduct,
    invalid,
    new_id,
    now,
)

Change = Callable[[Any], dict[str, Any] | None]


class Changes(Products):
    """Starts changes on threads of their own; their records tell how they go."""

    def client_of_launch_role(self, launched: ProvisionedProduct) -> Any:
        """CloudFormation, called as the role of the launch constraint."""
        with self.lock:
            constraint = self.constraint_of(launched.path_id, launched.detail["ProductId"])
        if constraint is None:
            raise invalid(
                f"Product {launched.detail['ProductId']} has no launch constraint. The rehearsal "
                "launches products with a launch role alone: add a LaunchRoleConstraint."
            )
        credentials = self.platform.service_credentials(
            constraint.role_arn, service_principal=PRINCIPAL, session_name="servicecatalog"
        )
        launched.detail["LaunchRoleArn"] = constraint.role_arn
        return self.platform.session(credentials, launched.scope.region).client("cloudformation")

    def stack_request(self, launched: ProvisionedProduct, artifact: Artifact) -> dict[str, Any]:
        return {
            "StackName": launched.stack_name,
            "TemplateURL": self.templates(launched.scope).url(artifact.key),
            "Parameters": stack_changes.template_parameters(launched.parameters),
            "Capabilities": stack_changes.CAPABILITIES,
            "Tags": stack_changes.stack_tags(launched.tags),
        }

    def start_change(self, launched: ProvisionedProduct, kind: str, change: Change) -> Response:
        """Begins a change on a thread of its own; its record tells how it goes."""
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
            "CreatedTime": now(),
            "UpdatedTime": now(),
            "RecordErrors": [],
            "RecordTags": [],
        }
        with self.lock:
            self.records[str(record["RecordId"])] = (launched, record)
            launched.detail |= {"Status": "UNDER_CHANGE", "LastRecordId": record["RecordId"]}
            answer = dict(record)
        self.workers.start(f"{kind} {launched.id}", lambda: self._run(launched, record, change))
        return {"RecordDetail": answer}

    def _run(self, launched: ProvisionedProduct, record: dict[str, Any], change: Change) -> None:
        stack: dict[str, Any] | None = None
        reason, ended = "", "ERROR"
        try:
            stack = change(self.workers.closing)
        except StackFailedError as error:
            reason = str(error)
            ended = "TAINTED" if record["RecordType"].startswith("UPDATE") else "ERROR"
        except (ClientError, BotoCoreError) as error:
            reason = str(error)
        with self.lock:
            record["UpdatedTime"] = now()
            record["RecordErrors"] = [{"Code": "CFN", "Description": reason}] if reason else []
            outputs = (stack or {}).get("Outputs", [])
            self.outputs[record["RecordId"]] = [_output(one) for one in outputs]
            launched.detail |= {
                "Status": ended if reason else "AVAILABLE",
                "StatusMessage": reason,
            }
            if not reason and record["RecordType"] == "TERMINATE_PROVISIONED_PRODUCT":
                self.provisioned.pop(launched.id, None)
            record["Status"] = "FAILED" if reason else "SUCCEEDED"


def _output(output: dict[str, Any]) -> dict[str, Any]:
    return {name: output[name] for name in ("OutputKey", "OutputValue")}
