"""Projects of products: what SageMaker asks of Service Catalog, in the caller's name.

The caller needs Service Catalog's actions and access to the product; the project's resources are
made by the role of the product's launch constraint.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import VIA_SERVICE, AwsError, Context, Platform
from rehearsal.framework.service import Service
from rehearsal.services.sagemaker.projects.project_settings import (
    ProjectFailedError,
    given_parameters,
    tags_of,
)
from rehearsal.services.sagemaker.records import Record

PROVISIONING = "ServiceCatalogProvisioningDetails"
PROVISIONED = "ServiceCatalogProvisionedProductDetails"
_POLL_SECONDS = 0.2


class ProjectProducts:
    """Provisions, updates and terminates the products of projects."""

    def __init__(self, catalog: Service, platform: Platform) -> None:
        self._catalog, self._platform = catalog, platform

    def provision(self, context: Context, project: Record) -> str:
        """Starts the creation of a project's product; its record in Service Catalog."""
        given = project[PROVISIONING]
        request = {
            "ProductId": given["ProductId"],
            "ProvisionedProductName": f"{project['ProjectName']}-{project['ProjectId']}",
            "ProvisioningParameters": _listed(project, given),
            "ProvisionToken": project["ProjectId"],
            "Tags": [{"Key": key, "Value": value} for key, value in tags_of(project).items()],
            **{
                name: given[name]
                for name in ("ProvisioningArtifactId", "PathId")
                if given.get(name)
            },
        }
        return self._start(context, "ProvisionProduct", request)

    def update(self, context: Context, project: Record) -> str:
        """Starts the change of a project's product."""
        given = project[PROVISIONING]
        request = {
            "ProvisionedProductId": project[PROVISIONED]["ProvisionedProductId"],
            "ProvisioningParameters": _listed(project, given),
            "UpdateToken": project["ProjectId"],
            "ProductId": given["ProductId"],
        }
        if given.get("ProvisioningArtifactId"):
            request["ProvisioningArtifactId"] = given["ProvisioningArtifactId"]
        return self._start(context, "UpdateProvisionedProduct", request)

    def terminate(self, context: Context, project: Record) -> str:
        """Starts the end of a project's product."""
        request = {
            "ProvisionedProductId": project[PROVISIONED]["ProvisionedProductId"],
            "TerminateToken": project["ProjectId"],
        }
        return self._start(context, "TerminateProvisionedProduct", request)

    def product_of(self, context: Context, record_id: str) -> dict[str, str]:
        """A project's product, while something is done to it."""
        record = self._record(context, record_id)
        return {
            "ProvisionedProductId": record["ProvisionedProductId"],
            "ProvisionedProductStatusMessage": "UNDER_CHANGE",
        }

    def settled(self, context: Context, record_id: str, closing: threading.Event) -> dict[str, Any]:
        """What the end of a change makes of the project. Raises ProjectFailedError."""
        while True:
            record = self._record(context, record_id)
            if record["Status"] in ("SUCCEEDED", "FAILED") or closing.wait(_POLL_SECONDS):
                break
        reasons = "; ".join(error["Description"] for error in record["RecordErrors"])
        changes = {
            PROVISIONED: {
                "ProvisionedProductId": record["ProvisionedProductId"],
                "ProvisionedProductStatusMessage": reasons or "AVAILABLE",
            }
        }
        if record["Status"] != "SUCCEEDED":
            raise ProjectFailedError(changes)
        return changes

    def _record(self, context: Context, record_id: str) -> dict[str, Any]:
        answer = self._catalog.describe_record({"Id": record_id}, context)  # type: ignore[attr-defined]
        record: dict[str, Any] = answer["RecordDetail"]
        return record

    def _start(self, context: Context, operation: str, request: dict[str, Any]) -> str:
        """Calls Service Catalog as the caller; its refusal is the answer of SageMaker."""
        scope = context.scope
        keys = {**self._catalog.condition_keys(operation, request, scope), **VIA_SERVICE}
        for arn in self._catalog.resource_arns(operation, request, scope):
            action = self._catalog.action(operation)
            self._platform.authorize(context.caller_arn, action, arn, scope, keys)
        start = {
            "ProvisionProduct": "provision_product",
            "UpdateProvisionedProduct": "update_provisioned_product",
            "TerminateProvisionedProduct": "terminate_provisioned_product",
        }[operation]
        try:
            answer = getattr(self._catalog, start)(request, context)
        except AwsError as error:
            if error.code == "AccessDeniedException":
                raise
            raise AwsError("ValidationException", error.message) from error
        return str(answer["RecordDetail"]["RecordId"])


def _listed(project: Record, given: Mapping[str, Any]) -> list[dict[str, str]]:
    values = given_parameters(project, given.get("ProvisioningParameters", ()))
    return [{"Key": key, "Value": value} for key, value in values.items()]
