"""AWS Service Catalog, with the operations that project templates need.

Products are CloudFormation templates that are launched with the role of a launch constraint, in the
account that owns them. Tag options, budgets, service actions and plans are not supported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.platform import Platform, Scope
from rehearsal.framework.service import INTERRUPTED, Request, Service
from rehearsal.framework.workers import Workers
from rehearsal.services.servicecatalog.catalog import Catalog
from rehearsal.services.servicecatalog.changes import Changes
from rehearsal.services.servicecatalog.portfolios import Portfolios
from rehearsal.services.servicecatalog.products import Products
from rehearsal.services.servicecatalog.provisioned_search import LEVELS, ProvisionedSearch
from rehearsal.services.servicecatalog.provisioning import Provisioning
from rehearsal.services.servicecatalog.request_rules import SERVICECATALOG
from rehearsal.services.servicecatalog.resource_types import RESOURCE_TYPES as RESOURCE_TYPES
from rehearsal.services.servicecatalog.shares import Shares

# The member with the id, for each operation that IAM evaluates on a portfolio or on a product.
_ON_PORTFOLIO = {
    "AcceptPortfolioShare": "PortfolioId",
    "AssociatePrincipalWithPortfolio": "PortfolioId",
    "CreatePortfolioShare": "PortfolioId",
    "DeletePortfolio": "Id",
    "DeletePortfolioShare": "PortfolioId",
    "DescribePortfolio": "Id",
    "DescribePortfolioShares": "PortfolioId",
    "DisassociatePrincipalFromPortfolio": "PortfolioId",
    "ListPortfolioAccess": "PortfolioId",
    "ListPrincipalsForPortfolio": "PortfolioId",
    "RejectPortfolioShare": "PortfolioId",
    "UpdatePortfolio": "Id",
    "UpdatePortfolioShare": "PortfolioId",
}
_ON_PRODUCT = {
    "CreateConstraint": "ProductId",
    "CreateProvisioningArtifact": "ProductId",
    "DeleteProduct": "Id",
    "DeleteProvisioningArtifact": "ProductId",
    "DescribeProduct": "Id",
    "DescribeProductAsAdmin": "Id",
    "DescribeProvisioningArtifact": "ProductId",
    "ListLaunchPaths": "ProductId",
    "ListPortfoliosForProduct": "ProductId",
    "ListProvisioningArtifacts": "ProductId",
    "ProvisionProduct": "ProductId",
    "UpdateProduct": "Id",
    "UpdateProvisioningArtifact": "ProductId",
}
_OF_OWN = (
    "DescribeProvisionedProduct",
    "DescribeRecord",
    "TerminateProvisionedProduct",
    "UpdateProvisionedProduct",
)
# The searches of provisioned products, and their default access level.
_SEARCHES = {"SearchProvisionedProducts": "Account", "ScanProvisionedProducts": "User"}
_LEVELS = ("accountLevel", "roleLevel", "userLevel")


class ServiceCatalog(Service):
    """Portfolios, products and provisioned products of every account and region."""

    name = "servicecatalog"
    namespace = "servicecatalog"
    validation_error = "InvalidParametersException"
    rules = SERVICECATALOG

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._workers = Workers()
        self._catalog = catalog = Catalog(platform, self.lock)
        self.compose(
            Portfolios(catalog, self.tags),
            Shares(catalog),
            Products(catalog, self.tags),
            ProvisionedSearch(catalog),
            Provisioning(catalog, self.tags, Changes(catalog, self._workers)),
        )

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        """Returns the ARNs of an operation.

        Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsservicecatalog.html
        """
        if operation in ("CreatePortfolio", "CreateProduct"):
            kind = operation.removeprefix("Create").lower()
            return [scope.arn("catalog", f"{kind}/*")]
        if member := _ON_PORTFOLIO.get(operation):
            return [scope.arn("catalog", f"portfolio/{request.get(member, '*')}")]
        if member := _ON_PRODUCT.get(operation):
            return [scope.arn("catalog", f"product/{request.get(member, '*')}")]
        return ["*"]

    def condition_keys(self, operation: str, request: Request, scope: Scope) -> Mapping[str, Any]:
        """Returns the access levels of a provisioned product.

        The operation evaluates IAM again, when it has found the principal that launched it.
        """
        if operation in _OF_OWN:
            return {f"servicecatalog:{level}": "self" for level in _LEVELS}
        if operation in _SEARCHES:
            level = request.get("AccessLevelFilter", {}).get("Key", _SEARCHES[operation])
            return {f"servicecatalog:{LEVELS[level]}": "self"}
        return {}

    def resume(self) -> Sequence[str]:
        with self.lock:
            pending = [
                (launched, record)
                for launched, record in self._catalog.records.values()
                if record["Status"] == "IN_PROGRESS"
            ]
            for launched, record in pending:
                error = {"Code": "InternalServerError", "Description": INTERRUPTED}
                record |= {"Status": "FAILED", "RecordErrors": [error], "UpdatedTime": utc_now()}
                launched.detail |= {"Status": "ERROR", "StatusMessage": INTERRUPTED}
        return [f"provisioned product {launched.id}: ERROR" for launched, _ in pending]

    def close(self) -> None:
        self._workers.close(timeout=1.0)
