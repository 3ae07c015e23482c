"""A pipeline deploys into another account, if key, bucket and role over there let it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rehearsal.delivery.accounts import PRODUCTION, Accounts


def test_a_pipeline_deploys_into_another_account(server: Any) -> None:
    accounts = Accounts(server, "whole")

    assert accounts.result()[0] == "Succeeded"
    parameter = server.client("ssm", PRODUCTION).get_parameter(Name="/whole/version")
    assert parameter["Parameter"]["Value"] == "1"


@pytest.mark.parametrize(
    ("without", "words"),
    [
        ("trust", "not authorized to perform AssumeRole"),
        ("bucket", "AccessDenied: Access Denied"),
        ("key", "kms:Decrypt"),
    ],
)
def test_complaint_11_each_missing_part_fails_by_name(
    server: Any, without: str, words: str
) -> None:
    status, summary = Accounts(server, f"without-{without}", without).result()

    assert status == "Failed"
    assert words in summary
