"""Provisioned products: stacks that Service Catalog creates with the role of a launch constraint.

Sources: ProvisionProduct and the operations on provisioned products in the Service Catalog API
reference; "Launch constraints" in the Administrator Guide; "Actions, resources, and condition keys
for AWS Service Catalog" in the service authorization reference.
"""

from __future__ import annotations

from typing import Any

from rehearsal.cloudformation import stack_changes
from rehearsal.framework.clock import utc_now
from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.framework.tags import Tags
from rehearsal.services.servicecatalog.catalog import Catalog
from rehearsal.services.servicecatalog.changes import Changes
from rehearsal.services.servicecatalog.records import (
    Artifact,
    Portfolio,
    Product,
    ProvisionedProduct,
    invalid,
    missing,
    new_id,
)

_UNSUPPORTED = ("NotificationArns", "ProvisioningPreferences", "RetainPhysicalResources")


class Provisioning:
    """Operations on provisioned products.

    Args:
        catalog: the records of the service.
        tags: the service's tags.
        changes: starts the changes of provisioned products.
    """

    def __init__(self, catalog: Catalog, tags: Tags, changes: Changes) -> None:
        self._catalog = catalog
        self._tags = tags
        self._changes = changes

    def provision_product(self, request: Request, context: Context) -> Response:
        _reject_unsupported(request)
        principal = self._catalog.principal_of(context)
        with self._catalog.lock:
            product = self._catalog.product(context, request)
            portfolio = self._path(product, principal, request.get("PathId"))
            artifact = self._version(product, request.get("ProvisioningArtifactId"))
            self._check_name(context, request["ProvisionedProductName"])
        launched = ProvisionedProduct(
            scope=context.scope,
            id=new_id("pp"),
            detail={},
            launched_by=context.caller_arn,
            path_id=portfolio.id,
            parameters=_parameters(request),
            tags=self._tags.shape.parse(request.get("Tags"))
            | self._tags.of(portfolio.arn)
            | self._tags.of(product.arn),
        )
        launched.detail = {
            "Id": launched.id,
            "Name": request["ProvisionedProductName"],
            "Arn": context.scope.arn("servicecatalog", f"stack/{launched.id}"),
            "Type": "CFN_STACK",
            "CreatedTime": utc_now(),
            "ProductId": product.id,
            "ProvisioningArtifactId": artifact.id,
        }
        client = self._changes.client_of_launch_role(launched)
        create = self._changes.stack_request(launched, artifact)

        def change(closing: Any) -> dict[str, Any] | None:
            return stack_changes.create_stack(client, create, closing)

        with self._catalog.lock:
            self._catalog.provisioned[launched.id] = launched
        return self._changes.start_change(launched, "PROVISION_PRODUCT", change)

    def update_provisioned_product(self, request: Request, context: Context) -> Response:
        _reject_unsupported(request)
        launched = self._own(context, request, "UpdateProvisionedProduct")
        with self._catalog.lock:
            product = self._catalog.products[launched.detail["ProductId"]]
            version = request.get("ProvisioningArtifactId")
            artifact = self._version(product, version or launched.detail["ProvisioningArtifactId"])
        launched.parameters |= _parameters(request)
        client = self._changes.client_of_launch_role(launched)
        update = self._changes.stack_request(launched, artifact)

        def change(closing: Any) -> dict[str, Any] | None:
            return stack_changes.update_stack(client, update, closing)

        launched.detail["ProvisioningArtifactId"] = artifact.id
        return self._changes.start_change(launched, "UPDATE_PROVISIONED_PRODUCT", change)

    def terminate_provisioned_product(self, request: Request, context: Context) -> Response:
        _reject_unsupported(request)
        launched = self._own(context, request, "TerminateProvisionedProduct")
        client = self._changes.client_of_launch_role(launched)

        def change(closing: Any) -> dict[str, Any] | None:
            return stack_changes.delete_stack(client, launched.stack_name, closing)

        return self._changes.start_change(launched, "TERMINATE_PROVISIONED_PRODUCT", change)

    def describe_provisioned_product(self, request: Request, context: Context) -> Response:
        launched = self._own(
            context, {"ProvisionedProductId": request.get("Id")}, "DescribeProvisionedProduct"
        )
        with self._catalog.lock:
            return {"ProvisionedProductDetail": dict(launched.detail)}

    def describe_record(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            launched, record = self._catalog.records.get(request["Id"], (None, {}))
        if launched is None or launched.scope != context.scope:
            raise missing("Record", request["Id"])
        self._authorize(context, "DescribeRecord", launched)
        with self._catalog.lock:
            return {
                "RecordDetail": dict(record),
                "RecordOutputs": self._catalog.outputs.get(request["Id"], []),
            }

    def _path(self, product: Product, principal: str, path_id: str | None) -> Portfolio:
        """Returns the portfolio through which a product is launched."""
        paths = self._catalog.paths(product, principal)
        if path_id:
            paths = [one for one in paths if path_id in (one.id, f"lpv3-{one.id}")]
        if not paths:
            raise missing("Product", f"{product.id}: no launch paths found for {principal}; it was")
        if len(paths) > 1:
            raise invalid(f"Product {product.id} has more than one launch path: add PathId.")
        return paths[0]

    def _version(self, product: Product, artifact_id: str | None) -> Artifact:
        """Returns a version that can be launched; the latest if there is no id."""
        if artifact_id is None:
            return [one for one in product.artifacts.values() if one.launchable][-1]
        artifact = product.artifacts.get(artifact_id)
        if artifact is None or not artifact.launchable:
            raise missing("ProvisioningArtifact", artifact_id)
        return artifact

    def _check_name(self, context: Context, name: str) -> None:
        for one in self._catalog.provisioned.values():
            if one.scope == context.scope and one.detail["Name"] == name:
                message = f"A stack named {name} already exists."
                raise AwsError("DuplicateResourceException", message)

    def _own(self, context: Context, request: Request, action: str) -> ProvisionedProduct:
        """Returns a provisioned product on which the caller may act."""
        named = request.get("ProvisionedProductId")
        if not named:
            raise invalid(
                "The rehearsal finds provisioned products by id only: add ProvisionedProductId."
            )
        with self._catalog.lock:
            launched = self._catalog.provisioned.get(named)
        if launched is None or launched.scope != context.scope:
            raise missing("ProvisionedProduct", named)
        self._authorize(context, action, launched)
        if action != "DescribeProvisionedProduct" and launched.detail["Status"] == "UNDER_CHANGE":
            raise invalid(
                f"Provisioned product {named} is under change: wait until the change has ended."
            )
        return launched

    def _authorize(self, context: Context, action: str, launched: ProvisionedProduct) -> None:
        """Evaluates IAM with the access levels on which the product is the caller's own."""
        levels = {"servicecatalog:accountLevel": "self"}
        if _role(context.caller_arn) == _role(launched.launched_by):
            levels["servicecatalog:roleLevel"] = "self"
        if context.caller_arn == launched.launched_by:
            levels["servicecatalog:userLevel"] = "self"
        self._catalog.platform.authorize(
            context.caller_arn, f"servicecatalog:{action}", "*", context.scope, levels
        )


def _parameters(request: Request) -> dict[str, str]:
    given = request.get("ProvisioningParameters", [])
    return {one["Key"]: one.get("Value", "") for one in given if not one.get("UsePreviousValue")}


def _reject_unsupported(request: Request) -> None:
    for member in (*_UNSUPPORTED, "ProvisioningArtifactName", "PathName"):
        if request.get(member):
            raise invalid(f"The rehearsal does not support {member}: remove it.")


def _role(caller: str) -> str:
    """Returns the part of a caller's ARN that all sessions of a role share."""
    return "/".join(caller.split("/")[:2])
