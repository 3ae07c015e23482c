"""The content of model cards, as AWS's model card schema defines it."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ._content_rules import items, required_text, text, text_by_name, texts
from .model_card_metrics import MetricGroup


class RiskRating(enum.StrEnum):
    """The risk of a wrong prediction."""

    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"
    UNKNOWN = "Unknown"


class ObjectiveDirection(enum.StrEnum):
    """The direction in which training optimizes its objective."""

    MAXIMIZE = "Maximize"
    MINIMIZE = "Minimize"


@dataclass(frozen=True, kw_only=True)
class InferenceEnvironment:
    """The images of a model.

    Args:
        container_image: URIs of up to 15 images, each of up to 1024 characters. Defaults to none.
    """

    container_image: Sequence[str] = texts(max_length=1024, max_count=15)


@dataclass(frozen=True, kw_only=True)
class ModelOverview:
    """The model and its owner.

    Args:
        model_id: identifier, up to 1024 characters. Defaults to None: omitted.
        model_name: name, up to 1024 characters. Defaults to None: omitted.
        model_description: description, up to 1024 characters. Defaults to None: omitted.
        model_version: version, for example 2. Defaults to None: omitted.
        problem_type: type of problem, up to 1024 characters. Defaults to None: omitted.
        algorithm_type: algorithm, up to 1024 characters. Defaults to None: omitted.
        model_creator: creator, up to 1024 characters. Defaults to None: omitted.
        model_owner: owner, up to 1024 characters. Defaults to None: omitted.
        model_artifact: locations of up to 15 model artifacts, each of up to 1024 characters.
            Defaults to none.
        inference_environment: images for inference. Defaults to None: omitted.
    """

    model_id: str | None = text(1024)
    model_name: str | None = text(1024)
    model_description: str | None = text(1024)
    model_version: int | None = None
    problem_type: str | None = text(1024)
    algorithm_type: str | None = text(1024)
    model_creator: str | None = text(1024)
    model_owner: str | None = text(1024)
    model_artifact: Sequence[str] = texts(max_length=1024, max_count=15)
    inference_environment: InferenceEnvironment | None = None


@dataclass(frozen=True, kw_only=True)
class IntendedUses:
    """The purpose, the uses and the risk of a model.

    Args:
        purpose_of_model: purpose, up to 2048 characters. Defaults to None: omitted.
        intended_uses: intended uses, up to 2048 characters. Defaults to None: omitted.
        factors_affecting_model_efficiency: factors, up to 2048 characters. Defaults to None:
            omitted.
        risk_rating: risk of a wrong prediction. Defaults to None: omitted.
        explanations_for_risk_rating: reasons, up to 2048 characters. Defaults to None: omitted.
    """

    purpose_of_model: str | None = text(2048)
    intended_uses: str | None = text(2048)
    factors_affecting_model_efficiency: str | None = text(2048)
    risk_rating: RiskRating | None = None
    explanations_for_risk_rating: str | None = text(2048)


@dataclass(frozen=True, kw_only=True)
class BusinessDetails:
    """The business context of a model.

    Args:
        business_problem: problem, up to 2048 characters. Defaults to None: omitted.
        business_stakeholders: stakeholders, up to 2048 characters. Defaults to None: omitted.
        line_of_business: line of business, up to 2048 characters. Defaults to None: omitted.
    """

    business_problem: str | None = text(2048)
    business_stakeholders: str | None = text(2048)
    line_of_business: str | None = text(2048)


@dataclass(frozen=True, kw_only=True)
class ObjectiveFormula:
    """The quantity that training optimizes.

    Args:
        function: direction of the optimization. Defaults to None: omitted.
        facet: quantity such as `AUC`, up to 63 characters. Defaults to None: omitted.
        condition: condition, up to 63 characters. Defaults to None: omitted.
    """

    function: ObjectiveDirection | None = None
    facet: str | None = text(63)
    condition: str | None = text(63)


@dataclass(frozen=True, kw_only=True)
class ObjectiveFunction:
    """The objective of training.

    Args:
        function: quantity that training optimizes. Defaults to None: omitted.
        notes: notes, up to 1024 characters. Defaults to None: omitted.
    """

    function: ObjectiveFormula | None = None
    notes: str | None = text(1024)


@dataclass(frozen=True, kw_only=True)
class TrainingMetric:
    """A metric that training reported.

    Args:
        name: name, 1 to 255 characters.
        value: value, such as 0.91.
        notes: notes, up to 1024 characters. Defaults to None: omitted.
    """

    name: str = required_text(255)
    value: float
    notes: str | None = text(1024)


@dataclass(frozen=True, kw_only=True)
class HyperParameter:
    """A hyperparameter of training.

    Args:
        name: name, 1 to 255 characters.
        value: value, 1 to 255 characters.
    """

    name: str = required_text(255)
    value: str = required_text(255)


@dataclass(frozen=True, kw_only=True)
class TrainingJobDetails:
    """The training job of a model: data, images, hyperparameters and metrics.

    Args:
        training_arn: ARN of the job, up to 1024 characters. Defaults to None: omitted.
        training_datasets: locations of up to 15 datasets, each of up to 1024 characters. Defaults
            to none.
        training_environment: images for training. Defaults to None: omitted.
        hyper_parameters: up to 100 hyperparameters of the job. Defaults to none.
        training_metrics: up to 50 metrics of the job. Defaults to none.
        user_provided_hyper_parameters: up to 100 further hyperparameters. Defaults to none.
        user_provided_training_metrics: up to 50 further metrics. Defaults to none.
    """

    training_arn: str | None = text(1024)
    training_datasets: Sequence[str] = texts(max_length=1024, max_count=15)
    training_environment: InferenceEnvironment | None = None
    hyper_parameters: Sequence[HyperParameter] = items(100)
    training_metrics: Sequence[TrainingMetric] = items(50)
    user_provided_hyper_parameters: Sequence[HyperParameter] = items(100)
    user_provided_training_metrics: Sequence[TrainingMetric] = items(50)


@dataclass(frozen=True, kw_only=True)
class TrainingDetails:
    """The training of a model.

    Args:
        objective_function: objective of training. Defaults to None: omitted.
        training_observations: observations, up to 1024 characters. Defaults to None: omitted.
        training_job_details: training job. Defaults to None: omitted.
    """

    objective_function: ObjectiveFunction | None = None
    training_observations: str | None = text(1024)
    training_job_details: TrainingJobDetails | None = None


@dataclass(frozen=True, kw_only=True)
class EvaluationDetail:
    """An evaluation: data, job and metrics.

    Args:
        name: name, 1 to 63 characters.
        evaluation_observation: observations, up to 2096 characters. Defaults to None: omitted.
        evaluation_job_arn: ARN of the job, up to 256 characters. Defaults to None: omitted.
        datasets: locations of up to 10 datasets, each of up to 1024 characters. Defaults to none.
        metadata: texts of up to 1024 characters by custom names. Defaults to none.
        metric_groups: metrics by group. Defaults to none.
    """

    name: str = required_text(63)
    evaluation_observation: str | None = text(2096)
    evaluation_job_arn: str | None = text(256)
    datasets: Sequence[str] = texts(max_length=1024, max_count=10)
    metadata: Mapping[str, str] = text_by_name()
    metric_groups: Sequence[MetricGroup] = items()


@dataclass(frozen=True, kw_only=True)
class AdditionalInformation:
    """Further information on a model.

    Args:
        ethical_considerations: considerations, up to 2048 characters. Defaults to None: omitted.
        caveats_and_recommendations: caveats, up to 2048 characters. Defaults to None: omitted.
        custom_details: texts of up to 1024 characters by custom names. Defaults to none.
    """

    ethical_considerations: str | None = text(2048)
    caveats_and_recommendations: str | None = text(2048)
    custom_details: Mapping[str, str] = text_by_name()


@dataclass(frozen=True, kw_only=True)
class ModelPackageDetails:
    """The model package that the card describes.

    Args:
        model_package_arn: ARN, up to 2048 characters. Defaults to None: omitted.
        model_package_group_name: name of the group, up to 63 characters. Defaults to None: omitted.
        model_package_version: version, at least 1. Defaults to None: omitted.
        model_package_description: description, up to 1024 characters. Defaults to None: omitted.
        model_approval_status: approval status, up to 63 characters. Defaults to None: omitted.
        approval_description: reason of the status, up to 1024 characters. Defaults to None:
            omitted.
    """

    model_package_arn: str | None = text(2048)
    model_package_group_name: str | None = text(63)
    model_package_version: int | None = None
    model_package_description: str | None = text(1024)
    model_approval_status: str | None = text(63)
    approval_description: str | None = text(1024)


@dataclass(frozen=True, kw_only=True)
class ModelCardContent:
    """The content of a model card; all sections are optional.

    Args:
        model_overview: the model and its owner. Defaults to None: omitted.
        model_package_details: model package that the card describes. Defaults to None: omitted.
        intended_uses: purpose, uses and risk. Defaults to None: omitted.
        business_details: business context. Defaults to None: omitted.
        training_details: training. Defaults to None: omitted.
        evaluation_details: evaluations. Defaults to none.
        additional_information: further information. Defaults to None: omitted.

    Source: "Model card JSON schema" in SageMaker's developer guide, and the Content of
    AWS::SageMaker::ModelCard.

    Example:
        ```python
        ModelCardContent(
            model_overview=ModelOverview(model_name="churn", model_owner="Growth"),
            intended_uses=IntendedUses(
                purpose_of_model="Find customers who are about to leave.",
                risk_rating=RiskRating.LOW,
            ),
            evaluation_details=[
                EvaluationDetail(
                    name="hold-out",
                    metric_groups=[
                        MetricGroup(name="quality", metric_data=[Metric.number("auc", 0.91)])
                    ],
                )
            ],
        )
        ```
    """

    model_overview: ModelOverview | None = None
    model_package_details: ModelPackageDetails | None = None
    intended_uses: IntendedUses | None = None
    business_details: BusinessDetails | None = None
    training_details: TrainingDetails | None = None
    evaluation_details: Sequence[EvaluationDetail] = items()
    additional_information: AdditionalInformation | None = None
