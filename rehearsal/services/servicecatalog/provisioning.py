"""Provisioned products: stacks that Service Catalog makes with the role of a launch constraint.

Sources: ProvisionProduct and its neighbours in the Service Catalog API reference; "Launch
constraints" in the Administrator Guide; "Actions, resources, and condition keys for AWS Service
Catalog" in the service authorization reference.
"""

from __future__ import annotations

from typing import Any

from rehearsal.cloudformation import stack_changes
from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.servicecatalog.changes import Changes
from rehearsal.services.servicecatalog.records import (
    Artifact,
    Portfolio,
    Product,
    ProvisionedProduct,
    invalid,
    missing,
    new_id,
    now,
)

_UNSUPPORTED = ("NotificationArns", "ProvisioningPreferences", "RetainPhysicalResources")


class Provisioning(Changes):
    """Launches, changes and ends products."""

    def provision_product(self, request: Request, context: Context) -> Response:
        _refuse_unsupported(request)
        principal = self.principal_of(context)
        with self.lock:
            product = self.product(context, request)
            portfolio = self._path(product, principal, request.get("PathId"))
            artifact = self._version(product, request.get("ProvisioningArtifactId"))
            self._refuse_name(context, request["ProvisionedProductName"])
        launched = ProvisionedProduct(
            scope=context.scope,
            id=new_id("pp"),
            detail={},
            launched_by=context.caller_arn,
            path_id=portfolio.id,
            parameters=_parameters(request),
            tags={tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
            | portfolio.tags
            | product.tags,
        )
        launched.detail = {
            "Id": launched.id,
            "Name": request["ProvisionedProductName"],
            "Arn": context.scope.arn("servicecatalog", f"stack/{launched.id}"),
            "Type": "CFN_STACK",
            "CreatedTime": now(),
            "ProductId": product.id,
            "ProvisioningArtifactId": artifact.id,
        }
        client = self.client_of_launch_role(launched)
        create = self.stack_request(launched, artifact)

        def change(closing: Any) -> dict[str, Any] | None:
            return stack_changes.create_stack(client, create, closing)

        with self.lock:
            self.provisioned[launched.id] = launched
        return self.start_change(launched, "PROVISION_PRODUCT", change)

    def update_provisioned_product(self, request: Request, context: Context) -> Response:
        _refuse_unsupported(request)
        launched = self._own(context, request, "UpdateProvisionedProduct")
        with self.lock:
            product = self.products[launched.detail["ProductId"]]
            version = request.get("ProvisioningArtifactId")
            artifact = self._version(product, version or launched.detail["ProvisioningArtifactId"])
        launched.parameters |= _parameters(request)
        client = self.client_of_launch_role(launched)
        update = self.stack_request(launched, artifact)

        def change(closing: Any) -> dict[str, Any] | None:
            return stack_changes.update_stack(client, update, closing)

        launched.detail["ProvisioningArtifactId"] = artifact.id
        return self.start_change(launched, "UPDATE_PROVISIONED_PRODUCT", change)

    def terminate_provisioned_product(self, request: Request, context: Context) -> Response:
        _refuse_unsupported(request)
        launched = self._own(context, request, "TerminateProvisionedProduct")
        client = self.client_of_launch_role(launched)

        def change(closing: Any) -> dict[str, Any] | None:
            return stack_changes.delete_stack(client, launched.stack_name, closing)

        return self.start_change(launched, "TERMINATE_PROVISIONED_PRODUCT", change)

    def describe_provisioned_product(self, request: Request, context: Context) -> Response:
        launched = self._own(
            context, {"ProvisionedProductId": request.get("Id")}, "DescribeProvisionedProduct"
        )
        with self.lock:
            return {"ProvisionedProductDetail": dict(launched.detail)}

    def describe_record(self, request: Request, context: Context) -> Response:
        with self.lock:
            launched, record = self.records.get(request["Id"], (None, {}))
        if launched is None or launched.scope != context.scope:
            raise missing("Record", request["Id"])
        self._judge(context, "DescribeRecord", launched)
        with self.lock:
            return {
                "RecordDetail": dict(record),
                "RecordOutputs": self.outputs.get(request["Id"], []),
            }

    def _path(self, product: Product, principal: str, path_id: str | None) -> Portfolio:
        """The portfolio through which a product is launched."""
        paths = self.paths(product, principal)
        if path_id:
            paths = [one for one in paths if path_id in (one.id, f"lpv3-{one.id}")]
        if not paths:
            raise missing("Product", f"{product.id}: no launch paths found for {principal}; it was")
        if len(paths) > 1:
            raise invalid(f"Product {product.id} has more than one launch path: give PathId.")
        return paths[0]

    def _version(self, product: Product, artifact_id: str | None) -> Artifact:
        """A version that can be launched; the latest without an id."""
        if artifact_id is None:
            return [one for one in product.artifacts.values() if one.launchable][-1]
        artifact = product.artifacts.get(artifact_id)
        if artifact is None or not artifact.launchable:
            raise missing("ProvisioningArtifact", artifact_id)
        return artifact

    def _refuse_name(self, context: Context, name: str) -> None:
        for one in self.provisioned.values():
            if one.scope == context.scope and one.detail["Name"] == name:
                message = f"A stack named {name} already exists."
                raise AwsError("DuplicateResourceException", message)

    def _own(self, context: Context, request: Request, action: str) -> ProvisionedProduct:
        """A provisioned product that the caller may act on."""
        named = request.get("ProvisionedProductId")
        if not named:
            raise invalid("The rehearsal finds provisioned products by their ids alone.")
        with self.lock:
            launched = self.provisioned.get(named)
        if launched is None or launched.scope != context.scope:
            raise missing("ProvisionedProduct", named)
        self._judge(context, action, launched)
        if action != "DescribeProvisionedProduct" and launched.detail["Status"] == "UNDER_CHANGE":
            raise invalid(f"Provisioned product {named} is under change: wait until it has ended.")
        return launched

    def _judge(self, context: Context, action: str, launched: ProvisionedProduct) -> None:
        """Asks IAM with the levels on which the product is the caller's own."""
        levels = {"servicecatalog:accountLevel": "self"}
        if _role(context.caller_arn) == _role(launched.launched_by):
            levels["servicecatalog:roleLevel"] = "self"
        if context.caller_arn == launched.launched_by:
            levels["servicecatalog:userLevel"] = "self"
        self.platform.authorize(
            context.caller_arn, f"servicecatalog:{action}", "*", context.scope, levels
        )


def _parameters(request: Request) -> dict[str, str]:
    given = request.get("ProvisioningParameters", [])
    return {one["Key"]: one.get("Value", "") for one in given if not one.get("UsePreviousValue")}


def _refuse_unsupported(request: Request) -> None:
    for member in (*_UNSUPPORTED, "ProductName", "ProvisioningArtifactName", "PathName"):
        if request.get(member):
            raise invalid(f"The rehearsal does not implement {member}: leave it out.")


def _role(caller: str) -> str:
    """The role of a session; users are their own."""
    return "/".join(caller.split("/")[:2])
