"""What hubs contain: models, notebooks and other documents, each in versions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.control_plane import not_found
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
    """A version as numbers, to be compared."""
    return tuple(int(part) for part in text.split("."))


class HubContents(Hubs):
    """Import-, Describe-, List-, Update-, DeleteHubContent and ListHubContentVersions."""

    def import_hub_content(self, request: Request, context: Context) -> Response:
        record = self.accept("ImportHubContent", request)
        hub = self.own_hub(context, record["HubName"], operation="ImportHubContent")
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
        with self.lock:
            if key in self.records.of(context.scope, KIND):
                raise AwsError("ResourceInUse", f'Hub content "{arn}" exists already.')
            self.register(context, KIND, key, record, request)
        return {"HubArn": hub["HubArn"], "HubContentArn": arn}

    def describe_hub_content(self, request: Request, context: Context) -> Response:
        versions = self._requested(context, request, "DescribeHubContent")
        wanted = request.get("HubContentVersion")
        found = [v for v in versions if wanted in (None, v["HubContentVersion"])]
        if not found:
            raise _no_content("DescribeHubContent", request)
        return self.describe("DescribeHubContent", found[-1])

    def list_hub_contents(self, request: Request, context: Context) -> Response:
        scope, hub = self.hub(context, request["HubName"], operation="ListHubContents")
        with self.lock:
            everything = self.contents(scope, hub["HubName"], request["HubContentType"])
            newest = [versions[-1] for versions in everything.values()]
            return LISTING.respond(_with_schema(newest, request), request)

    def list_hub_content_versions(self, request: Request, context: Context) -> Response:
        versions = self._requested(context, request, "ListHubContentVersions")
        if not versions:
            raise _no_content("ListHubContentVersions", request)
        least = version_of(request.get("MinVersion", "0.0.0"))
        kept = [v for v in versions if version_of(v["HubContentVersion"]) >= least]
        return LISTING.respond(_with_schema(kept, request), request)

    def update_hub_content(self, request: Request, context: Context) -> Response:
        changes = {name: request[name] for name in _UPDATABLE if name in request}
        if not changes:
            message = f"Give at least one of {', '.join(_UPDATABLE)}."
            raise AwsError("ValidationException", message)
        _, record = self._own_content(context, request, "UpdateHubContent")
        with self.lock:
            record |= {**changes, "LastModifiedTime": now()}
        return {"HubArn": record["HubArn"], "HubContentArn": record["HubContentArn"]}

    def delete_hub_content(self, request: Request, context: Context) -> Response:
        key, _ = self._own_content(context, request, "DeleteHubContent")
        with self.lock:
            self.records.of(context.scope, KIND).pop(key, None)
        self.drop_tags(context.scope.arn("sagemaker", f"{KIND}/{key}"))
        return {}

    def contents(self, scope: Scope, hub: str, kind: str) -> dict[str, list[Record]]:
        """The contents of one type by name, each in its versions, oldest first."""
        found: dict[str, list[Record]] = {}
        for record in self.records.of(scope, KIND).values():
            if (record["HubName"], record["HubContentType"]) == (hub, kind):
                found.setdefault(record["HubContentName"], []).append(record)
        for versions in found.values():
            versions.sort(key=lambda record: version_of(record["HubContentVersion"]))
        return found

    def _requested(self, context: Context, request: Request, operation: str) -> list[Record]:
        """The versions of the content that a request names; none where there is no such one."""
        scope, hub = self.hub(context, request["HubName"], operation=operation)
        with self.lock:
            everything = self.contents(scope, hub["HubName"], request["HubContentType"])
        return everything.get(request["HubContentName"], [])

    def _own_content(
        self, context: Context, request: Request, operation: str
    ) -> tuple[str, Record]:
        """The key and the record of an imported content."""
        hub = self.own_hub(context, request["HubName"], operation=operation)
        if request["HubContentType"] == REFERENCE:
            message = f"{operation} takes no {REFERENCE}: use {operation}Reference."
            raise AwsError("ValidationException", message)
        members = ("HubContentType", "HubContentName", "HubContentVersion")
        key = "/".join([hub["HubName"], *(request[member] for member in members)])
        with self.lock:
            record = self.records.of(context.scope, KIND).get(key)
        if record is None:
            raise _no_content(operation, request)
        return key, record


def _check_import(record: Record) -> None:
    if record["HubContentType"] == REFERENCE:
        message = (
            f"ImportHubContent takes no {REFERENCE}: CreateHubContentReference refers to a model "
            "of the public hub."
        )
        raise AwsError("ValidationException", message)
    if "HubContentVersion" not in record:
        message = (
            "The rehearsal does not implement ImportHubContent without HubContentVersion (how "
            "SageMaker counts it up is not documented): give one, as 1.0.0."
        )
        raise AwsError("ValidationException", message)
    try:
        document = json.loads(record["HubContentDocument"])
    except ValueError as error:
        message = f"HubContentDocument is no JSON document: {error}."
        raise AwsError("ValidationException", message) from error
    if not isinstance(document, dict):
        raise AwsError("ValidationException", "HubContentDocument must be a JSON object.")


def _with_schema(records: Iterable[Record], request: Request) -> list[Record]:
    latest = request.get("MaxSchemaVersion")
    if latest is None:
        return list(records)
    most = version_of(latest)
    return [record for record in records if version_of(record["DocumentSchemaVersion"]) <= most]


def _no_content(operation: str, request: Request) -> AwsError:
    path: list[Any] = [
        request["HubName"].rpartition("/")[2],
        request["HubContentType"],
        request["HubContentName"],
        request.get("HubContentVersion"),
    ]
    content = "/".join(part for part in path if part)
    return not_found(operation, f'Could not find hub content "{content}".')
