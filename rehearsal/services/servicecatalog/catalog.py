"""The records of Service Catalog, and how its parts find them."""

from __future__ import annotations

import threading
from typing import Any

from rehearsal.framework.identity import ServiceIdentity
from rehearsal.framework.platform import Context, Platform, Scope
from rehearsal.framework.service import Request
from rehearsal.services.servicecatalog.access import has_access
from rehearsal.services.servicecatalog.records import (
    Artifact,
    Constraint,
    Portfolio,
    Product,
    ProvisionedProduct,
    invalid,
    missing,
)
from rehearsal.services.servicecatalog.templates import Templates

PRINCIPAL = "servicecatalog.amazonaws.com"


class Catalog:
    """The records of every account and region, by id.

    Args:
        platform: the AWS around the service.
        lock: the service's lock, which guards the records.
    """

    KEPT = ("portfolios", "products", "constraints", "provisioned", "records", "outputs")

    def __init__(self, platform: Platform, lock: threading.RLock) -> None:
        self.platform = platform
        self.lock = lock
        self.identity = ServiceIdentity(platform, PRINCIPAL, "servicecatalog")
        self.portfolios: dict[str, Portfolio] = {}
        self.products: dict[str, Product] = {}
        self.constraints: dict[str, Constraint] = {}
        self.provisioned: dict[str, ProvisionedProduct] = {}
        self.records: dict[str, tuple[ProvisionedProduct, dict[str, Any]]] = {}
        self.outputs: dict[str, list[dict[str, Any]]] = {}

    def portfolio(
        self, context: Context, portfolio_id: str, *, imported: bool = False
    ) -> Portfolio:
        """Returns a portfolio of the caller's account and region.

        Args:
            context: the caller.
            portfolio_id: the id of the portfolio.
            imported: True if it may belong to another account that shares it. Defaults to False.

        Raises:
            AwsError: ResourceNotFoundException, if there is no such portfolio.
        """
        found = self.portfolios.get(portfolio_id)
        shared = imported and found is not None and found.is_imported(context.scope)
        if found is None or (found.scope != context.scope and not shared):
            raise missing("Portfolio", portfolio_id)
        return found

    def product(self, context: Context, request: Request, member: str = "ProductId") -> Product:
        """Returns a product of the caller's account and region, by the id or name in a request.

        Raises:
            AwsError: ResourceNotFoundException, if there is no such product;
                InvalidParametersException, if the request names none, or one that another account
                shares.
        """
        name_member = "Name" if member == "Id" else "ProductName"
        product_id, name = request.get(member), request.get(name_member)
        if not product_id and not name:
            raise invalid(f"Specify {member} or {name_member}.")
        if not product_id:
            for one in self.products.values():
                if one.scope == context.scope and one.summary["Name"] == name:
                    return one
            raise missing("Product", str(name))
        found = self.products.get(str(product_id))
        if found is not None and found.scope == context.scope:
            return found
        for portfolio in self.portfolios.values():
            if product_id in portfolio.products and portfolio.is_imported(context.scope):
                raise invalid(
                    f"The rehearsal does not launch products of other accounts; {product_id} "
                    f"belongs to account {portfolio.scope.account}."
                )
        raise missing("Product", str(product_id))

    def artifact(self, context: Context, request: Request) -> Artifact:
        """Returns a version of a product, by the ids in a request.

        Raises:
            AwsError: ResourceNotFoundException, if there is no such version.
        """
        product = self.product(context, request)
        member = "ProvisioningArtifactId"
        for artifact in product.artifacts.values():
            named = artifact.detail["Name"] == request.get("ProvisioningArtifactName")
            if artifact.id == request[member] if member in request else named:
                return artifact
        given = request.get(member) or request.get("ProvisioningArtifactName")
        raise missing("ProvisioningArtifact", str(given))

    def constraint_of(self, portfolio_id: str, product_id: str) -> Constraint | None:
        """Returns the launch constraint of a product in a portfolio, if there is one."""
        for one in self.constraints.values():
            if (one.portfolio_id, one.product_id) == (portfolio_id, product_id):
                return one
        return None

    def paths(self, product: Product, principal: str) -> list[Portfolio]:
        """Returns the portfolios through which a principal has access to a product."""
        return [
            portfolio
            for portfolio in self.portfolios.values()
            if product.id in portfolio.products and has_access(portfolio, principal)
        ]

    def principal_of(self, context: Context) -> str:
        """Returns the ARN of the calling user or role; a session's ARN lacks the role's path."""
        if ":assumed-role/" not in context.caller_arn:
            return context.caller_arn
        iam = self._client(context.scope, "iam")
        role = iam.get_role(RoleName=context.caller_arn.split("/")[1])["Role"]
        return str(role["Arn"])

    def templates(self, scope: Scope) -> Templates:
        """Returns the service's copies of templates."""
        s3, stacks = (self._client(scope, name) for name in ("s3", "cloudformation"))
        return Templates(s3, stacks, scope)

    def _client(self, scope: Scope, name: str) -> Any:
        session: Any = self.identity.service_session(scope)
        return session.client(name)
