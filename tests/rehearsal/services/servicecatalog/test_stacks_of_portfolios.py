"""AWS::ServiceCatalog::* in stacks: create, update in place, versions, delete."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.conftest import ACCOUNT
from tests.rehearsal.services.servicecatalog.conftest import Catalog, topic

OUTPUTS = {name: {"Value": {"Ref": name}} for name in ("Product", "Portfolio")}


def deploy(catalog: Catalog, stack: str, resources: dict[str, Any], **options: Any) -> Any:
    done = catalog.aws.deploy(stack, resources, outputs=OUTPUTS, **options)
    assert done["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), done["Reasons"]
    return {one["OutputKey"]: one["OutputValue"] for one in done["Outputs"]}


def versions(client: Any, product: str) -> dict[str, str]:
    found = client.list_provisioning_artifacts(ProductId=product)["ProvisioningArtifactDetails"]
    return {one["Name"]: one["Id"] for one in found}


def test_a_version_lives_as_long_as_the_template_names_it(catalog: Catalog) -> None:
    client = catalog.aws.client("servicecatalog")
    first, second = ((name, catalog.template(f"{name}.json", topic(name))) for name in ("v1", "v2"))
    made = deploy(catalog, "versions", catalog.resources(first))
    before = versions(client, made["Product"])

    kept = deploy(
        catalog,
        "versions",
        catalog.resources(first, second, Tags=[{"Key": "a", "Value": "b"}], Description="two"),
        update=True,
    )
    both = versions(client, made["Product"])
    assert kept == made
    assert list(both) == ["v1", "v2"]
    assert both["v1"] == before["v1"]
    described = client.describe_product_as_admin(Id=made["Product"])
    assert described["Tags"] == [{"Key": "a", "Value": "b"}]
    assert described["ProductViewDetail"]["ProductViewSummary"]["ShortDescription"] == "two"

    deploy(catalog, "versions", catalog.resources(second), update=True)
    assert versions(client, made["Product"]) == {"v2": both["v2"]}
    deploy(
        catalog,
        "versions",
        catalog.resources(second, ReplaceProvisioningArtifacts=True),
        update=True,
    )
    assert versions(client, made["Product"])["v2"] != both["v2"]

    cloudformation = catalog.aws.client("cloudformation")
    stack = cloudformation.describe_stacks(StackName="versions")["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=stack)
    assert catalog.aws.settled(stack)["StackStatus"] == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="not found"):
        client.describe_portfolio(Id=made["Portfolio"])


def test_a_constraint_takes_another_role_in_place(catalog: Catalog) -> None:
    client = catalog.aws.client("servicecatalog")
    version = ("v1", catalog.template("constrained.json", topic("constrained")))
    resources = catalog.resources(version)
    resources["Portfolio"]["Properties"]["Description"] = "before"
    made = deploy(catalog, "constrained", resources)
    other = catalog.aws.role("other-launch", {"Service": "servicecatalog.amazonaws.com"})

    resources["LaunchRoleConstraint"]["Properties"]["RoleArn"] = other
    resources["Portfolio"]["Properties"]["Description"] = "after"
    deploy(catalog, "constrained", resources, update=True)

    portfolio = client.describe_portfolio(Id=made["Portfolio"])["PortfolioDetail"]
    assert portfolio["Description"] == "after"
    principals = client.list_principals_for_portfolio(PortfolioId=made["Portfolio"])["Principals"]
    assert principals[0]["PrincipalType"] == "IAM_PATTERN"
    listed = client.list_portfolios_for_product(ProductId=made["Product"])["PortfolioDetails"]
    assert [one["Id"] for one in listed] == [made["Portfolio"]]


def test_a_launch_role_has_to_trust_service_catalog(catalog: Catalog) -> None:
    version = ("v1", catalog.template("untrusted.json", topic("untrusted")))
    resources = catalog.resources(version)
    role = catalog.aws.role("untrusting", {"Service": "cloudformation.amazonaws.com"})
    resources["LaunchRoleConstraint"]["Properties"]["RoleArn"] = role

    done = catalog.aws.deploy("untrusted", resources)

    assert done["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any("cannot be assumed by servicecatalog" in reason for reason in done["Reasons"])


@pytest.mark.parametrize(
    ("content", "message"), [("no: template", "Invalid template"), (None, "Invalid template")]
)
def test_a_product_needs_a_template_that_can_be_read(
    catalog: Catalog, content: str | None, message: str
) -> None:
    url = "https://s3.us-east-1.amazonaws.com/catalog-templates/none.yaml"
    url = catalog.template("bad.yaml", content) if content else url

    with pytest.raises(ClientError, match=message):
        catalog.aws.client("servicecatalog").create_product(
            Name="bad",
            Owner="Platform",
            ProductType="CLOUD_FORMATION_TEMPLATE",
            ProvisioningArtifactParameters={"Info": {"LoadTemplateFromURL": url}},
        )


def test_what_is_in_use_is_not_deleted(catalog: Catalog) -> None:
    client = catalog.aws.client("servicecatalog")
    version = ("v1", catalog.template("used.json", topic("used")))
    made = deploy(catalog, "used", catalog.resources(version))
    last = versions(client, made["Product"])["v1"]

    for call, request in (
        (client.delete_product, {"Id": made["Product"]}),
        (client.delete_portfolio, {"Id": made["Portfolio"]}),
        (
            client.delete_provisioning_artifact,
            {"ProductId": made["Product"], "ProvisioningArtifactId": last},
        ),
        (
            client.disassociate_product_from_portfolio,
            {"ProductId": made["Product"], "PortfolioId": made["Portfolio"]},
        ),
    ):
        with pytest.raises(ClientError, match="ResourceInUseException"):
            call(**request)


def test_a_product_is_published_in_any_region(catalog: Catalog) -> None:
    abroad = boto3.Session(ACCOUNT, catalog.aws.root_secret(), region_name="eu-central-1")
    stacks = catalog.aws.client("cloudformation", abroad)
    s3 = catalog.aws.client("s3", abroad)
    s3.create_bucket(
        Bucket="templates-abroad",
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
    )
    s3.put_object(Bucket="templates-abroad", Key="t.json", Body=json.dumps(topic("abroad")))
    url = "https://s3.eu-central-1.amazonaws.com/templates-abroad/t.json"

    done = catalog.aws.deploy("abroad", catalog.resources(("v1", url)), client=stacks)

    assert done["StackStatus"] == "CREATE_COMPLETE", done["Reasons"]
