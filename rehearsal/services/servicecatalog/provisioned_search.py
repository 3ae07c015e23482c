"""SearchProvisionedProducts and ScanProvisionedProducts.

Source: the Service Catalog API reference.
"""

from __future__ import annotations

from typing import Any

from rehearsal.framework.platform import Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.servicecatalog.catalog import Catalog
from rehearsal.services.servicecatalog.pages import one_page
from rehearsal.services.servicecatalog.records import ProvisionedProduct, invalid

_FIELDS = {
    name[0].lower() + name[1:]: name
    for name in (
        "Arn",
        "CreatedTime",
        "Id",
        "LastRecordId",
        "IdempotencyToken",
        "Name",
        "PhysicalId",
        "ProductId",
        "ProvisioningArtifactId",
        "Type",
        "Status",
        "Tags",
        "UserArn",
        "UserArnSession",
        "LastProvisioningRecordId",
        "LastSuccessfulProvisioningRecordId",
        "ProductName",
        "ProvisioningArtifactName",
    )
}
_SORTED_BY = ("arn", "id", "name", "lastRecordId")
LEVELS = {"Account": "accountLevel", "Role": "roleLevel", "User": "userLevel"}


class ProvisionedSearch:
    """Operations that find provisioned products.

    Args:
        catalog: the records of the service.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def search_provisioned_products(self, request: Request, context: Context) -> Response:
        found = self._found(request, context, "Account")
        for query in request.get("Filters", {}).get("SearchQuery", ()):
            found = [one for one in found if _matches(one, query)]
        by = request.get("SortBy")
        if by is not None:
            if by not in _SORTED_BY:
                raise invalid(f"SortBy {by} is not one of {', '.join(_SORTED_BY)}.")
            descending = request.get("SortOrder") == "DESCENDING"
            found.sort(key=lambda one: str(one.get(_FIELDS[by], "")), reverse=descending)
        response = one_page("ProvisionedProducts", found, request)
        return {**response, "TotalResultsCount": len(found)}

    def scan_provisioned_products(self, request: Request, context: Context) -> Response:
        attributes = ("PhysicalId", "ProductName", "ProvisioningArtifactName", "Tags")
        hidden = {*attributes, "UserArn", "UserArnSession"}
        found = [
            {name: value for name, value in one.items() if name not in hidden}
            for one in self._found(request, context, "User")
        ]
        return one_page("ProvisionedProducts", found, request)

    def _found(self, request: Request, context: Context, default: str) -> list[dict[str, Any]]:
        given = request.get("AccessLevelFilter", {})
        level = given.get("Key", default)
        if given.get("Value", "self") != "self":
            raise invalid("The Value of AccessLevelFilter is self.")
        with self._catalog.lock:
            launched = [
                one
                for one in self._catalog.provisioned.values()
                if one.scope == context.scope and one.is_of(context.caller_arn, level)
            ]
            return [self._attributes(one) for one in launched]

    def _attributes(self, launched: ProvisionedProduct) -> dict[str, Any]:
        detail = dict(launched.detail)
        product = self._catalog.products.get(detail["ProductId"])
        if product is not None:
            detail["ProductName"] = product.summary["Name"]
            artifact = product.artifacts.get(detail["ProvisioningArtifactId"])
            if artifact is not None:
                detail["ProvisioningArtifactName"] = artifact.detail["Name"]
        detail["UserArn"] = detail["UserArnSession"] = launched.launched_by
        detail["Tags"] = [
            {"Key": key, "Value": value} for key, value in sorted(launched.tags.items())
        ]
        return detail


def _matches(attributes: dict[str, Any], query: str) -> bool:
    """Returns True if a product satisfies `field:value`, or has a text in any field."""
    field, colon, value = query.partition(":")
    if not colon or field not in _FIELDS:
        return any(query in str(one) for one in attributes.values())
    held = attributes.get(_FIELDS[field], "")
    if field == "tags":
        key, _, wanted = value.partition(":")
        return any(one["Key"] == key and one["Value"] == wanted for one in held)
    return str(held) == value.strip('"')
