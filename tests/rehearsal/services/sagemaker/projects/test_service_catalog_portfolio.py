"""The portfolio with which SageMaker shares its project templates."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.sagemaker.service import SageMaker
from rehearsal.services.servicecatalog import ServiceCatalog
from tests.rehearsal.fakes import CALLER, SCOPE, FakePlatform, ServiceClient

ROLE = f"arn:aws:iam::{SCOPE.account}:role/studio"


@pytest.fixture
def catalog(service: SageMaker, platform: FakePlatform) -> Any:
    made = ServiceCatalog(platform)
    service.peers = {"servicecatalog": made}
    return ServiceClient(made, CALLER)


def status(sagemaker: Any) -> str:
    return str(sagemaker.get_sagemaker_servicecatalog_portfolio_status()["Status"])


def test_an_account_enables_the_portfolio_and_gives_studio_access(
    sagemaker: Any, catalog: Any
) -> None:
    """The steps of published Studio environments."""
    assert status(sagemaker) == "Disabled"
    assert sagemaker.enable_sagemaker_servicecatalog_portfolio() == {}
    sagemaker.enable_sagemaker_servicecatalog_portfolio()
    assert status(sagemaker) == "Enabled"

    (portfolio,) = catalog.list_accepted_portfolio_shares()["PortfolioDetails"]
    named = {"PortfolioId": portfolio["Id"]}
    catalog.associate_principal_with_portfolio(**named, PrincipalARN=ROLE, PrincipalType="IAM")

    assert portfolio["ProviderName"] == "Amazon SageMaker"
    assert len(catalog.list_principals_for_portfolio(**named)["Principals"]) == 1
    products = catalog.search_products_as_admin(**named)
    assert products["ProductViewDetails"] == [], "AWS's own templates do not exist here"
    assert sagemaker.disable_sagemaker_servicecatalog_portfolio() == {}
    assert sagemaker.disable_sagemaker_servicecatalog_portfolio() == {}
    assert status(sagemaker) == "Disabled"
    assert catalog.list_accepted_portfolio_shares()["PortfolioDetails"] == []


def test_the_caller_needs_the_permission_of_service_catalog(
    sagemaker: Any, catalog: Any, platform: FakePlatform
) -> None:
    sagemaker.enable_sagemaker_servicecatalog_portfolio()
    (portfolio,) = catalog.list_accepted_portfolio_shares()["PortfolioDetails"]
    sagemaker.disable_sagemaker_servicecatalog_portfolio()
    arn = SCOPE.arn("catalog", f"portfolio/{portfolio['Id']}")
    platform.denied.add(("servicecatalog:AcceptPortfolioShare", arn))

    with pytest.raises(ClientError) as denied:
        sagemaker.enable_sagemaker_servicecatalog_portfolio()

    assert denied.value.response["Error"]["Code"] == "AccessDeniedException"
    assert status(sagemaker) == "Disabled"
