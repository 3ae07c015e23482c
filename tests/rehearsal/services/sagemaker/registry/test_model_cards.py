"""Model cards: content by AWS's schema, versions, review, keys."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.sagemaker.registry.model_card_schema import snake_case, to_json_content
from tests.rehearsal.fakes import FakePlatform

KEY = "arn:aws:kms:us-east-1:111111111111:key/k"
CONTENT = {
    "model_overview": {"model_name": "churn", "model_id": "7", "model_version": 3},
    "intended_uses": {"purpose_of_model": "Find leavers.", "risk_rating": "Low"},
    "evaluation_details": [
        {
            "name": "hold-out",
            "metadata": {"Any_Name": "1"},
            "metric_groups": [
                {
                    "name": "quality",
                    "metric_data": [
                        {"name": "auc", "type": "number", "value": 0.9},
                        {
                            "name": "roc",
                            "type": "linear_graph",
                            "value": [[0, 0], [1, 1]],
                            "x_axis_name": "fpr",
                        },
                    ],
                }
            ],
        }
    ],
}


class FakeKms:
    def describe_key(self, *, KeyId: str) -> Any:  # noqa: N803
        return {"KeyMetadata": {"Arn": KeyId}}


def card(**extra: Any) -> dict[str, Any]:
    return {
        "ModelCardName": "Churn",
        "Content": json.dumps(CONTENT),
        "ModelCardStatus": "Draft",
        **extra,
    }


def test_a_card_gets_a_version_for_each_content_and_none_for_its_review(sagemaker: Any) -> None:
    arn = sagemaker.create_model_card(**card(Tags=[{"Key": "a", "Value": "b"}]))["ModelCardArn"]
    assert arn.endswith(":model-card/churn")
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"]

    sagemaker.update_model_card(ModelCardName="Churn", ModelCardStatus="PendingReview")
    sagemaker.update_model_card(ModelCardName=arn, Content="{}")
    sagemaker.update_model_card(ModelCardName=arn, ModelCardStatus="Approved")

    latest = sagemaker.describe_model_card(ModelCardName="Churn")
    assert (latest["ModelCardVersion"], latest["ModelCardStatus"]) == (2, "Approved")
    assert latest["Content"] == "{}"
    first = sagemaker.describe_model_card(ModelCardName=arn, ModelCardVersion=1)
    assert json.loads(first["Content"]) == CONTENT
    assert first["ModelCardStatus"] == "PendingReview"
    versions = sagemaker.list_model_card_versions(ModelCardName="Churn", SortOrder="Ascending")
    listed = [
        (entry["ModelCardVersion"], entry["ModelCardStatus"])
        for entry in versions["ModelCardVersionSummaryList"]
    ]
    assert listed == [(1, "PendingReview"), (2, "Approved")]
    approved = sagemaker.list_model_cards(ModelCardStatus="Approved", NameContains="chu")
    assert [entry["ModelCardName"] for entry in approved["ModelCardSummaries"]] == ["Churn"]
    assert not sagemaker.list_model_cards(ModelCardStatus="Draft")["ModelCardSummaries"]

    sagemaker.delete_model_card(ModelCardName="Churn")
    with pytest.raises(ClientError, match="Could not find model card Churn"):
        sagemaker.describe_model_card(ModelCardName="Churn")


def test_an_archived_card_is_finished(sagemaker: Any) -> None:
    sagemaker.create_model_card(**card(ModelCardStatus="Archived"))

    with pytest.raises(ClientError, match="is archived: it cannot change"):
        sagemaker.update_model_card(ModelCardName="Churn", ModelCardStatus="Draft")


@pytest.mark.parametrize("given", [{}, {"Content": "{}", "ModelCardStatus": "Approved"}])
def test_content_and_status_change_one_at_a_time(sagemaker: Any, given: dict[str, str]) -> None:
    sagemaker.create_model_card(**card())

    with pytest.raises(ClientError, match="Exactly one of Content, ModelCardStatus"):
        sagemaker.update_model_card(ModelCardName="Churn", **given)


def test_a_name_is_taken_once_and_a_version_exists_or_not(sagemaker: Any) -> None:
    sagemaker.create_model_card(**card())

    with pytest.raises(ClientError, match="already exists") as raised:
        sagemaker.create_model_card(**card())
    assert raised.value.response["Error"]["Code"] == "ConflictException"
    with pytest.raises(ClientError, match="has no version 2"):
        sagemaker.describe_model_card(ModelCardName="Churn", ModelCardVersion=2)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("not json", "it is not JSON"),
        ("[]", "the content: .* is not of type 'object'"),
        ('{"ModelOverview": {}}', "'ModelOverview' was unexpected"),
        ('{"intended_uses": {"risk_rating": "Extreme"}}', "intended_uses.risk_rating: 'Extreme'"),
        ('{"evaluation_details": [{}]}', "evaluation_details.0: 'name' is a required property"),
        (
            json.dumps({"model_overview": {"model_name": "x" * 1025}}),
            "model_overview.model_name: .* is too long",
        ),
    ],
)
def test_content_that_is_not_a_model_card_is_rejected(
    sagemaker: Any, content: str, problem: str
) -> None:
    with pytest.raises(ClientError, match=problem):
        sagemaker.create_model_card(**card(Content=content))

    sagemaker.create_model_card(**card())
    with pytest.raises(ClientError, match=problem):
        sagemaker.update_model_card(ModelCardName="Churn", Content=content)


def test_the_content_of_a_card_with_a_key_needs_the_key(
    sagemaker: Any, platform: FakePlatform
) -> None:
    platform.clients["kms"] = FakeKms()
    encrypted = card(SecurityConfig={"KmsKeyId": KEY})
    platform.denied = {("kms:CreateGrant", KEY)}
    with pytest.raises(ClientError, match="kms:CreateGrant"):
        sagemaker.create_model_card(**encrypted)

    platform.denied = {("kms:Decrypt", KEY)}
    sagemaker.create_model_card(**encrypted)
    with pytest.raises(ClientError, match="kms:Decrypt"):
        sagemaker.describe_model_card(ModelCardName="Churn")
    shown = sagemaker.describe_model_card(ModelCardName="Churn", IncludedData="MetadataOnly")
    assert json.loads(shown["Content"]) == {
        "model_overview": {"model_name": "churn", "model_id": "7"},
        "intended_uses": {"risk_rating": "Low"},
    }


def test_a_template_names_what_the_api_names_otherwise() -> None:
    assert snake_case("XAxisName") == "x_axis_name"
    content = {
        "EvaluationDetails": [{"Name": "a", "Metadata": {"Kept As It Is": "1"}}],
        "AdditionalInformation": {"CustomDetails": {"RunBook": "wiki"}},
    }
    assert json.loads(to_json_content(content)) == {
        "evaluation_details": [{"name": "a", "metadata": {"Kept As It Is": "1"}}],
        "additional_information": {"custom_details": {"RunBook": "wiki"}},
    }
