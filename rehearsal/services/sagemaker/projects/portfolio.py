"""The Service Catalog portfolio with which SageMaker shares its project templates.

The portfolio belongs to the account that represents AWS. It has no products: AWS's own templates
are not part of the rehearsal.

Source: "SageMaker Studio Permissions Required to Use Projects" in the developer guide.
"""

from collections.abc import Callable
from typing import Any

from rehearsal.framework.identity import ServiceIdentity
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response, Service

AWS_ACCOUNT = "999999999999"
_PORTFOLIO = {
    "DisplayName": "Amazon SageMaker Solutions and ML Ops products",
    "Description": "Project templates of Amazon SageMaker; the rehearsal has none of them.",
    "ProviderName": "Amazon SageMaker",
}
_ACCEPT, _LIST = "AcceptPortfolioShare", "ListAcceptedPortfolioShares"


class ServiceCatalogPortfolio:
    """Enable-, Disable-, GetSagemakerServicecatalogPortfolioStatus.

    Args:
        catalog: returns Service Catalog, which is known when the server has started.
        identity: SageMaker, which calls Service Catalog on behalf of the caller.
    """

    KEPT = ("_ids",)

    def __init__(self, catalog: Callable[[], Service], identity: ServiceIdentity) -> None:
        self._catalog = catalog
        self._identity = identity
        #: The id of the portfolio by region.
        self._ids: dict[str, str] = {}

    def enable_sagemaker_servicecatalog_portfolio(
        self, request: Request, context: Context
    ) -> Response:
        portfolio = self._shared(context.scope)
        self._authorize(context, _ACCEPT, portfolio)
        self._call("accept_portfolio_share", portfolio, context)
        return {}

    def disable_sagemaker_servicecatalog_portfolio(
        self, request: Request, context: Context
    ) -> Response:
        if self._is_accepted(context):
            portfolio = {"PortfolioId": self._ids[context.scope.region]}
            self._authorize(context, "RejectPortfolioShare", portfolio)
            self._call("reject_portfolio_share", portfolio, context)
        return {}

    def get_sagemaker_servicecatalog_portfolio_status(
        self, request: Request, context: Context
    ) -> Response:
        self._authorize(context, _LIST, {})
        return {"Status": "Enabled" if self._is_accepted(context) else "Disabled"}

    def _is_accepted(self, context: Context) -> bool:
        token: dict[str, Any] = {}
        while True:
            response = self._call("list_accepted_portfolio_shares", token, context)
            known = self._ids.get(context.scope.region)
            if any(one["Id"] == known for one in response["PortfolioDetails"]):
                return True
            if "NextPageToken" not in response:
                return False
            token = {"PageToken": response["NextPageToken"]}

    def _shared(self, scope: Scope) -> dict[str, Any]:
        """Creates AWS's portfolio of a region if it is new, and shares it with an account."""
        owner = Scope(AWS_ACCOUNT, scope.region)
        aws = Context(owner, f"arn:aws:iam::{AWS_ACCOUNT}:root")
        if scope.region not in self._ids:
            created = self._call("create_portfolio", _PORTFOLIO, aws)
            self._ids[scope.region] = created["PortfolioDetail"]["Id"]
        portfolio = {"PortfolioId": self._ids[scope.region]}
        self._call("create_portfolio_share", {**portfolio, "AccountId": scope.account}, aws)
        return portfolio

    def _authorize(self, context: Context, operation: str, request: Request) -> None:
        catalog = self._catalog()
        for arn in catalog.resource_arns(operation, request, context.scope):
            self._identity.authorize_caller(context, catalog.action(operation), arn)

    def _call(self, method: str, request: Request, context: Context) -> Response:
        operation = self._catalog().operation(method)
        if operation is None:
            raise AwsError("ValidationException", f"Service Catalog does not support {method}.")
        return operation(request, context) or {}
