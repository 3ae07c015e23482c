"""Portfolios: their products, their principals and their launch constraints.

Sources: the Service Catalog API reference; "Launch constraints" and "Granting access to users" in
the Administrator Guide.
"""

from __future__ import annotations

import json
from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.platform import Context
from rehearsal.framework.service import Request, Response
from rehearsal.framework.tags import Tags
from rehearsal.services.servicecatalog.access import check_principal
from rehearsal.services.servicecatalog.catalog import Catalog
from rehearsal.services.servicecatalog.records import (
    Constraint,
    Portfolio,
    in_use,
    invalid,
    missing,
    new_id,
)

_MAX_PATTERNS = 10


class Portfolios:
    """Operations on portfolios, their associations and launch constraints.

    Args:
        catalog: the records of the service.
        tags: the service's tags.
    """

    def __init__(self, catalog: Catalog, tags: Tags) -> None:
        self._catalog = catalog
        self._tags = tags

    def create_portfolio(self, request: Request, context: Context) -> Response:
        portfolio = Portfolio(context.scope, new_id("port"), {})
        portfolio.detail = {
            "Id": portfolio.id,
            "ARN": portfolio.arn,
            "DisplayName": request["DisplayName"],
            "Description": request.get("Description", ""),
            "ProviderName": request["ProviderName"],
            "CreatedTime": utc_now(),
        }
        with self._catalog.lock:
            self._catalog.portfolios[portfolio.id] = portfolio
            self._tags.put(portfolio.arn, request.get("Tags"))
        return self._shown(portfolio)

    def describe_portfolio(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            return self._shown(self._catalog.portfolio(context, request["Id"], imported=True))

    def update_portfolio(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            portfolio = self._catalog.portfolio(context, request["Id"])
            for name in ("DisplayName", "Description", "ProviderName"):
                if name in request:
                    portfolio.detail[name] = request[name]
            self._tags.remove(portfolio.arn, request.get("RemoveTags", ()))
            self._tags.add(portfolio.arn, request.get("AddTags"))
            return self._shown(portfolio)

    def delete_portfolio(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            portfolio = self._catalog.portfolio(context, request["Id"])
            if portfolio.products or portfolio.principals or portfolio.shares:
                raise in_use(
                    f"Portfolio {portfolio.id} has associated products, principals or shares."
                )
            del self._catalog.portfolios[portfolio.id]
            self._tags.drop(portfolio.arn)
        return {}

    def list_portfolios(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            found = [one for one in self._catalog.portfolios.values() if one.scope == context.scope]
            return {"PortfolioDetails": [dict(one.detail) for one in found]}

    def list_portfolios_for_product(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            product = self._catalog.product(context, request)
            found = [one for one in self._catalog.portfolios.values() if product.id in one.products]
            return {"PortfolioDetails": [dict(one.detail) for one in found]}

    def associate_product_with_portfolio(self, request: Request, context: Context) -> Response:
        if "SourcePortfolioId" in request:
            raise invalid(
                "The rehearsal does not launch products of other accounts: remove "
                "SourcePortfolioId."
            )
        with self._catalog.lock:
            portfolio = self._catalog.portfolio(context, request["PortfolioId"])
            product = self._catalog.product(context, request)
            if product.id not in portfolio.products:
                portfolio.products.append(product.id)
        return {}

    def disassociate_product_from_portfolio(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            portfolio = self._catalog.portfolio(context, request["PortfolioId"])
            if request["ProductId"] not in portfolio.products:
                raise missing("Product", request["ProductId"])
            if self._catalog.constraint_of(portfolio.id, request["ProductId"]):
                raise in_use(f"Product {request['ProductId']} has constraints in {portfolio.id}.")
            portfolio.products.remove(request["ProductId"])
        return {}

    def associate_principal_with_portfolio(self, request: Request, context: Context) -> Response:
        principal = (request["PrincipalARN"], request["PrincipalType"])
        check_principal(*principal, context.scope.account)
        with self._catalog.lock:
            portfolio = self._catalog.portfolio(context, request["PortfolioId"], imported=True)
            if principal not in portfolio.principals:
                patterns = [kind for _, kind in (*portfolio.principals, principal)]
                if patterns.count("IAM_PATTERN") > _MAX_PATTERNS:
                    raise invalid(f"A portfolio has at most {_MAX_PATTERNS} IAM_PATTERNs.")
                portfolio.principals.append(principal)
        return {}

    def disassociate_principal_from_portfolio(self, request: Request, context: Context) -> Response:
        arn, kind = request["PrincipalARN"], request.get("PrincipalType", "IAM")
        with self._catalog.lock:
            portfolio = self._catalog.portfolio(context, request["PortfolioId"], imported=True)
            if (arn, kind) not in portfolio.principals:
                raise missing("Principal", arn)
            portfolio.principals.remove((arn, kind))
        return {}

    def list_principals_for_portfolio(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            portfolio = self._catalog.portfolio(context, request["PortfolioId"], imported=True)
            found = [
                {"PrincipalARN": arn, "PrincipalType": kind}
                for arn, kind in portfolio.principals_of(context.scope.account)
            ]
        return {"Principals": found}

    def create_constraint(self, request: Request, context: Context) -> Response:
        if request["Type"] != "LAUNCH":
            raise invalid(
                f"The rehearsal does not support {request['Type']} constraints: use LAUNCH."
            )
        role = self._launch_role(request, context)
        with self._catalog.lock:
            portfolio = self._catalog.portfolio(context, request["PortfolioId"])
            product = self._catalog.product(context, request)
            if product.id not in portfolio.products:
                raise missing("Product", f"{product.id} of portfolio {portfolio.id}")
            if self._catalog.constraint_of(portfolio.id, product.id):
                raise invalid(f"Product {product.id} has a LAUNCH constraint in {portfolio.id}.")
            constraint = Constraint(
                context.scope,
                new_id("cons"),
                portfolio.id,
                product.id,
                role,
                request.get("Description", ""),
            )
            self._catalog.constraints[constraint.id] = constraint
        return constraint.describe()

    def describe_constraint(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            return self._constraint(context, request).describe()

    def update_constraint(self, request: Request, context: Context) -> Response:
        role = self._launch_role(request, context) if "Parameters" in request else None
        with self._catalog.lock:
            constraint = self._constraint(context, request)
            constraint.role_arn = role or constraint.role_arn
            constraint.description = request.get("Description", constraint.description)
            return constraint.describe()

    def delete_constraint(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            del self._catalog.constraints[self._constraint(context, request).id]
        return {}

    def _constraint(self, context: Context, request: Request) -> Constraint:
        found = self._catalog.constraints.get(request["Id"])
        if found is None or found.scope != context.scope:
            raise missing("Constraint", request["Id"])
        return found

    def _launch_role(self, request: Request, context: Context) -> str:
        """Returns the role of a constraint, which the caller must be allowed to pass."""
        try:
            parameters: Any = json.loads(request["Parameters"])
        except json.JSONDecodeError:
            raise invalid("Parameters of a constraint must be JSON.") from None
        if set(parameters) != {"RoleArn"}:
            raise invalid("The rehearsal supports a LAUNCH constraint with RoleArn only.")
        self._catalog.identity.check_role(context, parameters["RoleArn"])
        return str(parameters["RoleArn"])

    def _shown(self, portfolio: Portfolio) -> Response:
        tags = self._tags.shown(portfolio.arn)
        return {"PortfolioDetail": dict(portfolio.detail), "Tags": tags}
