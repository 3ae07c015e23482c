"""Hubs: catalogs of the models that the users of an organisation may deploy.

Source: "Private curated hubs for foundation model access control in JumpStart" in the developer
guide. Changes that take AWS seconds (Creating, Importing, Deleting) end before the call returns.

The public hub, SageMakerPublicHub, belongs to AWS. In the rehearsal its owner is the account
`AWS_ACCOUNT`, which fills it with CreateHub and ImportHubContent. It contains nothing else.
"""

import re
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now

KIND = "hub"
AWS_ACCOUNT = "999999999999"
"""The account that represents AWS; the ARNs of its hub and contents have `aws` instead."""
PUBLIC_HUB = "SageMakerPublicHub"
LISTING = Listing(operation="ListHubs", member="HubSummaries", name="HubName", status="HubStatus")
_HUB_ARN = re.compile(r"arn:[^:]+:sagemaker:(?P<region>[^:]+):(?P<account>[^:]+):hub/(?P<name>.+)")


def hub_arn(scope: Scope, path: str) -> str:
    """Returns the ARN of a hub (`hub/...`) or of its content (`hub-content/...`)."""
    arn = scope.arn("sagemaker", path)
    return arn.replace(f":{AWS_ACCOUNT}:", ":aws:", 1) if scope.account == AWS_ACCOUNT else arn


def public_scope(region: str) -> Scope:
    """Returns the account and region of the public hub and its model data."""
    return Scope(AWS_ACCOUNT, region)


class Hubs:
    """CreateHub, DescribeHub, ListHubs, UpdateHub, DeleteHub.

    Args:
        backend: the backend of SageMaker.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def create_hub(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("CreateHub", request)
        name, moment = record["HubName"], now()
        if name == PUBLIC_HUB and context.scope.account != AWS_ACCOUNT:
            message = f"{PUBLIC_HUB} is the hub of AWS: choose another name for your hub."
            raise AwsError("ValidationException", message)
        arn = hub_arn(context.scope, f"hub/{name}")
        record |= {
            "HubArn": arn,
            "HubStatus": "InService",
            "CreationTime": moment,
            "LastModifiedTime": moment,
            "AccountIdOwner": context.scope.account,
        }
        with self._backend.lock:
            if name in self._backend.records.of(context.scope, KIND):
                raise AwsError("ResourceInUse", f'Cannot create already existing hub "{arn}".')
            self._backend.register(context, KIND, name, record, request)
        return {"HubArn": arn}

    def describe_hub(self, request: Request, context: Context) -> Response:
        _, record = self.find(context, request["HubName"], operation="DescribeHub")
        return self._backend.describe("DescribeHub", record)

    def list_hubs(self, request: Request, context: Context) -> Response:
        return LISTING.respond(self._backend.all(context.scope, KIND), request)

    def update_hub(self, request: Request, context: Context) -> Response:
        record = self.find_own(context, request["HubName"], operation="UpdateHub")
        changes = ("HubDescription", "HubDisplayName", "HubSearchKeywords")
        given = {name: request[name] for name in changes if name in request}
        with self._backend.lock:
            record |= {**given, "LastModifiedTime": now()}
        return {"HubArn": record["HubArn"]}

    def delete_hub(self, request: Request, context: Context) -> Response:
        record = self.find_own(context, request["HubName"], operation="DeleteHub")
        with self._backend.lock:
            contents = self._contents(context.scope, record["HubName"])
            if contents:
                message = (
                    f'Cannot delete hub "{record["HubArn"]}": it still contains '
                    f"{', '.join(contents)}. Delete its content first."
                )
                raise AwsError("ResourceInUse", message)
            arn = context.scope.arn("sagemaker", f"hub/{record['HubName']}")
            self._backend.remove(context.scope, KIND, record["HubName"], arn)
        return {}

    def _contents(self, scope: Scope, hub: str) -> list[str]:
        """Returns the contents of a hub, as `Model/churn/1.0.0`."""
        prefix = f"{hub}/"
        kinds = ("hub-content", "hub-content-reference")
        return [
            name.removeprefix(prefix)
            for kind in kinds
            for name in self._backend.records.of(scope, kind)
            if name.startswith(prefix)
        ]

    def find(self, context: Context, name_or_arn: str, *, operation: str) -> tuple[Scope, Record]:
        """Returns a hub of the caller's account or the public hub, and its account and region.

        Args:
            context: the caller.
            name_or_arn: the name or ARN of the hub.
            operation: the API name of the operation that needs it.

        Raises:
            AwsError: ResourceNotFound or ValidationException, if there is no such hub.
        """
        scope, name = self._place(context.scope, name_or_arn)
        return scope, self._backend.find(scope, KIND, name, operation=operation)

    def find_own(self, context: Context, name_or_arn: str, *, operation: str) -> Record:
        """Returns a hub of the caller's account, which the caller may change.

        Raises:
            AwsError: as `find`; AccessDeniedException, for the public hub.
        """
        scope, record = self.find(context, name_or_arn, operation=operation)
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
                "AWS Resource Access Manager: use a hub of the same account."
            )
            raise AwsError("ValidationException", message)
        return scope, name
