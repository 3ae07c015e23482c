"""A pipeline deploys into another region, if its artifacts can be copied to a store there."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.delivery.accounts import PRODUCTION, Accounts

THERE = "eu-west-1"


def test_a_pipeline_deploys_into_another_region_of_another_account(server: Any) -> None:
    accounts = Accounts(server, "abroad", region=THERE)

    assert accounts.result()[0] == "Succeeded"
    there = server.client("cloudformation", PRODUCTION, region=THERE)
    assert [stack["StackName"] for stack in there.describe_stacks()["Stacks"]] == ["abroad"]
    with pytest.raises(ClientError, match="does not exist"):
        server.client("cloudformation", PRODUCTION).describe_stacks(StackName="abroad")
    action = accounts.actions()[0]["input"]
    assert action["region"] == THERE
    place = action["inputArtifacts"][0]["s3location"]
    assert place["bucket"] == "abroad-eu-west-1"
    replica = server.client("s3").head_object(Bucket=place["bucket"], Key=place["key"])
    assert replica["SSEKMSKeyId"].startswith(f"arn:aws:kms:{THERE}:")


@pytest.mark.parametrize(
    ("without", "words"),
    [
        ("use", "Failed replicating artifact Code to without-use-abroad-eu-west-1 in eu-west-1"),
        ("key", "kms:Decrypt"),
        ("place", "is in us-east-1, but its store is of eu-west-1"),
    ],
)
def test_a_store_that_cannot_be_used_fails_by_name(server: Any, without: str, words: str) -> None:
    status, summary = Accounts(server, f"without-{without}-abroad", without, THERE).result()

    assert status == "Failed"
    assert words in summary


def test_a_region_without_a_store_is_refused(server: Any) -> None:
    with pytest.raises(ClientError, match="artifactStores has none for the region eu-west-1"):
        Accounts(server, "without-store-abroad", "store", THERE)
