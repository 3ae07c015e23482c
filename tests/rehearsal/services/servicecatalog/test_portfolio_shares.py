"""Portfolios that are shared with other accounts, and searches of provisioned products."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.framework.platform import Context, Scope
from rehearsal.services.servicecatalog import ServiceCatalog
from rehearsal.services.servicecatalog.records import ProvisionedProduct
from tests.rehearsal.fakes import CALLER, SCOPE, FakePlatform, ServiceClient

OTHER = Context(Scope("222222222222", SCOPE.region), "arn:aws:iam::222222222222:root")
ROLE = "arn:aws:iam::222222222222:role/analyst"


@pytest.fixture
def service() -> ServiceCatalog:
    return ServiceCatalog(FakePlatform())


@pytest.fixture
def owner(service: ServiceCatalog) -> Any:
    return ServiceClient(service, CALLER)


@pytest.fixture
def recipient(service: ServiceCatalog) -> Any:
    return ServiceClient(service, OTHER)


@pytest.fixture
def shared(owner: Any) -> dict[str, str]:
    """A portfolio that is offered to the recipient."""
    created = owner.create_portfolio(DisplayName="Templates", ProviderName="Platform")
    portfolio = {"PortfolioId": created["PortfolioDetail"]["Id"]}
    owner.create_portfolio_share(**portfolio, AccountId="222222222222")
    return portfolio


def failure(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def ids(response: dict[str, Any]) -> list[str]:
    return [one["Id"] for one in response["PortfolioDetails"]]


def test_an_offer_is_accepted_and_rejected(
    owner: Any, recipient: Any, shared: dict[str, str]
) -> None:
    assert owner.list_portfolio_access(**shared)["AccountIds"] == ["222222222222"]
    assert ids(recipient.list_accepted_portfolio_shares()) == []
    assert failure(recipient.describe_portfolio, Id=shared["PortfolioId"])[0] == (
        "ResourceNotFoundException"
    )

    recipient.accept_portfolio_share(**shared)

    (share,) = owner.describe_portfolio_shares(**shared, Type="ACCOUNT")["PortfolioShareDetails"]
    assert (share["PrincipalId"], share["Accepted"]) == ("222222222222", True)
    assert ids(recipient.list_accepted_portfolio_shares()) == [shared["PortfolioId"]]
    assert (
        ids(recipient.list_accepted_portfolio_shares(PortfolioShareType="AWS_ORGANIZATIONS")) == []
    )
    described = recipient.describe_portfolio(Id=shared["PortfolioId"])["PortfolioDetail"]
    assert described["DisplayName"] == "Templates"
    assert ids(recipient.list_portfolios()) == [], "it belongs to another account"

    recipient.reject_portfolio_share(**shared)

    assert owner.list_portfolio_access(**shared)["AccountIds"] == []
    assert ids(recipient.list_accepted_portfolio_shares()) == []


def test_a_recipient_gives_its_principals_access(
    owner: Any, recipient: Any, shared: dict[str, str]
) -> None:
    recipient.accept_portfolio_share(**shared)
    recipient.associate_principal_with_portfolio(**shared, PrincipalARN=ROLE, PrincipalType="IAM")

    own = recipient.list_principals_for_portfolio(**shared)["Principals"]

    assert own == [{"PrincipalARN": ROLE, "PrincipalType": "IAM"}]
    assert owner.list_principals_for_portfolio(**shared)["Principals"] == []
    owner.delete_portfolio_share(**shared, AccountId="222222222222")
    code, _ = failure(recipient.list_principals_for_portfolio, **shared)
    assert code == "ResourceNotFoundException"


def test_only_the_account_of_an_offer_accepts_it(
    service: ServiceCatalog, owner: Any, shared: dict[str, str]
) -> None:
    stranger = ServiceClient(
        service, dataclasses.replace(OTHER, scope=Scope("333333333333", SCOPE.region))
    )
    elsewhere = ServiceClient(
        service, dataclasses.replace(OTHER, scope=Scope("222222222222", "eu-west-1"))
    )

    for client in (stranger, elsewhere, owner):
        code, _ = failure(client.accept_portfolio_share, **shared)
        assert code == "ResourceNotFoundException"


def test_a_shared_portfolio_cannot_be_changed_by_its_recipient_nor_deleted(
    owner: Any, recipient: Any, shared: dict[str, str]
) -> None:
    recipient.accept_portfolio_share(**shared)
    portfolio_id = shared["PortfolioId"]

    code, _ = failure(recipient.update_portfolio, Id=portfolio_id, DisplayName="Mine")
    assert code == "ResourceNotFoundException"
    code, _ = failure(owner.delete_portfolio, Id=portfolio_id)
    assert code == "ResourceInUseException"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"AccountId": "12"}, "12 digits"),
        ({"AccountId": SCOPE.account}, "already"),
        ({}, "12 digits"),
        ({"OrganizationNode": {"Type": "ORGANIZATION", "Value": "o-1"}}, "no organizations"),
        ({"AccountId": "222222222222", "SharePrincipals": True}, "no organizations"),
    ],
)
def test_a_share_that_cannot_be_is_rejected(
    owner: Any, shared: dict[str, str], changes: dict[str, Any], message: str
) -> None:
    code, text = failure(owner.create_portfolio_share, **shared, **changes)

    assert code == "InvalidParametersException"
    assert message in text


@pytest.fixture
def launched(service: ServiceCatalog) -> list[ProvisionedProduct]:
    """Two products of two sessions of a role, and one of another role."""
    sessions = ("role-a/one", "role-a/two", "role-b/one")
    products = []
    for number, session in enumerate(sessions):
        product = ProvisionedProduct(
            scope=SCOPE,
            id=f"pp-{number}",
            detail={
                "Id": f"pp-{number}",
                "Name": f"churn-{number}",
                "Arn": SCOPE.arn("servicecatalog", f"stack/pp-{number}"),
                "Type": "CFN_STACK",
                "Status": "AVAILABLE" if number else "ERROR",
                "ProductId": "prod-1",
                "ProvisioningArtifactId": "pa-1",
            },
            launched_by=f"arn:aws:sts::{SCOPE.account}:assumed-role/{session}",
            path_id="port-1",
            parameters={},
            tags={"team": "a" if number else "b"},
        )
        products.append(product)
        catalog = service.operation("search_provisioned_products").__self__._catalog  # type: ignore[union-attr]
        catalog.provisioned[product.id] = product
    return products


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, ["pp-0", "pp-1", "pp-2"]),
        ({"AccessLevelFilter": {"Key": "Role", "Value": "self"}}, ["pp-0", "pp-1"]),
        ({"AccessLevelFilter": {"Key": "User", "Value": "self"}}, ["pp-1"]),
        ({"Filters": {"SearchQuery": ["status:AVAILABLE"]}}, ["pp-1", "pp-2"]),
        ({"Filters": {"SearchQuery": ["status:AVAILABLE", "name:churn-2"]}}, ["pp-2"]),
        ({"Filters": {"SearchQuery": ["tags:team:b"]}}, ["pp-0"]),
        ({"Filters": {"SearchQuery": ["role-b"]}}, ["pp-2"]),
        ({"SortBy": "name", "SortOrder": "DESCENDING"}, ["pp-2", "pp-1", "pp-0"]),
    ],
)
def test_provisioned_products_are_found(
    service: ServiceCatalog,
    launched: list[ProvisionedProduct],
    request_: dict[str, Any],
    expected: list[str],
) -> None:
    client = ServiceClient(service, Context(SCOPE, launched[1].launched_by))

    response = client.search_provisioned_products(**request_)

    assert [one["Id"] for one in response["ProvisionedProducts"]] == expected
    assert response["TotalResultsCount"] == len(expected)


def test_a_scan_shows_the_products_of_the_user_and_pages_are_followed(
    service: ServiceCatalog, launched: list[ProvisionedProduct]
) -> None:
    client = ServiceClient(service, Context(SCOPE, launched[1].launched_by))

    (own,) = client.scan_provisioned_products()["ProvisionedProducts"]
    first = client.search_provisioned_products(PageSize=2)
    second = client.search_provisioned_products(PageSize=2, PageToken=first["NextPageToken"])

    assert (own["Id"], "UserArn" in own) == ("pp-1", False)
    assert len(first["ProvisionedProducts"]) == 2
    assert [one["Id"] for one in second["ProvisionedProducts"]] == ["pp-2"]
    code, _ = failure(client.search_provisioned_products, SortBy="color")
    assert code == "InvalidParametersException"


def test_policies_see_the_access_level_of_a_search(service: ServiceCatalog) -> None:
    role = {"AccessLevelFilter": {"Key": "Role", "Value": "self"}}

    def keys(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return dict(service.condition_keys(operation, request, SCOPE))

    assert keys("SearchProvisionedProducts", {}) == {"servicecatalog:accountLevel": "self"}
    assert keys("ScanProvisionedProducts", {}) == {"servicecatalog:userLevel": "self"}
    assert keys("SearchProvisionedProducts", role) == {"servicecatalog:roleLevel": "self"}


@pytest.mark.parametrize("name", ["describe_product", "describe_product_as_admin"])
def test_a_request_without_a_product_is_rejected(owner: Any, name: str) -> None:
    code, message = failure(getattr(owner, name))

    assert code == "InvalidParametersException"
    assert "Id" in message
    assert "Name" in message
