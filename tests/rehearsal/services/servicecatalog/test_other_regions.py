"""Portfolios and products in a region whose buckets have a location constraint."""

from __future__ import annotations

import json
from typing import Any

from tests.rehearsal.conftest import ACCOUNT
from tests.rehearsal.services.servicecatalog.conftest import topic

REGION = "eu-west-1"


def test_a_product_is_created_and_launched_in_its_region(catalog: Any) -> None:
    aws = catalog.aws
    session = aws.person("regional-user", {"Action": "*"})

    def client(service: str) -> Any:
        return session.client(
            service,
            region_name=REGION,
            endpoint_url=aws.endpoint["url"],
            verify=aws.endpoint["ca_bundle"],
        )

    s3, products = client("s3"), client("servicecatalog")
    s3.create_bucket(
        Bucket="regional-templates", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    s3.put_object(Bucket="regional-templates", Key="topic", Body=json.dumps(topic("regional")))
    portfolio = products.create_portfolio(
        DisplayName="Templates", ProviderName="Platform", IdempotencyToken="portfolio"
    )["PortfolioDetail"]["Id"]
    created = products.create_product(
        Name="topic",
        Owner="Platform",
        ProductType="CLOUD_FORMATION_TEMPLATE",
        IdempotencyToken="product",
        ProvisioningArtifactParameters={
            "Name": "1",
            "Type": "CLOUD_FORMATION_TEMPLATE",
            "Info": {
                "LoadTemplateFromURL": f"https://s3.{REGION}.amazonaws.com/regional-templates/topic"
            },
        },
    )
    product = created["ProductViewDetail"]["ProductViewSummary"]["ProductId"]
    products.associate_product_with_portfolio(ProductId=product, PortfolioId=portfolio)
    products.associate_principal_with_portfolio(
        PortfolioId=portfolio,
        PrincipalARN=f"arn:aws:iam::{ACCOUNT}:role/regional-user",
        PrincipalType="IAM",
    )
    products.create_constraint(
        PortfolioId=portfolio,
        ProductId=product,
        Type="LAUNCH",
        Parameters=json.dumps({"RoleArn": catalog.launch_role}),
        IdempotencyToken="constraint",
    )
    record = products.provision_product(
        ProductId=product,
        ProvisioningArtifactId=created["ProvisioningArtifactDetail"]["Id"],
        ProvisionedProductName="regional",
        ProvisioningParameters=[{"Key": "Purpose", "Value": "test"}],
    )["RecordDetail"]
    stack = f"SC-{ACCOUNT}-{record['ProvisionedProductId']}"

    found = aws.settled(stack, client("cloudformation"))

    assert found["StackStatus"] == "CREATE_COMPLETE", found["Reasons"]
    assert found["StackId"].split(":")[3] == REGION
