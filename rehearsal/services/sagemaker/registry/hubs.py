"""Hubs: what lists the models that an organisation lets its people deploy.

"Private curated hubs for foundation model access control in JumpStart" of SageMaker's developer
guide. What takes AWS seconds (Creating, Importing, Deleting) is done when the call returns.

The public hub, SageMakerPublicHub, belongs to AWS. Here its owner is the account `AWS_ACCOUNT`,
which fills it as AWS does: by CreateHub and ImportHubContent. Whatever it did not import is
refused by name.
"""

from __future__ import annotations

import re
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.control_plane import ControlPlane
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now

KIND = "hub"
AWS_ACCOUNT = "999999999999"
"""The account that stands for AWS's own; ARNs of what it publishes say `aws`."""
PUBLIC_HUB = "SageMakerPublicHub"
LISTING = Listing(operation="ListHubs", member="HubSummaries", name="HubName", status="HubStatus")
_HUB_ARN = re.compile(r"arn:[^:]+:sagemaker:(?P<region>[^:]+):(?P<account>[^:]+):hub/(?P<name>.+)")


def hub_arn(scope: Scope, path: str) -> str:
    """The ARN of a hub (`hub/...`) or of its content (`hub-content/...`)."""
    arn = scope.arn("sagemaker", path)
    return arn.replace(f":{AWS_ACCOUNT}:", ":aws:", 1) if scope.account == AWS_ACCOUNT else arn


def public_scope(region: str) -> Scope:
    """Where the public hub of a region and its model data are."""
    return Scope(AWS_ACCOUNT, region)


class Hubs(ControlPlane):
    """CreateHub, DescribeHub, ListHubs, UpdateHub, DeleteHub."""

    def create_hub(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateHub", request)
        name, moment = record["HubName"], now()
        if name == PUBLIC_HUB and context.scope.account != AWS_ACCOUNT:
            message = f"{PUBLIC_HUB} is the hub of AWS: give your hub another name."
            raise AwsError("ValidationException", message)
        arn = hub_arn(context.scope, f"hub/{name}")
        record |= {
            "HubArn": arn,
            "HubStatus": "InService",
            "CreationTime": moment,
            "LastModifiedTime": moment,
            "AccountIdOwner": context.scope.account,
        }
        with self.lock:
            if name in self.records.of(context.scope, KIND):
                raise AwsError("ResourceInUse", f'Cannot create already existing hub "{arn}".')
            self.register(context, KIND, name, record, request)
        return {"HubArn": arn}

    def describe_hub(self, request: Request, context: Context) -> Response:
        _, record = self.hub(context, request["HubName"], operation="DescribeHub")
        return self.describe("DescribeHub", record)

    def list_hubs(self, request: Request, context: Context) -> Response:
        with self.lock:
            return LISTING.respond(self.records.of(context.scope, KIND).values(), request)

    def update_hub(self, request: Request, context: Context) -> Response:
        record = self.own_hub(context, request["HubName"], operation="UpdateHub")
        changes = ("HubDescription", "HubDisplayName", "HubSearchKeywords")
        given = {name: request[name] for name in changes if name in request}
        with self.lock:
            record |= {**given, "LastModifiedTime": now()}
        return {"HubArn": record["HubArn"]}

    def delete_hub(self, request: Request, context: Context) -> Response:
        record = self.own_hub(context, request["HubName"], operation="DeleteHub")
        with self.lock:
            left = self.contents_of(context.scope, record["HubName"])
            if left:
                message = (
                    f'Cannot delete hub "{record["HubArn"]}": it still contains '
                    f"{', '.join(left)}. Delete its content first."
                )
                raise AwsError("ResourceInUse", message)
            self.records.of(context.scope, KIND).pop(record["HubName"], None)
        self.drop_tags(context.scope.arn("sagemaker", f"hub/{record['HubName']}"))
        return {}

    def contents_of(self, scope: Scope, hub: str) -> list[str]:
        """What a hub contains, as `Model/churn/1.0.0`."""
        prefix = f"{hub}/"
        kinds = ("hub-content", "hub-content-reference")
        return [
            name.removeprefix(prefix)
            for kind in kinds
            for name in self.records.of(scope, kind)
            if name.startswith(prefix)
        ]

    def hub(self, context: Context, name_or_arn: str, *, operation: str) -> tuple[Scope, Record]:
        """A hub that the caller can see, and where it is: one of the account, or the public one."""
        scope, name = self._place(context.scope, name_or_arn)
        return scope, self.find(scope, KIND, name, operation=operation)

    def own_hub(self, context: Context, name_or_arn: str, *, operation: str) -> Record:
        """A hub of the caller's account, to be changed."""
        scope, record = self.hub(context, name_or_arn, operation=operation)
        if scope != context.scope:
            message = (
                f"User: {context.caller_arn} is not authorized to perform: "
                f"sagemaker:{operation} on resource: {record['HubArn']}"
            )
            raise AwsError("AccessDeniedException", message)
        return record

    def _place(self, scope: Scope, name_or_arn: str) -> tuple[Scope, str]:
        match = _HUB_ARN.fullmatch(name_or_arn)
        name = match["name"] if match else name_or_arn
        account: Any = match["account"] if match else scope.account
        if name == PUBLIC_HUB or account == "aws":
            return public_scope(scope.region), name
        if match and (account, match["region"]) != (scope.account, scope.region):
            message = (
                f'Hub "{name_or_arn}" belongs to another account or region. The rehearsal has no '
                "AWS Resource Access Manager: use a hub of the account itself."
            )
            raise AwsError("ValidationException", message)
        return scope, name
