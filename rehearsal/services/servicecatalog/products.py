"""Products and their versions, as administrators make them and people find them."""

from __future__ import annotations

from typing import Any

from rehearsal.framework.platform import VIA_SERVICE, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.servicecatalog.access import has_access
from rehearsal.services.servicecatalog.portfolios import Portfolios, changed_tags
from rehearsal.services.servicecatalog.records import (
    Artifact,
    Portfolio,
    Product,
    in_use,
    invalid,
    missing,
    new_id,
    now,
    tag_list,
)
from rehearsal.services.servicecatalog.templates import Templates, source_arn

_SHOWN = ("Distributor", "SupportEmail", "SupportDescription", "SupportUrl")
_TEMPLATE = "CLOUD_FORMATION_TEMPLATE"


class Products(Portfolios):
    """Products, their versions, and who sees them."""

    def create_product(self, request: Request, context: Context) -> Response:
        if request["ProductType"] != _TEMPLATE or "SourceConnection" in request:
            raise invalid(f"The rehearsal has products of type {_TEMPLATE} alone.")
        product = Product(context.scope, new_id("prod"), {}, now())
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
        product.tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
        if "ProvisioningArtifactParameters" not in request:
            raise invalid("ProvisioningArtifactParameters is required.")
        artifact = self._new_artifact(request["ProvisioningArtifactParameters"], context, product)
        with self.lock:
            self.products[product.id] = product
        detail = dict(artifact.detail)
        tags = tag_list(product.tags)
        return {
            "ProductViewDetail": product.view(),
            "ProvisioningArtifactDetail": detail,
            "Tags": tags,
        }

    def update_product(self, request: Request, context: Context) -> Response:
        with self.lock:
            product = self.product(context, request, "Id")
            names = {name: name for name in ("Name", "Owner", *_SHOWN)}
            for given, shown in (names | {"Description": "ShortDescription"}).items():
                if given in request:
                    product.summary[shown] = request[given]
            product.tags = changed_tags(product.tags, request)
            return {"ProductViewDetail": product.view(), "Tags": tag_list(product.tags)}

    def delete_product(self, request: Request, context: Context) -> Response:
        with self.lock:
            product = self.product(context, request, "Id")
            if any(product.id in portfolio.products for portfolio in self.portfolios.values()):
                raise in_use(f"Product {product.id} is associated with a portfolio.")
            del self.products[product.id]
        for artifact in product.artifacts.values():
            self.templates(context.scope).remove(artifact.key)
        return {}

    def describe_product_as_admin(self, request: Request, context: Context) -> Response:
        with self.lock:
            product = self.product(context, request, "Id")
            summaries = [_without(one, "Active", "Guidance", "Type") for one in _details(product)]
            return {
                "ProductViewDetail": product.view(),
                "ProvisioningArtifactSummaries": summaries,
                "Tags": tag_list(product.tags),
            }

    def search_products_as_admin(self, request: Request, context: Context) -> Response:
        with self.lock:
            found = [one for one in self.products.values() if one.scope == context.scope]
            if "PortfolioId" in request:
                within = self.portfolio(context, request["PortfolioId"]).products
                found = [one for one in found if one.id in within]
            return {"ProductViewDetails": [one.view() for one in found]}

    def create_provisioning_artifact(self, request: Request, context: Context) -> Response:
        with self.lock:
            product = self.product(context, request)
        artifact = self._new_artifact(request["Parameters"], context, product)
        return _of(artifact)

    def describe_provisioning_artifact(self, request: Request, context: Context) -> Response:
        if request.get("IncludeProvisioningArtifactParameters"):
            raise invalid("The rehearsal does not implement IncludeProvisioningArtifactParameters.")
        with self.lock:
            return _of(self.artifact(context, request))

    def list_provisioning_artifacts(self, request: Request, context: Context) -> Response:
        with self.lock:
            return {"ProvisioningArtifactDetails": _details(self.product(context, request))}

    def update_provisioning_artifact(self, request: Request, context: Context) -> Response:
        with self.lock:
            artifact = self.artifact(context, request)
            for name in ("Name", "Description", "Active", "Guidance"):
                if name in request:
                    artifact.detail[name] = request[name]
            return _of(artifact)

    def delete_provisioning_artifact(self, request: Request, context: Context) -> Response:
        with self.lock:
            artifact = self.artifact(context, request)
            product = self.product(context, request)
            if len(product.artifacts) == 1:
                raise in_use(f"{artifact.id} is the last version of product {product.id}.")
            del product.artifacts[artifact.id]
        self.templates(context.scope).remove(artifact.key)
        return {}

    def search_products(self, request: Request, context: Context) -> Response:
        principal = self.principal_of(context)
        with self.lock:
            found = [
                product
                for product in self.products.values()
                if product.scope == context.scope and self.paths(product, principal)
            ]
            return {"ProductViewSummaries": [dict(one.summary) for one in found]}

    def describe_product(self, request: Request, context: Context) -> Response:
        principal = self.principal_of(context)
        with self.lock:
            product = self.product(context, request, "Id")
            paths = self.paths(product, principal)
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
        principal = self.principal_of(context)
        with self.lock:
            product = self.product(context, request)
            paths = self.paths(product, principal)
            if not paths:
                raise missing("Product", product.id)
            summaries: list[dict[str, Any]] = []
            for portfolio in paths:
                constraint = self.constraint_of(portfolio.id, product.id)
                of_it = [{"Type": "LAUNCH", "Description": ""}] if constraint else []
                tags = tag_list(portfolio.tags | product.tags)
                summaries.append({**_path(portfolio), "ConstraintSummaries": of_it, "Tags": tags})
        return {"LaunchPathSummaries": summaries}

    def paths(self, product: Product, principal: str) -> list[Portfolio]:
        """The portfolios through which a principal gets at a product."""
        return [
            portfolio
            for portfolio in self.portfolios.values()
            if product.id in portfolio.products and has_access(portfolio, principal)
        ]

    def artifact(self, context: Context, request: Request) -> Artifact:
        """A version by the ids in a request."""
        product = self.product(context, request)
        artifact = product.artifacts.get(request["ProvisioningArtifactId"])
        if artifact is None:
            raise missing("ProvisioningArtifact", request["ProvisioningArtifactId"])
        return artifact

    def templates(self, scope: Scope) -> Templates:
        """The service's copies of templates."""
        s3, stacks = (self.service_client(scope, name) for name in ("s3", "cloudformation"))
        return Templates(s3, stacks, scope)

    def _new_artifact(self, given: Request, context: Context, product: Product) -> Artifact:
        url = given.get("Info", {}).get("LoadTemplateFromURL")
        if given.get("Type", _TEMPLATE) != _TEMPLATE or set(given.get("Info", {})) != {
            "LoadTemplateFromURL"
        }:
            raise invalid(f"The rehearsal takes a {_TEMPLATE} with LoadTemplateFromURL alone.")
        self.platform.authorize(
            context.caller_arn, "s3:GetObject", source_arn(url), context.scope, VIA_SERVICE
        )
        detail = {
            "Id": new_id("pa"),
            "Name": given.get("Name", ""),
            "Description": given.get("Description", ""),
            "Type": _TEMPLATE,
            "CreatedTime": now(),
            "Active": True,
            "Guidance": "DEFAULT",
        }
        key = f"{product.id}/{detail['Id']}.template"
        validate = not given.get("DisableTemplateValidation", False)
        self.templates(context.scope).copy(url, key, validate=validate)
        artifact = Artifact(str(detail["Id"]), detail, url, key)
        with self.lock:
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
