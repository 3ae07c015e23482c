"""Model cards: templates and validation of the content."""

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from cfnlint.api import lint  # type: ignore[import-untyped]

from mlops_constructs.model_registry import (
    AdditionalInformation,
    BusinessDetails,
    EvaluationDetail,
    HyperParameter,
    InferenceEnvironment,
    IntendedUses,
    Metric,
    MetricGroup,
    ModelCard,
    ModelCardContent,
    ModelCardStatus,
    ModelOverview,
    ModelPackageDetails,
    ObjectiveDirection,
    ObjectiveFormula,
    ObjectiveFunction,
    RiskRating,
    TrainingDetails,
    TrainingJobDetails,
    TrainingMetric,
)

CARD = "AWS::SageMaker::ModelCard"
METRICS = [
    Metric.number("auc", 0.91, notes="hold-out"),
    Metric.text("verdict", "better"),
    Metric.flag("calibrated", True),
    Metric.bar_chart("importance", [0.7, 0.3], bars=["tenure", "age"], y_axis_name="gain"),
    Metric.linear_graph("roc", [(0, 0), (1, 1)], x_axis_name="fpr", y_axis_name="tpr"),
    Metric.matrix("confusion", [[9, 1], [2, 8]], column_names=["stays", "leaves"]),
]
FULL = ModelCardContent(
    model_overview=ModelOverview(
        model_name="churn",
        model_version=3,
        model_artifact=["s3://models/churn.tar.gz"],
        inference_environment=InferenceEnvironment(container_image=["image"]),
    ),
    model_package_details=ModelPackageDetails(model_package_group_name="churn"),
    intended_uses=IntendedUses(purpose_of_model="Find leavers.", risk_rating=RiskRating.LOW),
    business_details=BusinessDetails(business_problem="Customers leave."),
    training_details=TrainingDetails(
        objective_function=ObjectiveFunction(
            function=ObjectiveFormula(function=ObjectiveDirection.MAXIMIZE, facet="AUC")
        ),
        training_job_details=TrainingJobDetails(
            hyper_parameters=[HyperParameter(name="depth", value="6")],
            training_metrics=[TrainingMetric(name="auc", value=0.93)],
        ),
    ),
    evaluation_details=[
        EvaluationDetail(
            name="hold-out",
            metadata={"rows": "1000"},
            metric_groups=[MetricGroup(name="quality", metric_data=METRICS)],
        )
    ],
    additional_information=AdditionalInformation(custom_details={"runbook": "wiki/churn"}),
)


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(
        cdk.App(), "S", env=cdk.Environment(account="111111111111", region="eu-west-1")
    )


@pytest.fixture
def key(stack: cdk.Stack) -> kms.IKey:
    return kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:111111111111:key/k")


def card(stack: cdk.Stack) -> dict[str, Any]:
    found = assertions.Template.from_stack(stack).find_resources(CARD)
    assert len(found) == 1
    return dict(next(iter(found.values())))


def overview(**members: Any) -> ModelCardContent:
    return ModelCardContent(model_overview=ModelOverview(**members))


def test_a_full_card_is_what_cloudformation_takes(stack: cdk.Stack, key: kms.IKey) -> None:
    ModelCard(
        stack,
        "C",
        content=FULL,
        status=ModelCardStatus.APPROVED,
        model_card_name="churn",
        encryption_key=key,
    )

    found = card(stack)
    properties = found["Properties"]
    assert found["DeletionPolicy"] == "RetainExceptOnCreate"
    assert properties["ModelCardStatus"] == "Approved"
    assert properties["SecurityConfig"] == {"KmsKeyId": key.key_arn}
    content = properties["Content"]
    assert content["ModelOverview"] == {
        "ModelName": "churn",
        "ModelVersion": 3,
        "ModelArtifact": ["s3://models/churn.tar.gz"],
        "InferenceEnvironment": {"ContainerImage": ["image"]},
    }
    assert content["IntendedUses"] == {"PurposeOfModel": "Find leavers.", "RiskRating": "Low"}
    assert content["TrainingDetails"]["ObjectiveFunction"] == {
        "Function": {"Function": "Maximize", "Facet": "AUC"}
    }
    assert content["AdditionalInformation"] == {"CustomDetails": {"runbook": "wiki/churn"}}
    metrics = content["EvaluationDetails"][0]["MetricGroups"][0]["MetricData"]
    assert [metric["Type"] for metric in metrics] == [
        "number",
        "string",
        "boolean",
        "bar_chart",
        "linear_graph",
        "matrix",
    ]
    assert metrics[2]["Value"] is True
    assert metrics[3]["XAxisName"] == ["tenure", "age"]
    assert metrics[4]["XAxisName"] == "fpr"
    assert not lint(json.dumps(assertions.Template.from_stack(stack).to_json()))


