"""Products are launched with the launch role, by who has access, and ended by who launched them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.services.servicecatalog.conftest import (
    CHANGES_ITS_OWN,
    USES,
    Catalog,
    topic,
)


@pytest.fixture(scope="module")
def product(catalog: Catalog) -> str:
    url = catalog.template("launched.json", topic("launched"))
    outputs = {"Product": {"Value": {"Ref": "Product"}}}
    done = catalog.aws.deploy("launching", catalog.resources(("v1", url)), outputs=outputs)
    assert done["StackStatus"] == "CREATE_COMPLETE", done["Reasons"]
    found: str = done["Outputs"][0]["OutputValue"]
    return found


@pytest.fixture(scope="module")
def ada(catalog: Catalog) -> Any:
    return catalog.person("ada", USES, CHANGES_ITS_OWN)


def launch(client: Any, product: str, name: str, **options: Any) -> dict[str, Any]:
    purpose = [{"Key": "Purpose", "Value": name}]
    answer = client.provision_product(
        ProductId=product, ProvisionedProductName=name, ProvisioningParameters=purpose, **options
    )
    return settled(client, answer)


def settled(client: Any, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a change when it has ended."""
    while True:
        found: dict[str, Any] = client.describe_record(Id=answer["RecordDetail"]["RecordId"])
        if found["RecordDetail"]["Status"] != "IN_PROGRESS":
            return found
        time.sleep(0.05)


def rejection(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return f"{refused.value.response['Error']['Code']}: {refused.value}"


def test_a_product_lives_from_its_launch_to_its_end(
    catalog: Catalog, product: str, ada: Any
) -> None:
    launched = launch(ada, product, "first", Tags=[{"Key": "team", "Value": "ml"}])
    record = launched["RecordDetail"]
    stack = f"SC-111111111111-{record['ProvisionedProductId']}"

    assert record["Status"] == "SUCCEEDED", record["RecordErrors"]
    assert record["LaunchRoleArn"] == catalog.launch_role
    assert launched["RecordOutputs"][0]["OutputValue"].endswith(":launched")
    described = catalog.aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    assert {"Key": "team", "Value": "ml"} in described["Tags"]

    named = {"ProvisionedProductId": record["ProvisionedProductId"]}
    changed = ada.update_provisioned_product(
        **named, ProvisioningParameters=[{"Key": "Purpose", "Value": "second"}]
    )
    assert settled(ada, changed)["RecordDetail"]["Status"] == "SUCCEEDED"
    topics = catalog.aws.client("sns")
    arn = launched["RecordOutputs"][0]["OutputValue"]
    assert topics.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "second"

    ended = settled(ada, ada.terminate_provisioned_product(**named))
    assert ended["RecordDetail"]["Status"] == "SUCCEEDED"
    message = rejection(ada.describe_provisioned_product, Id=named["ProvisionedProductId"])
    assert message.startswith("ResourceNotFoundException")


def test_people_see_what_they_have_access_to(catalog: Catalog, product: str, ada: Any) -> None:
    stranger = catalog.person("stranger", USES, path="/")

    assert [one["ProductId"] for one in ada.search_products()["ProductViewSummaries"]] == [product]
    (path,) = ada.list_launch_paths(ProductId=product)["LaunchPathSummaries"]
    assert path["ConstraintSummaries"] == [{"Type": "LAUNCH", "Description": ""}]
    assert ada.describe_product(Id=product)["ProvisioningArtifacts"][0]["Name"] == "v1"
    assert stranger.search_products()["ProductViewSummaries"] == []
    for call in (stranger.describe_product, stranger.list_launch_paths):
        member = "Id" if call == stranger.describe_product else "ProductId"
        assert rejection(call, **{member: product}).startswith("ResourceNotFoundException")
    message = rejection(launch, client=stranger, product=product, name="strange")
    assert "no launch paths found" in message


def test_nobody_ends_what_another_has_launched(catalog: Catalog, product: str, ada: Any) -> None:
    record = launch(ada, product, "hers")["RecordDetail"]
    named = {"ProvisionedProductId": record["ProvisionedProductId"]}
    other = catalog.session_of("arn:aws:iam::111111111111:role/people/ada", "somebody")

    for call, request in (
        (other.terminate_provisioned_product, named),
        (other.describe_record, {"Id": record["RecordId"]}),
    ):
        assert rejection(call, **request).startswith("AccessDenied")
    settled(ada, ada.terminate_provisioned_product(**named))


def test_a_stack_that_cannot_be_created_fails_the_launch(product: str, ada: Any) -> None:
    record = settled(
        ada, ada.provision_product(ProductId=product, ProvisionedProductName="without-parameters")
    )["RecordDetail"]

    assert record["Status"] == "FAILED"
    assert "Purpose" in record["RecordErrors"][0]["Description"]
    named = record["ProvisionedProductId"]
    found = ada.describe_provisioned_product(Id=named)["ProvisionedProductDetail"]
    assert (found["Status"], "Purpose" in found["StatusMessage"]) == ("ERROR", True)
    ended = settled(ada, ada.terminate_provisioned_product(ProvisionedProductId=named))
    assert ended["RecordDetail"]["Status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ProvisioningArtifactId": "pa-none"}, "ProvisioningArtifact pa-none not found"),
        ({"PathId": "lpv3-none"}, "no launch paths found"),
        ({"NotificationArns": ["arn:aws:sns:us-east-1:1:a"]}, "does not support NotificationA"),
    ],
)
def test_a_launch_that_cannot_be_is_rejected(
    product: str, ada: Any, options: dict[str, Any], message: str
) -> None:
    assert message in rejection(launch, client=ada, product=product, name="never", **options)


def test_what_is_not_implemented_is_rejected_by_name(ada: Any) -> None:
    assert "ListTagOptions" in rejection(ada.list_tag_options)
