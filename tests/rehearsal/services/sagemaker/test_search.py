"""Search: filters, nested filters, order, pages, and visibility of results."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.sagemaker.condition_keys import condition_keys
from tests.rehearsal.fakes import SCOPE
from tests.rehearsal.services.sagemaker import requests

PROJECT = "sagemaker:project-name"
GROUPS = ("churn", "fraud", "untagged")


@pytest.fixture
def groups(sagemaker: Any) -> Any:
    """Three groups, of two projects and of none, with two versions in the first."""
    for name in GROUPS:
        tags = [] if name == "untagged" else [{"Key": PROJECT, "Value": name}]
        sagemaker.create_model_package_group(
            ModelPackageGroupName=name, ModelPackageGroupDescription=f"of {name}", Tags=tags
        )
    for auc in ("0.8", "0.9"):
        sagemaker.create_model_package(
            ModelPackageGroupName="churn",
            InferenceSpecification=SPECIFICATION,
            CustomerMetadataProperties={"auc": auc},
        )
    return sagemaker


SPECIFICATION = {
    "Containers": [{"Image": "image:1"}, {"Image": "image:2"}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}


def found(sagemaker: Any, resource: str, *filters: dict[str, Any], **more: Any) -> list[Any]:
    expression = {"SearchExpression": {"Filters": list(filters)}} if filters else {}
    response = sagemaker.search(Resource=resource, **expression, **more)
    return [next(iter(result.values())) for result in response["Results"]]


def names(sagemaker: Any, *filters: dict[str, Any], **more: Any) -> set[str]:
    results = found(sagemaker, "ModelPackageGroup", *filters, **more)
    return {one["ModelPackageGroupName"] for one in results}


def where(name: str, operator: str, value: str | None = None) -> dict[str, Any]:
    return {"Name": name, "Operator": operator, **({} if value is None else {"Value": value})}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([where("ModelPackageGroupName", "Equals", "churn")], {"churn"}),
        ([where("ModelPackageGroupName", "NotEquals", "churn")], {"fraud", "untagged"}),
        ([where("ModelPackageGroupName", "Contains", "u")], {"churn", "fraud", "untagged"}),
        ([where("ModelPackageGroupName", "In", "churn,fraud")], {"churn", "fraud"}),
        ([where("ModelPackageGroupDescription", "Exists")], set(GROUPS)),
        ([where("ModelPackageGroupDescription", "NotExists")], set()),
        ([where(f"Tags.{PROJECT}", "Equals", "fraud")], {"fraud"}),
        ([where(f"Tags.{PROJECT}", "Exists")], {"churn", "fraud"}),
        ([where(f"Tags.{PROJECT}", "NotExists")], {"untagged"}),
        ([where("CreationTime", "GreaterThan", "2000-01-01T00:00:00Z")], set(GROUPS)),
        ([where("CreationTime", "LessThan", "2000-01-01T00:00:00Z")], set()),
        ([{"Name": "ModelPackageGroupName", "Value": "churn"}], {"churn"}),
        (
            [
                where("ModelPackageGroupName", "Contains", "u"),
                where(f"Tags.{PROJECT}", "Equals", "fraud"),
            ],
            {"fraud"},
        ),
    ],
)
def test_filters_have_to_be_true_together(
    groups: Any, filters: list[dict[str, Any]], expected: set[str]
) -> None:
    assert names(groups, *filters) == expected


def test_without_an_expression_everything_of_a_kind_is_found(groups: Any) -> None:
    assert names(groups) == set(GROUPS)


def test_with_or_one_of_the_conditions_is_enough(groups: Any) -> None:
    either = {
        "Operator": "Or",
        "Filters": [where("ModelPackageGroupName", "Equals", "churn")],
        "SubExpressions": [{"Filters": [where("ModelPackageGroupName", "Equals", "fraud")]}],
    }
    response = groups.search(Resource="ModelPackageGroup", SearchExpression=either)
    assert {one["ModelPackageGroup"]["ModelPackageGroupName"] for one in response["Results"]} == {
        "churn",
        "fraud",
    }


def test_versions_are_compared_as_numbers_and_metadata_by_their_path(groups: Any) -> None:
    newer = where("ModelPackageVersion", "GreaterThanOrEqualTo", "2")
    (version,) = found(groups, "ModelPackage", newer)
    assert version["ModelPackageVersion"] == 2
    better = where("CustomerMetadataProperties.auc", "Equals", "0.9")
    (best,) = found(groups, "ModelPackage", better)
    assert best["ModelPackageArn"] == version["ModelPackageArn"]
    pending = where("ModelApprovalStatus", "Equals", "PendingManualApproval")
    assert len(found(groups, "ModelPackage", pending)) == 2


def test_a_nested_filter_asks_for_one_object_that_satisfies_all(sagemaker: Any) -> None:
    channels = [
        {
            "ChannelName": name,
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://b/{name}/"}},
        }
        for name in ("train", "test")
    ]
    job = {**requests.training_job("by-channel"), "InputDataConfig": channels}
    sagemaker.create_training_job(**job)

    def nested(uri: str) -> list[Any]:
        filters = [
            where("InputDataConfig.ChannelName", "Equals", "train"),
            where("InputDataConfig.DataSource.S3DataSource.S3Uri", "Contains", uri),
        ]
        expression = {
            "NestedFilters": [{"NestedPropertyName": "InputDataConfig", "Filters": filters}]
        }
        response = sagemaker.search(Resource="TrainingJob", SearchExpression=expression)
        return list(response["Results"])

    assert len(nested("b/train")) == 1
    assert not nested("b/test"), "that is another channel"


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        (where("Metrics.auc", "GreaterThan", "0.8"), {"deep"}),
        (where("metrics.auc", "LessThanOrEqualTo", "0.8"), {"flat"}),
        (where("HyperParameters.depth", "GreaterThanOrEqualTo", "4"), {"deep"}),
        (where("HyperParameters.rate", "LessThan", "0.2"), {"flat"}),
        # An integer is compared with the integer part.
        (where("HyperParameters.rate", "Equals", "0"), {"deep", "flat"}),
        (where("HyperParameters.loss", "Equals", "log"), {"deep"}),
        (where("HyperParameters.loss", "NotExists"), {"flat"}),
        (where("HyperParameters.loss", "In", "log,square"), {"deep"}),
    ],
)
def test_metrics_and_hyperparameters_are_compared_as_numbers(
    sagemaker: Any, data_plane: Any, trained: Any, filter_: dict[str, Any], expected: set[str]
) -> None:
    parameters = {
        "deep": {"depth": "9", "rate": "0.25", "loss": "log"},
        "flat": {"depth": "3", "rate": "0.125"},
    }
    for name, auc in (("deep", 0.9), ("flat", 0.8)):
        moment = datetime.datetime.now(datetime.UTC)
        metric = {"MetricName": "auc", "Value": auc, "Timestamp": moment}
        data_plane.behaviour[name] = lambda _, metric=metric: {"FinalMetricDataList": [metric]}
        trained(name, HyperParameters=parameters[name])

    jobs = found(sagemaker, "TrainingJob", filter_)

    assert {job["TrainingJobName"] for job in jobs} == expected


def test_a_statistic_of_a_metric_orders_trial_components(
    sagemaker: Any, data_plane: Any, trained: Any
) -> None:
    for name, auc in (("worse", 0.8), ("best", 0.9), ("worst", 0.7)):
        moment = datetime.datetime.now(datetime.UTC)
        metric = {"MetricName": "auc", "Value": auc, "Timestamp": moment}
        data_plane.behaviour[name] = lambda _, metric=metric: {"FinalMetricDataList": [metric]}
        trained(name)

    components = found(sagemaker, "ExperimentTrialComponent", SortBy="metrics.auc.max")

    order = [one["TrialComponentName"].partition("-")[0] for one in components]
    assert order == ["best", "worse", "worst"]


def test_a_model_is_found_with_its_endpoints(sagemaker: Any, endpoint: Any) -> None:
    sagemaker.create_model(**requests.model("idle"))

    idle, used = found(sagemaker, "Model")
    (by_name,) = found(sagemaker, "Model", where("Model.ModelName", "Equals", "churn"))

    assert idle["Model"]["ModelName"] == "idle"
    assert idle["Endpoints"] == []
    assert [one["EndpointName"] for one in used["Endpoints"]] == ["live"]
    assert by_name == used


def test_results_have_an_order_and_pages(groups: Any) -> None:
    order = {"SortBy": "ModelPackageGroupName", "SortOrder": "Ascending"}
    first = groups.search(Resource="ModelPackageGroup", MaxResults=2, **order)
    second = groups.search(
        Resource="ModelPackageGroup", MaxResults=2, NextToken=first["NextToken"], **order
    )
    pages = [*first["Results"], *second["Results"]]
    shown = [one["ModelPackageGroup"]["ModelPackageGroupName"] for one in pages]
    assert shown == list(GROUPS)
    assert "NextToken" not in second
    assert first["TotalHits"] == {"Value": 3, "Relation": "EqualTo"}


def test_the_newest_change_comes_first_when_nothing_is_said(groups: Any) -> None:
    versions = found(groups, "ModelPackage")
    assert [one["ModelPackageVersion"] for one in versions] == [2, 1]


def test_a_result_has_its_tags(groups: Any) -> None:
    (group,) = found(groups, "ModelPackageGroup", where("ModelPackageGroupName", "Equals", "churn"))
    assert group["Tags"] == [{"Key": PROJECT, "Value": "churn"}]


def test_visibility_hides_what_has_the_tag_with_another_value(groups: Any) -> None:
    """Resources without the tag are visible.

    Source: VisibilityConditions in the API reference.
    """
    seen = names(groups, VisibilityConditions=[{"Key": f"Tags.{PROJECT}", "Value": "churn"}])
    assert seen == {"churn", "untagged"}


def test_visibility_conditions_are_condition_keys_of_iam() -> None:
    limited = {
        "Resource": "Project",
        "VisibilityConditions": [{"Key": f"Tags.{PROJECT}", "Value": "churn"}],
    }
    assert condition_keys("Search", limited) == {
        f"sagemaker:SearchVisibilityCondition/Tags.{PROJECT}": "churn"
    }
    assert condition_keys("Search", {"Resource": "Project"}) == {}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            {"Resource": "Image"},
            "The rehearsal does not implement Search of Image: search for one of Endpoint",
        ),
        (
            {"SearchExpression": {}},
            "SearchExpression needs at least one of Filters, NestedFilters and SubExpressions",
        ),
        (
            {"SearchExpression": {"Filters": [where("Color", "Equals", "red")]}},
            "Color is not a property of ModelPackageGroup",
        ),
        (
            {"SearchExpression": {"Filters": [where("ModelPackageGroupName", "GreaterThan", "a")]}},
            "GreaterThan is not supported for the text property ModelPackageGroupName",
        ),
        (
            {"SearchExpression": {"Filters": [where("CreationTime", "Contains", "2026")]}},
            "Contains is supported for text properties only; CreationTime is not one",
        ),
        (
            {"SearchExpression": {"Filters": [where("CreationTime", "LessThan", "yesterday")]}},
            "'yesterday' is not a valid time for CreationTime",
        ),
        (
            {"SearchExpression": {"Filters": [where("ModelPackageGroupName", "Equals")]}},
            "the filter of ModelPackageGroupName needs a Value for the operator Equals",
        ),
        ({"SortBy": "Color"}, "Color is not a property of ModelPackageGroup"),
        (
            {"VisibilityConditions": [{"Key": "ModelPackageGroupName", "Value": "churn"}]},
            "Key of VisibilityConditions is Tags.KEY, not ModelPackageGroupName",
        ),
        (
            {
                "SearchExpression": {
                    "Filters": [where("ModelPackageGroupName", "Contains", "a")],
                    "SubExpressions": [{"Filters": [where("CreatedBy.DomainId", "Contains", "a")]}],
                }
            },
            "'CONTAINS' operator usage limit of 1 exceeded.",
        ),
        (
            {"CrossAccountFilterOption": "CrossAccount"},
            "does not implement CrossAccountFilterOption=CrossAccount of Search",
        ),
    ],
)
def test_what_aws_would_not_search_is_rejected(
    groups: Any, request_: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError) as raised:
        groups.search(**{"Resource": "ModelPackageGroup", **request_})
    assert message in raised.value.response["Error"]["Message"]


def test_iam_has_no_resource_level_for_it(service: Any) -> None:
    assert service.resource_arns("Search", {"Resource": "Project"}, SCOPE) == ["*"]
