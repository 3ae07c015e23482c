"""The action types of pipelines."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.codepipeline import CodePipeline
from rehearsal.services.codepipeline.actions.providers import PROVIDERS
from tests.rehearsal.fakes import CALLER, FakePlatform, ServiceClient


@pytest.fixture
def codepipeline() -> Any:
    return ServiceClient(CodePipeline(FakePlatform()), CALLER)


def test_the_action_types_that_pipelines_can_have_are_listed(codepipeline: Any) -> None:
    listed = codepipeline.list_action_types(actionOwnerFilter="AWS")["actionTypes"]

    assert {(one["id"]["category"], one["id"]["provider"]) for one in listed} == set(PROVIDERS)
    build = next(
        one
        for one in listed
        if (one["id"]["category"], one["id"]["provider"]) == ("Build", "CodeBuild")
    )
    assert build["inputArtifactDetails"] == {"minimumCount": 1, "maximumCount": 5}
    required = [one["name"] for one in build["actionConfigurationProperties"] if one["required"]]
    assert required == ["ProjectName"]
    assert codepipeline.list_action_types(actionOwnerFilter="Custom")["actionTypes"] == []


def test_there_is_no_type_of_an_external_provider(codepipeline: Any) -> None:
    with pytest.raises(ClientError) as missing:
        codepipeline.get_action_type(
            category="Build", owner="ThirdParty", provider="Jenkins", version="1"
        )

    assert missing.value.response["Error"]["Code"] == "ActionTypeNotFoundException"
