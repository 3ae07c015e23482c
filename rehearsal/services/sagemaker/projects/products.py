"""Projects from Service Catalog products.

SageMaker calls Service Catalog on behalf of the caller, who needs permission for the actions and
access to the product. The role of the product's launch constraint creates the resources.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from botocore import xform_name

from rehearsal.framework.identity import ServiceIdentity
from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response, Service
from rehearsal.services.sagemaker.projects.parameters import (
    ProjectFailedError,
    parameter_values,
    tags_of,
)
from rehearsal.services.sagemaker.records import Record

PROVISIONING = "ServiceCatalogProvisioningDetails"
PROVISIONED = "ServiceCatalogProvisionedProductDetails"
_POLL_SECONDS = 0.2


class ProjectProducts:
    """Provisions, updates and terminates the products of projects.

    Args:
        catalog: returns Service Catalog, which is known when the server has started.
        identity: SageMaker, which calls Service Catalog on behalf of the caller.
    """

    def __init__(self, catalog: Callable[[], Service], identity: ServiceIdentity) -> None:
        self._catalog = catalog
        self._identity = identity

    def provision(self, context: Context, project: Record) -> str:
        """Starts to provision a project's product; returns the id of the record."""
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
        """Starts to update a project's product; returns the id of the record."""
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
        """Starts to terminate a project's product; returns the id of the record."""
        request = {
            "ProvisionedProductId": project[PROVISIONED]["ProvisionedProductId"],
            "TerminateToken": project["ProjectId"],
        }
        return self._start(context, "TerminateProvisionedProduct", request)

    def changing_product(self, context: Context, record_id: str) -> dict[str, str]:
        """Returns a project's product during a change, as DescribeProject shows it."""
        record = self._record(context, record_id)
        return {
            "ProvisionedProductId": record["ProvisionedProductId"],
            "ProvisionedProductStatusMessage": "UNDER_CHANGE",
        }

    def wait(self, context: Context, record_id: str, closing: threading.Event) -> dict[str, Any]:
        """Waits for a change to end; returns the changes of the project's record.

        Raises:
            ProjectFailedError: the change failed.
        """
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
        response = self._call("describe_record", {"Id": record_id}, context)
        record: dict[str, Any] = response["RecordDetail"]
        return record

    def _call(self, method: str, request: Request, context: Context) -> Response:
        operation = self._catalog().operation(method)
        if operation is None:
            raise RuntimeError(f"Service Catalog does not support {method}")
        return operation(request, context) or {}

    def _start(self, context: Context, operation: str, request: dict[str, Any]) -> str:
        """Calls Service Catalog as the caller; reports its errors as errors of SageMaker."""
        catalog, scope = self._catalog(), context.scope
        keys = catalog.condition_keys(operation, request, scope)
        for arn in catalog.resource_arns(operation, request, scope):
            self._identity.authorize_caller(context, catalog.action(operation), arn, keys)
        try:
            response = self._call(xform_name(operation), request, context)
        except AwsError as error:
            if error.code == "AccessDeniedException":
                raise
            raise AwsError("ValidationException", error.message) from error
        return str(response["RecordDetail"]["RecordId"])


def _listed(project: Record, given: Mapping[str, Any]) -> list[dict[str, str]]:
    values = parameter_values(project, given.get("ProvisioningParameters", ()))
    return [{"Key": key, "Value": value} for key, value in values.items()]
