"""Descriptions and parameters of single features, and the search of them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.services.sagemaker.feature_store.fakes import Eventually, made

ORDERS = {"FeatureGroupName": "Customers", "FeatureName": "orders"}


@pytest.fixture
def features(sagemaker: Any, eventually: Eventually) -> Any:
    """A client of SageMaker with the group of customers."""
    made(sagemaker, eventually)
    return sagemaker


def parameters(*keys: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": f"of {key}"} for key in keys]


def searched(sagemaker: Any, name: str, value: str) -> list[str]:
    condition = {"Name": name, "Operator": "Contains", "Value": value}
    found = sagemaker.search(
        Resource="FeatureMetadata", SearchExpression={"Filters": [condition]}, SortBy="FeatureName"
    )
    return [result["FeatureMetadata"]["FeatureName"] for result in found["Results"]]


def test_a_feature_has_its_type_and_the_time_of_its_group(features: Any) -> None:
    found = features.describe_feature_metadata(**ORDERS)

    created = features.describe_feature_group(FeatureGroupName="Customers")["CreationTime"]
    assert found["FeatureType"] == "Integral"
    assert found["FeatureGroupArn"].endswith(":feature-group/customers")
    assert found["CreationTime"] == found["LastModifiedTime"] == created
    assert "Description" not in found


def test_an_update_adds_and_removes_parameters(features: Any) -> None:
    features.update_feature_metadata(
        **ORDERS, Description="orders of a year", ParameterAdditions=parameters("team", "unit")
    )
    features.update_feature_metadata(
        **ORDERS, ParameterAdditions=parameters("source"), ParameterRemovals=["team"]
    )

    found = features.describe_feature_metadata(**ORDERS)
    assert found["Description"] == "orders of a year"
    assert found["Parameters"] == parameters("unit", "source")
    assert found["LastModifiedTime"] >= found["CreationTime"]
    by_arn = {**ORDERS, "FeatureGroupName": found["FeatureGroupArn"]}
    assert features.describe_feature_metadata(**by_arn)["Parameters"] == found["Parameters"]


def test_a_feature_has_at_most_25_parameters(features: Any) -> None:
    many = [str(number) for number in range(25)]
    features.update_feature_metadata(**ORDERS, ParameterAdditions=parameters(*many))

    with pytest.raises(ClientError, match="at most 25 parameters"):
        features.update_feature_metadata(**ORDERS, ParameterAdditions=parameters("more"))


@pytest.mark.parametrize("change", [{"FeatureName": "none"}, {"FeatureGroupName": "None"}])
def test_an_unknown_feature_is_not_found(features: Any, change: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="ResourceNotFound"):
        features.describe_feature_metadata(**ORDERS | change)


def test_a_new_group_has_no_metadata_of_the_deleted_one(
    features: Any, eventually: Eventually
) -> None:
    features.update_feature_metadata(**ORDERS, Description="orders of a year")
    features.delete_feature_group(FeatureGroupName="Customers")
    eventually(lambda: not features.list_feature_groups()["FeatureGroupSummaries"])

    made(features, eventually)
    assert "Description" not in features.describe_feature_metadata(**ORDERS)


def test_features_are_searched_by_name_and_metadata(features: Any) -> None:
    features.update_feature_metadata(
        **ORDERS, Description="orders of a year", ParameterAdditions=parameters("team")
    )

    assert searched(features, "FeatureGroupName", "Customers") == ["orders", "id", "at"]
    assert searched(features, "FeatureName", "ord") == ["orders"]
    assert searched(features, "Description", "year") == ["orders"]
    assert searched(features, "AllParameters", "tea") == ["orders"]
    assert searched(features, "AllParameters", "of team") == ["orders"]
    assert searched(features, "Parameters.team", "of team") == ["orders"]


def test_a_search_of_features_may_contain_several_texts(features: Any) -> None:
    conditions = [
        {"Name": name, "Operator": "Contains", "Value": value}
        for name, value in (("FeatureGroupName", "Cust"), ("FeatureName", "ord"))
    ]

    found = features.search(
        Resource="FeatureMetadata", SearchExpression={"Filters": conditions, "Operator": "And"}
    )

    assert [one["FeatureMetadata"]["FeatureName"] for one in found["Results"]] == ["orders"]
