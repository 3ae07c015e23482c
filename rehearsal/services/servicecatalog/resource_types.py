"""The types of AWS::ServiceCatalog that make up a portfolio of products."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rehearsal.cloudformation.resource_requests import tag_map
from rehearsal.cloudformation.resource_types import (
    Identifier,
    Properties,
    Request,
    ResourceFailure,
    ResourceType,
)

_SERVICE = "servicecatalog"
# The paths of the ids in the responses of the creations.
_PORTFOLIO = "PortfolioDetail.Id"
_PRODUCT = "ProductViewDetail.ProductViewSummary.ProductId"
_CONSTRAINT = "ConstraintDetail.ConstraintId"
_VERSIONS = "ProvisioningArtifactParameters"
_VERSION_MEMBERS = ("Name", "Description", "Info", "Type", "DisableTemplateValidation")


def _product_request(properties: Request) -> Request:
    """Returns a request with the first version; `_bring_product` adds the others."""
    request = dict(properties)
    versions = request.pop(_VERSIONS)
    request.pop("ReplaceProvisioningArtifacts", None)
    return {**request, "ProductType": "CLOUD_FORMATION_TEMPLATE", _VERSIONS: _version(versions[0])}


def _bring_product(
    client: Any, identifier: Identifier, before: Properties, after: Properties
) -> None:
    """Updates a product and its versions, which name and template identify."""
    product_id = identifier[_PRODUCT]
    shown = ("Name", "Owner", "Description", "Distributor")
    if before:
        changes = {
            name: after.get(name, "") for name in shown if before.get(name) != after.get(name)
        }
        if changes:
            client.update_product(Id=product_id, **changes)
    known = _versions_of(client, product_id)
    wanted = {_identity(version): version for version in after[_VERSIONS]}
    fresh = bool(before) and str(after.get("ReplaceProvisioningArtifacts")).lower() == "true"
    for identity, version in wanted.items():
        if fresh or identity not in known:
            client.create_provisioning_artifact(ProductId=product_id, Parameters=_version(version))
    for identity, artifact_id in known.items():
        if fresh or identity not in wanted:
            client.delete_provisioning_artifact(
                ProductId=product_id, ProvisioningArtifactId=artifact_id
            )


def _versions_of(client: Any, product_id: str) -> dict[tuple[str, str], str]:
    """Returns the ids of versions by name and template URL."""
    found = client.list_provisioning_artifacts(ProductId=product_id)["ProvisioningArtifactDetails"]
    versions = {}
    for detail in found:
        described = client.describe_provisioning_artifact(
            ProductId=product_id, ProvisioningArtifactId=detail["Id"]
        )
        versions[detail["Name"], described["Info"]["TemplateUrl"]] = detail["Id"]
    return versions


def _version(given: Properties) -> Request:
    return {
        "Type": "CLOUD_FORMATION_TEMPLATE",
        **{name: given[name] for name in _VERSION_MEMBERS if name in given},
    }


def _identity(version: Properties) -> tuple[str, str]:
    info = version["Info"]
    info = json.loads(info) if isinstance(info, str) else info
    return str(version.get("Name", "")), str(info.get("LoadTemplateFromURL", ""))


def _bring_portfolio(
    client: Any, identifier: Identifier, before: Properties, after: Properties
) -> None:
    if before:
        shown = ("DisplayName", "Description", "ProviderName")
        changes = {name: after[name] for name in shown if name in after}
        client.update_portfolio(Id=identifier[_PORTFOLIO], **changes)


def _constraint_request(properties: Request) -> Request:
    if "RoleArn" not in properties:
        raise ResourceFailure("The rehearsal supports a launch constraint with RoleArn only.")
    request = {name: value for name, value in properties.items() if name != "RoleArn"}
    return {**request, "Type": "LAUNCH", "Parameters": _role(properties)}


def _bring_constraint(
    client: Any, identifier: Identifier, before: Properties, after: Properties
) -> None:
    if before:
        client.update_constraint(
            Id=identifier[_CONSTRAINT],
            Description=after.get("Description", ""),
            Parameters=_role(after),
        )


def _role(properties: Properties) -> str:
    return json.dumps({"RoleArn": properties["RoleArn"]})


def _by_id(member: str) -> Callable[[Identifier], Request]:
    return lambda identifier: {"Id": identifier[member]}


def _retag(member: str, operation: str) -> Callable[[Any, Identifier, Any, Any], None]:
    """Returns a function that changes tags by the resource's Update operation."""

    def retag(client: Any, identifier: Identifier, before: Any, after: Any) -> None:
        old, new = tag_map(before), tag_map(after)
        getattr(client, operation)(
            Id=identifier[member],
            RemoveTags=sorted(old.keys() - new.keys()),
            AddTags=[{"Key": key, "Value": value} for key, value in new.items()],
        )

    return retag


RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::ServiceCatalog::Portfolio",
        service=_SERVICE,
        create="CreatePortfolio",
        describe="DescribePortfolio",
        delete="DeletePortfolio",
        identifier=(_PORTFOLIO,),
        ref=_PORTFOLIO,
        attributes={"PortfolioName": "PortfolioDetail.DisplayName"},
        to_describe_request=_by_id(_PORTFOLIO),
        to_delete_request=_by_id(_PORTFOLIO),
        bring=_bring_portfolio,
        retag=_retag(_PORTFOLIO, "update_portfolio"),
    ),
    ResourceType(
        type_name="AWS::ServiceCatalog::CloudFormationProduct",
        service=_SERVICE,
        create="CreateProduct",
        describe="DescribeProductAsAdmin",
        delete="DeleteProduct",
        identifier=(_PRODUCT,),
        ref=_PRODUCT,
        attributes={"ProductName": "ProductViewDetail.ProductViewSummary.Name"},
        to_request=_product_request,
        to_describe_request=_by_id(_PRODUCT),
        to_delete_request=_by_id(_PRODUCT),
        bring=_bring_product,
        retag=_retag(_PRODUCT, "update_product"),
    ),
    ResourceType(
        type_name="AWS::ServiceCatalog::PortfolioProductAssociation",
        service=_SERVICE,
        create="AssociateProductWithPortfolio",
        delete="DisassociateProductFromPortfolio",
        identifier=("PortfolioId", "ProductId"),
        ref=lambda of: f"{of['PortfolioId']}|{of['ProductId']}",
    ),
    ResourceType(
        type_name="AWS::ServiceCatalog::PortfolioPrincipalAssociation",
        service=_SERVICE,
        create="AssociatePrincipalWithPortfolio",
        delete="DisassociatePrincipalFromPortfolio",
        identifier=("PortfolioId", "PrincipalARN", "PrincipalType"),
        ref=lambda of: f"{of['PortfolioId']}|{of['PrincipalARN']}",
    ),
    ResourceType(
        type_name="AWS::ServiceCatalog::PortfolioShare",
        service=_SERVICE,
        create="CreatePortfolioShare",
        update="UpdatePortfolioShare",
        delete="DeletePortfolioShare",
        identifier=("PortfolioId", "AccountId"),
        ref=lambda of: f"{of['PortfolioId']}|{of['AccountId']}",
    ),
    ResourceType(
        type_name="AWS::ServiceCatalog::AcceptedPortfolioShare",
        service=_SERVICE,
        create="AcceptPortfolioShare",
        delete="RejectPortfolioShare",
        identifier=("PortfolioId",),
        ref=lambda of: str(of["PortfolioId"]),
    ),
    ResourceType(
        type_name="AWS::ServiceCatalog::LaunchRoleConstraint",
        service=_SERVICE,
        create="CreateConstraint",
        describe="DescribeConstraint",
        delete="DeleteConstraint",
        identifier=(_CONSTRAINT,),
        ref=_CONSTRAINT,
        to_request=_constraint_request,
        to_describe_request=_by_id(_CONSTRAINT),
        to_delete_request=_by_id(_CONSTRAINT),
        bring=_bring_constraint,
    ),
]
