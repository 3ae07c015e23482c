"""Portfolios: which products are in them, who gets at them, and with which role they launch.

Sources: the Service Catalog API reference; "Launch constraints" and "Granting access to users" in
the Administrator Guide.
"""

from __future__ import annotations

import json
from typing import Any

from rehearsal.framework.platform import Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.servicecatalog.access import check_principal
from rehearsal.services.servicecatalog.catalog import Catalog
from rehearsal.services.servicecatalog.records import (
    Constraint,
    Portfolio,
    in_use,
    invalid,
    missing,
    new_id,
    now,
    tag_list,
)

PRINCIPAL = "servicecatalog.amazonaws.com"
_MOST_PATTERNS = 10


class Portfolios(Catalog):
    """Portfolios, their associations and launch constraints."""

    def create_portfolio(self, request: Request, context: Context) -> Response:
        portfolio = Portfolio(context.scope, new_id("port"), {})
        portfolio.detail = {
            "Id": portfolio.id,
            "ARN": portfolio.arn,
            "DisplayName": request["DisplayName"],
            "Description": request.get("Description", ""),
            "ProviderName": request["ProviderName"],
            "CreatedTime": now(),
        }
        portfolio.tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
        with self.lock:
            self.portfolios[portfolio.id] = portfolio
        return _shown(portfolio)

    def describe_portfolio(self, request: Request, context: Context) -> Response:
        with self.lock:
            return _shown(self.portfolio(context, request["Id"]))

    def update_portfolio(self, request: Request, context: Context) -> Response:
        with self.lock:
            portfolio = self.portfolio(context, request["Id"])
            for name in ("DisplayName", "Description", "ProviderName"):
                if name in request:
                    portfolio.detail[name] = request[name]
            portfolio.tags = changed_tags(portfolio.tags, request)
            return _shown(portfolio)

    def delete_portfolio(self, request: Request, context: Context) -> Response:
        with self.lock:
            portfolio = self.portfolio(context, request["Id"])
            if portfolio.products or portfolio.principals:
                raise in_use(f"Portfolio {portfolio.id} has associated products or principals.")
            del self.portfolios[portfolio.id]
        return {}

    def list_portfolios(self, request: Request, context: Context) -> Response:
        with self.lock:
            found = [one for one in self.portfolios.values() if one.scope == context.scope]
            return {"PortfolioDetails": [dict(one.detail) for one in found]}

    def list_portfolios_for_product(self, request: Request, context: Context) -> Response:
        with self.lock:
            product = self.product(context, request)
            found = [one for one in self.portfolios.values() if product.id in one.products]
            return {"PortfolioDetails": [dict(one.detail) for one in found]}

    def associate_product_with_portfolio(self, request: Request, context: Context) -> Response:
        if "SourcePortfolioId" in request:
            raise invalid("The rehearsal shares no portfolios: leave SourcePortfolioId out.")
        with self.lock:
            portfolio = self.portfolio(context, request["PortfolioId"])
            product = self.product(context, request)
            if product.id not in portfolio.products:
                portfolio.products.append(product.id)
        return {}

    def disassociate_product_from_portfolio(self, request: Request, context: Context) -> Response:
        with self.lock:
            portfolio = self.portfolio(context, request["PortfolioId"])
            if request["ProductId"] not in portfolio.products:
                raise missing("Product", request["ProductId"])
            if self.constraint_of(portfolio.id, request["ProductId"]):
                raise in_use(f"Product {request['ProductId']} has constraints in {portfolio.id}.")
            portfolio.products.remove(request["ProductId"])
        return {}

    def associate_principal_with_portfolio(self, request: Request, context: Context) -> Response:
        principal = (request["PrincipalARN"], request["PrincipalType"])
        check_principal(*principal, context.scope.account)
        with self.lock:
            portfolio = self.portfolio(context, request["PortfolioId"])
            if principal not in portfolio.principals:
                patterns = [kind for _, kind in (*portfolio.principals, principal)]
                if patterns.count("IAM_PATTERN") > _MOST_PATTERNS:
                    raise invalid(f"A portfolio has at most {_MOST_PATTERNS} IAM_PATTERNs.")
                portfolio.principals.append(principal)
        return {}

    def disassociate_principal_from_portfolio(self, request: Request, context: Context) -> Response:
        arn, kind = request["PrincipalARN"], request.get("PrincipalType", "IAM")
        with self.lock:
            portfolio = self.portfolio(context, request["PortfolioId"])
            if (arn, kind) not in portfolio.principals:
                raise missing("Principal", arn)
            portfolio.principals.remove((arn, kind))
        return {}

    def list_principals_for_portfolio(self, request: Request, context: Context) -> Response:
        with self.lock:
            portfolio = self.portfolio(context, request["PortfolioId"])
            found = [
                {"PrincipalARN": arn, "PrincipalType": kind} for arn, kind in portfolio.principals
            ]
        return {"Principals": found}

    def create_constraint(self, request: Request, context: Context) -> Response:
        if request["Type"] != "LAUNCH":
            raise invalid(f"The rehearsal has no {request['Type']} constraints: use LAUNCH.")
        role = self._launch_role(request, context)
        with self.lock:
            portfolio = self.portfolio(context, request["PortfolioId"])
            product = self.product(context, request)
            if product.id not in portfolio.products:
                raise missing("Product", f"{product.id} of portfolio {portfolio.id}")
            if self.constraint_of(portfolio.id, product.id):
                raise invalid(f"Product {product.id} has a LAUNCH constraint in {portfolio.id}.")
            constraint = Constraint(
                context.scope,
                new_id("cons"),
                portfolio.id,
                product.id,
                role,
                request.get("Description", ""),
            )
            self.constraints[constraint.id] = constraint
        return constraint.answer()

    def describe_constraint(self, request: Request, context: Context) -> Response:
        with self.lock:
            return self._constraint(context, request).answer()

    def update_constraint(self, request: Request, context: Context) -> Response:
        role = self._launch_role(request, context) if "Parameters" in request else None
        with self.lock:
            constraint = self._constraint(context, request)
            constraint.role_arn = role or constraint.role_arn
            constraint.description = request.get("Description", constraint.description)
            return constraint.answer()

    def delete_constraint(self, request: Request, context: Context) -> Response:
        with self.lock:
            del self.constraints[self._constraint(context, request).id]
        return {}

    def constraint_of(self, portfolio_id: str, product_id: str) -> Constraint | None:
        """The launch constraint of a product in a portfolio."""
        for one in self.constraints.values():
            if (one.portfolio_id, one.product_id) == (portfolio_id, product_id):
                return one
        return None

    def _constraint(self, context: Context, request: Request) -> Constraint:
        found = self.constraints.get(request["Id"])
        if found is None or found.scope != context.scope:
            raise missing("Constraint", request["Id"])
        return found

    def _launch_role(self, request: Request, context: Context) -> str:
        """The role of a constraint, which its maker hands over to Service Catalog."""
        try:
            parameters: Any = json.loads(request["Parameters"])
        except json.JSONDecodeError:
            raise invalid("Parameters of a constraint are JSON.") from None
        if set(parameters) != {"RoleArn"}:
            raise invalid("The rehearsal takes a LAUNCH constraint with a RoleArn alone.")
        self.platform.check_pass_role(context, parameters["RoleArn"], PRINCIPAL)
        return str(parameters["RoleArn"])


def changed_tags(tags: dict[str, str], request: Request) -> dict[str, str]:
    """The tags after `RemoveTags` and `AddTags` of a request."""
    kept = {key: value for key, value in tags.items() if key not in request.get("RemoveTags", [])}
    return kept | {tag["Key"]: tag["Value"] for tag in request.get("AddTags", [])}


def _shown(portfolio: Portfolio) -> Response:
    return {"PortfolioDetail": dict(portfolio.detail), "Tags": tag_list(portfolio.tags)}
