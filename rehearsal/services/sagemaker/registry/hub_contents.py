"""Contents of hubs: models, notebooks and other documents, each in versions."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend, not_found
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.registry.hubs import Hubs, hub_arn

KIND = "hub-content"
REFERENCE = "ModelReference"
LISTING = Listing(
    operation="ListHubContents",
    member="HubContentSummaries",
    name="HubContentName",
    modified=None,
    status="HubContentStatus",
)
_UPDATABLE = (
    "HubContentDisplayName",
    "HubContentDescription",
    "HubContentMarkdown",
    "HubContentSearchKeywords",
    "SupportStatus",
)


def version_of(text: str) -> tuple[int, ...]:
    """Parses a version for comparison."""
    return tuple(int(part) for part in text.split("."))


def imported_contents(
    backend: Backend, scope: Scope, hub: str, kind: str
) -> dict[str, list[Record]]:
    """Returns the imported contents of one type by name, each in its versions, oldest first."""
    found: dict[str, list[Record]] = {}
    for record in backend.all(scope, KIND):
        if (record["HubName"], record["HubContentType"]) == (hub, kind):
            found.setdefault(record["HubContentName"], []).append(record)
    for versions in found.values():
        versions.sort(key=lambda record: version_of(record["HubContentVersion"]))
    return found


class HubContents:
    """Import-, Describe-, List-, Update-, DeleteHubContent and ListHubContentVersions.

    Args:
        backend: the backend of SageMaker.
        hubs: the hubs.
        references: returns the model references of a hub by name, each in its versions.
    """

    def __init__(
        self,
        backend: Backend,
        hubs: Hubs,
        references: Callable[[Scope, str], dict[str, list[Record]]],
    ) -> None:
        self._backend = backend
        self._hubs = hubs
        self._references = references

    def import_hub_content(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("ImportHubContent", request)
        hub = self._hubs.find_own(context, record["HubName"], operation="ImportHubContent")
        _check_import(record)
        kind, name = record["HubContentType"], record["HubContentName"]
        key = f"{hub['HubName']}/{kind}/{name}/{record['HubContentVersion']}"
        arn = hub_arn(context.scope, f"hub-content/{key}")
        record |= {
            "HubName": hub["HubName"],
            "HubArn": hub["HubArn"],
            "HubContentArn": arn,
            "HubContentStatus": "Available",
            "CreationTime": now(),
            "HubContentDependencies": [],
        }
        record.setdefault("SupportStatus", "Supported")
        with self._backend.lock:
            if key in self._backend.records.of(context.scope, KIND):
                raise AwsError("ResourceInUse", f'Hub content "{arn}" exists already.')
            self._backend.register(context, KIND, key, record, request)
        return {"HubArn": hub["HubArn"], "HubContentArn": arn}

    def describe_hub_content(self, request: Request, context: Context) -> Response:
        versions = self._requested(context, request, "DescribeHubContent")
        wanted = request.get("HubContentVersion")
        found = [v for v in versions if wanted in (None, v["HubContentVersion"])]
        if not found:
            raise _no_content("DescribeHubContent", request)
        return self._backend.describe("DescribeHubContent", found[-1])

    def list_hub_contents(self, request: Request, context: Context) -> Response:
        scope, hub = self._hubs.find(context, request["HubName"], operation="ListHubContents")
        contents = self._contents(scope, hub["HubName"], request["HubContentType"])
        newest = [versions[-1] for versions in contents.values()]
        return LISTING.respond(_with_schema(newest, request), request)

    def list_hub_content_versions(self, request: Request, context: Context) -> Response:
        versions = self._requested(context, request, "ListHubContentVersions")
        if not versions:
            raise _no_content("ListHubContentVersions", request)
        minimum = version_of(request.get("MinVersion", "0.0.0"))
        kept = [v for v in versions if version_of(v["HubContentVersion"]) >= minimum]
        return LISTING.respond(_with_schema(kept, request), request)

    def update_hub_content(self, request: Request, context: Context) -> Response:
        changes = {name: request[name] for name in _UPDATABLE if name in request}
        if not changes:
            message = f"Specify at least one of {', '.join(_UPDATABLE)}."
            raise AwsError("ValidationException", message)
        _, record = self._find_own(context, request, "UpdateHubContent")
        with self._backend.lock:
            record |= {**changes, "LastModifiedTime": now()}
        return {"HubArn": record["HubArn"], "HubContentArn": record["HubContentArn"]}

    def delete_hub_content(self, request: Request, context: Context) -> Response:
        key, _ = self._find_own(context, request, "DeleteHubContent")
        arn = context.scope.arn("sagemaker", f"{KIND}/{key}")
        self._backend.remove(context.scope, KIND, key, arn)
        return {}

    def _contents(self, scope: Scope, hub: str, kind: str) -> dict[str, list[Record]]:
        """Returns the contents of one type by name, each in its versions, oldest first."""
        if kind == REFERENCE:
            return self._references(scope, hub)
        return imported_contents(self._backend, scope, hub, kind)

    def _requested(self, context: Context, request: Request, operation: str) -> list[Record]:
        """Returns the versions of the content that a request names; empty without one."""
        scope, hub = self._hubs.find(context, request["HubName"], operation=operation)
        contents = self._contents(scope, hub["HubName"], request["HubContentType"])
        return contents.get(request["HubContentName"], [])

    def _find_own(self, context: Context, request: Request, operation: str) -> tuple[str, Record]:
        """Returns the key and the record of an imported content."""
        hub = self._hubs.find_own(context, request["HubName"], operation=operation)
        if request["HubContentType"] == REFERENCE:
            message = f"{operation} does not support {REFERENCE}: use {operation}Reference."
            raise AwsError("ValidationException", message)
        members = ("HubContentType", "HubContentName", "HubContentVersion")
        key = "/".join([hub["HubName"], *(request[member] for member in members)])
        with self._backend.lock:
            record = self._backend.records.of(context.scope, KIND).get(key)
        if record is None:
            raise _no_content(operation, request)
        return key, record


def _check_import(record: Record) -> None:
    if record["HubContentType"] == REFERENCE:
        message = (
            f"ImportHubContent does not support {REFERENCE}: use CreateHubContentReference for a "
            "model of the public hub."
        )
        raise AwsError("ValidationException", message)
    if "HubContentVersion" not in record:
        message = (
            "The rehearsal does not implement ImportHubContent without HubContentVersion (its "
            "default is not documented): specify one, such as 1.0.0."
        )
        raise AwsError("ValidationException", message)
    try:
        document = json.loads(record["HubContentDocument"])
    except ValueError as error:
        message = f"HubContentDocument is not a JSON document: {error}."
        raise AwsError("ValidationException", message) from error
    if not isinstance(document, dict):
        raise AwsError("ValidationException", "HubContentDocument must be a JSON object.")


def _with_schema(records: Iterable[Record], request: Request) -> list[Record]:
    given = request.get("MaxSchemaVersion")
    if given is None:
        return list(records)
    maximum = version_of(given)
    return [one for one in records if version_of(one["DocumentSchemaVersion"]) <= maximum]


def _no_content(operation: str, request: Request) -> AwsError:
    path: list[Any] = [
        request["HubName"].rpartition("/")[2],
        request["HubContentType"],
        request["HubContentName"],
        request.get("HubContentVersion"),
    ]
    content = "/".join(part for part in path if part)
    return not_found(operation, f'Could not find hub content "{content}".')
