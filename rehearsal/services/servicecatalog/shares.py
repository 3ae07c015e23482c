"""Shares of portfolios with other accounts.

Sources: CreatePortfolioShare and its neighbours in the Service Catalog API reference; "Sharing a
Portfolio" in the Administrator Guide.
"""

from __future__ import annotations

import re

from rehearsal.framework.platform import Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.servicecatalog.catalog import Catalog
from rehearsal.services.servicecatalog.pages import one_page
from rehearsal.services.servicecatalog.records import Share, invalid, missing

IMPORTED = "IMPORTED"
_ACCOUNT = re.compile(r"\d{12}")


class Shares:
    """Operations on the shares of portfolios between accounts.

    Args:
        catalog: the records of the service.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def create_portfolio_share(self, request: Request, context: Context) -> Response:
        account = _account_of(request, context)
        with self._catalog.lock:
            portfolio = self._catalog.portfolio(context, request["PortfolioId"])
            share = Share(tag_options=request.get("ShareTagOptions", False))
            # "If the portfolio share [...] already exists, this action will have no effect".
            portfolio.shares.setdefault(account, share)
        return {}

    def update_portfolio_share(self, request: Request, context: Context) -> Response:
        account = _account_of(request, context)
        with self._catalog.lock:
            share = self._share(context, request["PortfolioId"], account)
            share.tag_options = request.get("ShareTagOptions", share.tag_options)
        return {"Status": "COMPLETED"}

    def delete_portfolio_share(self, request: Request, context: Context) -> Response:
        account = _account_of(request, context)
        with self._catalog.lock:
            self._share(context, request["PortfolioId"], account)
            self._catalog.portfolios[request["PortfolioId"]].end_share(account)
        return {}

    def describe_portfolio_shares(self, request: Request, context: Context) -> Response:
        with self._catalog.lock:
            portfolio = self._catalog.portfolio(context, request["PortfolioId"])
            shares = portfolio.shares if request["Type"] == "ACCOUNT" else {}
            found = [
                {
                    "PrincipalId": account,
                    "Type": "ACCOUNT",
                    "Accepted": share.accepted,
                    "ShareTagOptions": share.tag_options,
                    "SharePrincipals": False,
                }
                for account, share in shares.items()
            ]
        return one_page("PortfolioShareDetails", found, request)

    def list_portfolio_access(self, request: Request, context: Context) -> Response:
        if "OrganizationParentId" in request:
            raise invalid("The rehearsal has no organizations: remove OrganizationParentId.")
        with self._catalog.lock:
            portfolio = self._catalog.portfolio(context, request["PortfolioId"])
            return one_page("AccountIds", list(portfolio.shares), request)

    def accept_portfolio_share(self, request: Request, context: Context) -> Response:
        self._offered(request, context).accepted = True
        return {}

    def reject_portfolio_share(self, request: Request, context: Context) -> Response:
        self._offered(request, context)
        with self._catalog.lock:
            self._catalog.portfolios[request["PortfolioId"]].end_share(context.scope.account)
        return {}

    def list_accepted_portfolio_shares(self, request: Request, context: Context) -> Response:
        found = []
        if request.get("PortfolioShareType", IMPORTED) == IMPORTED:
            with self._catalog.lock:
                found = [
                    dict(one.detail)
                    for one in self._catalog.portfolios.values()
                    if one.is_imported(context.scope)
                ]
        return one_page("PortfolioDetails", found, request)

    def _share(self, context: Context, portfolio_id: str, account: str) -> Share:
        share = self._catalog.portfolio(context, portfolio_id).shares.get(account)
        if share is None:
            raise missing("Share", f"of portfolio {portfolio_id} with account {account}")
        return share

    def _offered(self, request: Request, context: Context) -> Share:
        """Returns the share of a portfolio of another account with the caller's."""
        portfolio_id, scope = request["PortfolioId"], context.scope
        if request.get("PortfolioShareType", IMPORTED) != IMPORTED:
            raise missing("Portfolio", portfolio_id)
        with self._catalog.lock:
            portfolio = self._catalog.portfolios.get(portfolio_id)
            if portfolio is None or portfolio.scope.region != scope.region:
                raise missing("Portfolio", portfolio_id)
            share = portfolio.shares.get(scope.account)
        if share is None:
            raise missing("Portfolio", portfolio_id)
        return share


def _account_of(request: Request, context: Context) -> str:
    for member in ("OrganizationNode", "SharePrincipals"):
        if request.get(member):
            raise invalid(f"The rehearsal has no organizations: remove {member}.")
    account = str(request.get("AccountId", ""))
    if not _ACCOUNT.fullmatch(account):
        raise invalid("AccountId must be an account id of 12 digits.")
    if account == context.scope.account:
        raise invalid(f"Portfolio {request['PortfolioId']} belongs to account {account} already.")
    return account
