"""Provisioned products: stacks that Service Catalog makes with the role of a launch constraint.

Sources: ProvisionProduct and its neighbours in the Service Catalog API reference; "Launch
constraints" in the Administrator Guide; "Actions, resources, and condition keys for AWS Service
Catalog" in the service authorization reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws import stack_changes
from rehearsal.aws.platform import AwsError, Context
from rehearsal.aws.service import Request, Response
from rehearsal.aws.servicecatalog.portfolios import PRINCIPAL
from rehearsal.aws.servicecatalog.products import Products
from rehearsal.aws.servicecatalog.records import (
    Artifact,
    Portfolio,
    Product,
    ProvisionedProduct,
    invalid,
    missing,
    new_id,
    now,
)
from rehearsal.aws.stack_changes import StackFailedError

_Change = Callable[[Any], dict[str, Any] | None]
_UNSUPPORTED = ("NotificationArns", "ProvisioningPreferences", "RetainPhysicalResources")


class Provisioning(Products):
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
        client = self._client_of_launch_role(launched)
        create = self._stack_request(launched, artifact)

        def change(closing: Any) -> dict[str, Any] | None:
            return stack_changes.create_stack(client, create, closing)

        with self.lock:
            self.provisioned[launched.id] = launched
        return self._start(launched, "PROVISION_PRODUCT", change)

    def update_provisioned_product(self, request: Request, context: Context) -> Response:
        _refuse_unsupported(request)
        launched = self._own(context, request, "UpdateProvisionedProduct")
        with self.lock:
            product = self.products[launched.detail["ProductId"]]
            version = request.get("ProvisioningArtifactId")
            artifact = self._version(product, version or launched.detail["ProvisioningArtifactId"])
        launched.parameters |= _parameters(request)
        client = self._client_of_launch_role(launched)
        update = self._stack_request(launched, artifact)

        def change(closing: Any) -> dict[str, Any] | None:
            return stack_changes.update_stack(client, update, closing)

        launched.detail["ProvisioningArtifactId"] = artifact.id
        return self._start(launched, "UPDATE_PROVISIONED_PRODUCT", change)

    def terminate_provisioned_product(self, request: Request, context: Context) -> Response:
        _refuse_unsupported(request)
        launched = self._own(context, request, "TerminateProvisionedProduct")
        client = self._client_of_launch_role(launched)

        def change(closing: Any) -> dict[str, Any] | None:
            return stack_changes.delete_stack(client, launched.stack_name, closing)

        return self._start(launched, "TERMINATE_PROVISIONED_PRODUCT", change)

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

    def _client_of_launch_role(self, launched: ProvisionedProduct) -> Any:
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

    def _stack_request(self, launched: ProvisionedProduct, artifact: Artifact) -> dict[str, Any]:
        return {
            "StackName": launched.stack_name,
            "TemplateURL": self.templates(launched.scope).url(artifact.key),
            "Parameters": stack_changes.template_parameters(launched.parameters),
            "Capabilities": stack_changes.CAPABILITIES,
            "Tags": stack_changes.stack_tags(launched.tags),
        }

    def _start(self, launched: ProvisionedProduct, kind: str, change: _Change) -> Response:
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

    def _run(self, launched: ProvisionedProduct, record: dict[str, Any], change: _Change) -> None:
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
