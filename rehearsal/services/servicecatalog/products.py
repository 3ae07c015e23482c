"""Products and their versions, for administrators and for users."""

from __future__ import annotations

from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.platform import Context
from rehearsal.framework.service import Request, Response
from rehearsal.framework.tags import Tags
from rehearsal.services.servicecatalog.catalog import Catalog
from rehearsal.services.servicecatalog.records import (
    Artifact,
    Portfolio,
    Product,
    in_use,
    invalid,
    missing,
    new_id,
)
from rehearsal.services.servicecatalog.templates import source_arn

_SHOWN = ("Distributor", "SupportEmail", "SupportDescription", "SupportUrl")
_TEMPLATE = "CLOUD_FORMATION_TEMPLATE"


class Products:
    """Operations on products and their versions.

    Args:
        catalog: the records of the service.
        tags: the service's tags.
    """

    def __init__(self, catalog: Catalog, tags: Tags) -> None:
        self._catalog = catalog
        self._tags = tags

    def create_product(self, request: Request, context: Context) -> Response:
        if request["ProductType"] != _TEMPLATE or "SourceConnection" in request:
            raise invalid(f"The rehearsal supports products of type {_TEMPLATE} only.")
        product = Product(context.scope, new_id("prod"), {}, utc_now())
        product.summary = {
            "Id": new_id("prodview"),
            "ProductId": product.id,
            "Name": request["Name"],
            "Owner": request["Owner"],
            "ShortDescription": request.get("Description", ""),
            "Type": _TEMPLATE,
            "HasDefaultPath": False,
            **{name: request[name] for name in _SHOWN if name in request},
        }
        if "ProvisioningArtifactParameters" not in request:
            raise invalid("ProvisioningArtifactParameters is required.")
        artifact = self._new_artifact(request["ProvisioningArtifactParameters"], context, product)
        with self._catalog.lock:
            self._catalog.products[product.id] = product
            self._tags.put(product.arn, request.get("Tags"))
        return {
            "ProductViewDetail": product.view(),
            "ProvisioningArtifactDetail": dict(artifact.detail),
            "Tags": self._tags.shown(product.arn),
        }

    def update_product(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            product = self._catalog.product(context, request, "Id")
            names = {name: name for name in ("Name", "Owner", *_SHOWN)}
            for given, shown in (names | {"Description": "ShortDescription"}).items():
                if given in request:
                    product.summary[shown] = request[given]
            self._tags.remove(product.arn, request.get("RemoveTags", ()))
            self._tags.add(product.arn, request.get("AddTags"))
            return {"ProductViewDetail": product.view(), "Tags": self._tags.shown(product.arn)}

    def delete_product(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            product = self._catalog.product(context, request, "Id")
            if any(
                product.id in portfolio.products for portfolio in self._catalog.portfolios.values()
            ):
                raise in_use(f"Product {product.id} is associated with a portfolio.")
            del self._catalog.products[product.id]
            self._tags.drop(product.arn)
        for artifact in product.artifacts.values():
            self._catalog.templates(context.scope).remove(artifact.key)
        return {}

    def describe_product_as_admin(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            product = self._catalog.product(context, request, "Id")
            summaries = [_without(one, "Active", "Guidance", "Type") for one in _details(product)]
            return {
                "ProductViewDetail": product.view(),
                "ProvisioningArtifactSummaries": summaries,
                "Tags": self._tags.shown(product.arn),
            }

    def search_products_as_admin(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            found = [one for one in self._catalog.products.values() if one.scope == context.scope]
            if "PortfolioId" in request:
                portfolio_id = request["PortfolioId"]
                within = self._catalog.portfolio(context, portfolio_id, imported=True).products
                found = [self._catalog.products[one] for one in within]
            return {"ProductViewDetails": [one.view() for one in found]}

    def create_provisioning_artifact(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            product = self._catalog.product(context, request)
        artifact = self._new_artifact(request["Parameters"], context, product)
        return _of(artifact)

    def describe_provisioning_artifact(self, request: Request, context: Context) -> Response:
        if request.get("IncludeProvisioningArtifactParameters"):
            raise invalid("The rehearsal does not implement IncludeProvisioningArtifactParameters.")
        with self._catalog.lock:
            return _of(self._catalog.artifact(context, request))

    def list_provisioning_artifacts(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            return {
                "ProvisioningArtifactDetails": _details(self._catalog.product(context, request))
            }

    def update_provisioning_artifact(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            artifact = self._catalog.artifact(context, request)
            for name in ("Name", "Description", "Active", "Guidance"):
                if name in request:
                    artifact.detail[name] = request[name]
            return _of(artifact)

    def delete_provisioning_artifact(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            artifact = self._catalog.artifact(context, request)
            product = self._catalog.product(context, request)
            del product.artifacts[artifact.id]
        self._catalog.templates(context.scope).remove(artifact.key)
        return {}

    def search_products(self, request: Request, context: Context) -> Response:
        principal = self._catalog.principal_of(context)
        with self._catalog.lock:
            found = [
                product
                for product in self._catalog.products.values()
                if product.scope == context.scope and self._catalog.paths(product, principal)
            ]
            return {"ProductViewSummaries": [dict(one.summary) for one in found]}

    def describe_product(self, request: Request, context: Context) -> Response:
        principal = self._catalog.principal_of(context)
        with self._catalog.lock:
            product = self._catalog.product(context, request, "Id")
            paths = self._catalog.paths(product, principal)
            if not paths:
                raise missing("Product", product.id)
            artifacts = [
                _without(one, "Active", "Type") for one in _details(product) if one["Active"]
            ]
            return {
                "ProductViewSummary": dict(product.summary),
                "ProvisioningArtifacts": artifacts,
                "LaunchPaths": [_path(portfolio) for portfolio in paths],
            }

    def list_launch_paths(self, request: Request, context: Context) -> Response:
        principal = self._catalog.principal_of(context)
        with self._catalog.lock:
            product = self._catalog.product(context, request)
            paths = self._catalog.paths(product, principal)
            if not paths:
                raise missing("Product", product.id)
            summaries: list[dict[str, Any]] = []
            for portfolio in paths:
                constraint = self._catalog.constraint_of(portfolio.id, product.id)
                of_it = [{"Type": "LAUNCH", "Description": ""}] if constraint else []
                tags = self._tags.of(portfolio.arn) | self._tags.of(product.arn)
                shown = self._tags.shape.write(tags)
                summaries.append({**_path(portfolio), "ConstraintSummaries": of_it, "Tags": shown})
        return {"LaunchPathSummaries": summaries}

    def _new_artifact(self, given: Request, context: Context, product: Product) -> Artifact:
        url = given.get("Info", {}).get("LoadTemplateFromURL")
        if given.get("Type", _TEMPLATE) != _TEMPLATE or set(given.get("Info", {})) != {
            "LoadTemplateFromURL"
        }:
            raise invalid(f"The rehearsal supports a {_TEMPLATE} with LoadTemplateFromURL only.")
        self._catalog.identity.authorize_caller(context, "s3:GetObject", source_arn(url))
        detail = {
            "Id": new_id("pa"),
            "Name": given.get("Name", ""),
            "Description": given.get("Description", ""),
            "Type": _TEMPLATE,
            "CreatedTime": utc_now(),
            "Active": True,
            "Guidance": "DEFAULT",
        }
        key = f"{product.id}/{detail['Id']}.template"
        validate = not given.get("DisableTemplateValidation", False)
        self._catalog.templates(context.scope).copy(url, key, validate=validate)
        artifact = Artifact(str(detail["Id"]), detail, url, key)
        with self._catalog.lock:
            product.artifacts[artifact.id] = artifact
        return artifact


def _of(artifact: Artifact) -> Response:
    return {
        "ProvisioningArtifactDetail": dict(artifact.detail),
        "Info": {"TemplateUrl": artifact.url},
        "Status": "AVAILABLE",
    }


def _details(product: Product) -> list[dict[str, Any]]:
    return [dict(one.detail) for one in product.artifacts.values()]


def _without(detail: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in detail.items() if name not in names}


def _path(portfolio: Portfolio) -> dict[str, Any]:
    return {"Id": f"lpv3-{portfolio.id}", "Name": portfolio.detail["DisplayName"]}