def test_a_card_is_a_draft_by_default_and_named_for_its_place(stack: cdk.Stack) -> None:
    made = ModelCard(
        stack, "C", content=ModelCardContent(), removal_policy=cdk.RemovalPolicy.DESTROY
    )

    found = card(stack)
    assert found["DeletionPolicy"] == "Delete"
    assert found["Properties"] == {
        "Content": {},
        "ModelCardName": made.model_card_name,
        "ModelCardStatus": "Draft",
    }


def test_reading_and_updating_include_the_key(stack: cdk.Stack, key: kms.IKey) -> None:
    imported = ModelCard.from_model_card_name(stack, "C", "Churn", encryption_key=key)
    policy = iam.ManagedPolicy(stack, "P")

    imported.grant_read(policy)
    imported.grant_update(policy)

    (found,) = (
        assertions.Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy").values()
    )
    statements = found["Properties"]["PolicyDocument"]["Statement"]
    assert [statement["Action"] for statement in statements] == [
        ["sagemaker:DescribeModelCard", "sagemaker:ListModelCardVersions"],
        "kms:Decrypt",
        [
            "sagemaker:DescribeModelCard",
            "sagemaker:ListModelCardVersions",
            "sagemaker:UpdateModelCard",
        ],
        ["kms:Decrypt", "kms:GenerateDataKey"],
    ]
    assert "model-card/churn" in str(statements[0]["Resource"])


def test_a_card_without_a_key_grants_no_key(stack: cdk.Stack) -> None:
    policy = iam.ManagedPolicy(stack, "P")
    ModelCard.from_model_card_name(stack, "C", "churn").grant_read(policy)

    assert "kms" not in str(assertions.Template.from_stack(stack).to_json())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (overview(model_name="x" * 1025), "model_overview.model_name: got 1025 characters"),
        (overview(model_artifact=["a"] * 16), "model_overview.model_artifact: got 16; allowed are"),
        (
            overview(model_artifact=["x" * 1025]),
            "model_overview.model_artifact[0]: got 1025 characters",
        ),
        (
            ModelCardContent(
                evaluation_details=[EvaluationDetail(name="", metadata={"a": "x" * 1025})]
            ),
            "evaluation_details[0].name: got an empty text; allowed is at least 1 character",
        ),
        (
            ModelCardContent(
                evaluation_details=[EvaluationDetail(name="a", metadata={"a": "x" * 1025})]
            ),
            "evaluation_details[0].metadata['a']: got 1025 characters",
        ),
        (
            ModelCardContent(
                training_details=TrainingDetails(
                    training_job_details=TrainingJobDetails(
                        hyper_parameters=[HyperParameter(name="a", value="b")] * 101
                    )
                )
            ),
            "training_job_details.hyper_parameters: got 101; allowed are at most 100",
        ),
        (
            ModelCardContent(
                additional_information=AdditionalInformation(
                    custom_details={str(number): "x" * 1000 for number in range(100)}
                )
            ),
            "as JSON; allowed are 100000; move details to a document",
        ),
    ],
)
def test_content_that_aws_rejects(
    stack: cdk.Stack, content: ModelCardContent, problem: str
) -> None:
    with pytest.raises(ValueError, match="ModelCard S/C cannot be defined") as error:
        ModelCard(stack, "C", content=content)

    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("metric", "problem"),
    [
        (lambda: Metric.text("m", "x" * 64), "Metric 'm': got 64 characters; allowed are at most"),
        (lambda: Metric.bar_chart("m", []), "Metric 'm': got 0 bars and 0 names"),
        (lambda: Metric.bar_chart("m", [1], bars=["a", "b"]), "got 1 bars and 2 names"),
        (lambda: Metric.linear_graph("m", []), "got no points, or points that are not pairs"),
        (lambda: Metric.matrix("m", [[0] * 21]), r"got 1 rows of \[21\] columns; allowed are 1 to"),
        (lambda: Metric.matrix("m", [[]]), r"got 1 rows of \[0\] columns"),
    ],
)
def test_a_metric_that_aws_rejects(metric: Callable[[], Metric], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        metric()


@pytest.mark.parametrize("name", ["-a", "a_b", "x" * 64])
def test_a_name_that_aws_rejects(stack: cdk.Stack, name: str) -> None:
    with pytest.raises(ValueError, match="model_card_name: got '"):
        ModelCard(stack, "C", content=ModelCardContent(), model_card_name=name)


def test_a_region_without_model_cards_is_rejected() -> None:
    stack = cdk.Stack(cdk.App(), "S", env=cdk.Environment(region="ap-east-2"))

    with pytest.raises(ValueError, match="ap-east-2, where CloudFormation has no AWS::SageMaker"):
        ModelCard(stack, "C", content=ModelCardContent())
