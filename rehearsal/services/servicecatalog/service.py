"""Service Catalog, as far as project templates need it.

Portfolios are not shared, products are CloudFormation templates, and are launched with the role of
a launch constraint; tag options, budgets, service actions and plans are refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import Scope
from rehearsal.framework.service import Request
from rehearsal.services.servicecatalog.provisioning import Provisioning
from rehearsal.services.servicecatalog.resource_types import RESOURCE_TYPES as RESOURCE_TYPES

# The member with the id, for each operation that is judged on a portfolio or on a product.
_ON_PORTFOLIO = {
    "AssociatePrincipalWithPortfolio": "PortfolioId",
    "DeletePortfolio": "Id",
    "DescribePortfolio": "Id",
    "DisassociatePrincipalFromPortfolio": "PortfolioId",
    "ListPrincipalsForPortfolio": "PortfolioId",
    "UpdatePortfolio": "Id",
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
_LEVELS = ("accountLevel", "roleLevel", "userLevel")


class ServiceCatalog(Provisioning):
    """The service, as the gateway serves it."""

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsservicecatalog.html"""
        if operation in ("CreatePortfolio", "CreateProduct"):
            kind = operation.removeprefix("Create").lower()
            return [scope.arn("catalog", f"{kind}/*")]
        if member := _ON_PORTFOLIO.get(operation):
            return [scope.arn("catalog", f"portfolio/{request.get(member, '*')}")]
        if member := _ON_PRODUCT.get(operation):
            return [scope.arn("catalog", f"product/{request.get(member, '*')}")]
        return ["*"]

    def condition_keys(self, operation: str, request: Request, scope: Scope) -> Mapping[str, Any]:
        """The levels on which a product is the caller's own.

        The operation itself asks IAM again, when it knows whose the product is.
        """
        if operation in _OF_OWN:
            return {f"servicecatalog:{level}": "self" for level in _LEVELS}
        return {}
