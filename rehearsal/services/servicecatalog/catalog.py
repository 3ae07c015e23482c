"""What the parts of Service Catalog share: its records, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rehearsal.framework.platform import Context, Credentials, Platform, Scope
from rehearsal.framework.service import Request, Service
from rehearsal.framework.workers import Workers
from rehearsal.services.servicecatalog.records import (
    Constraint,
    Portfolio,
    Product,
    ProvisionedProduct,
    missing,
)


class Catalog(Service):
    """The base of the parts that make up `ServiceCatalog`."""

    name: ClassVar[str] = "servicecatalog"
    namespace: ClassVar[str] = "servicecatalog"
    validation_error: ClassVar[str] = "InvalidParametersException"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self.workers = Workers()
        self.portfolios: dict[str, Portfolio] = {}
        self.products: dict[str, Product] = {}
        self.constraints: dict[str, Constraint] = {}
        self.provisioned: dict[str, ProvisionedProduct] = {}
        self.records: dict[str, tuple[ProvisionedProduct, dict[str, Any]]] = {}
        self.outputs: dict[str, list[dict[str, Any]]] = {}

    def resource_tags(self, arn: str, scope: Scope) -> Mapping[str, str]:
        with self.lock:
            found: list[Portfolio | Product] = [*self.portfolios.values(), *self.products.values()]
            return next((dict(record.tags) for record in found if record.arn == arn), {})

    def close(self) -> None:
        self.workers.close(timeout=1.0)

    def portfolio(self, context: Context, portfolio_id: str) -> Portfolio:
        """A portfolio of the caller's account and region."""
        found = self.portfolios.get(portfolio_id)
        if found is None or found.scope != context.scope:
            raise missing("Portfolio", portfolio_id)
        return found

    def product(self, context: Context, request: Request, member: str = "ProductId") -> Product:
        """A product of the caller's account and region, by the id in a request."""
        product_id = str(request[member])
        found = self.products.get(product_id)
        if found is None or found.scope != context.scope:
            raise missing("Product", product_id)
        return found

    def principal_of(self, context: Context) -> str:
        """The ARN of the user or role that calls; a session's own ARN lacks the role's path."""
        if ":assumed-role/" not in context.caller_arn:
            return context.caller_arn
        iam = self.service_client(context.scope, "iam")
        role = iam.get_role(RoleName=context.caller_arn.split("/")[1])["Role"]
        return str(role["Arn"])

    def service_client(self, scope: Scope, name: str) -> Any:
        """A client with which Service Catalog itself acts in the customer's account."""
        root = f"arn:aws:iam::{scope.account}:root"
        credentials = Credentials(scope.account, scope.account, "", root)
        session: Any = self.platform.session(credentials, scope.region)
        return session.client(name)
