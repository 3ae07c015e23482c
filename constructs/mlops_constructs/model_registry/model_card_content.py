"""What a model card says, section by section, as AWS's model card schema has it."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ._content_rules import items, required_text, text, texts
from .model_card_metrics import MetricGroup


class RiskRating(enum.StrEnum):
    """How much harm a wrong prediction does."""

    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"
    UNKNOWN = "Unknown"


class ObjectiveDirection(enum.StrEnum):
    """Whether training makes its objective large or small."""

    MAXIMIZE = "Maximize"
    MINIMIZE = "Minimize"


@dataclass(frozen=True, kw_only=True)
class InferenceEnvironment:
    """Where a model serves: up to 15 images."""

    container_image: Sequence[str] = texts(longest=1024, most=15)


@dataclass(frozen=True, kw_only=True)
class ModelOverview:
    """What a model is and whose it is. `model_artifact` are up to 15 places of model data."""

    model_id: str | None = text(1024)
    model_name: str | None = text(1024)
    model_description: str | None = text(1024)
    model_version: int | None = None
    problem_type: str | None = text(1024)
    algorithm_type: str | None = text(1024)
    model_creator: str | None = text(1024)
    model_owner: str | None = text(1024)
    model_artifact: Sequence[str] = texts(longest=1024, most=15)
    inference_environment: InferenceEnvironment | None = None


@dataclass(frozen=True, kw_only=True)
class IntendedUses:
    """What a model is for, what it is not for, and how much depends on it."""

    purpose_of_model: str | None = text(2048)
    intended_uses: str | None = text(2048)
    factors_affecting_model_efficiency: str | None = text(2048)
    risk_rating: RiskRating | None = None
    explanations_for_risk_rating: str | None = text(2048)


@dataclass(frozen=True, kw_only=True)
class BusinessDetails:
    """Which business a model serves."""

    business_problem: str | None = text(2048)
    business_stakeholders: str | None = text(2048)
    line_of_business: str | None = text(2048)


@dataclass(frozen=True, kw_only=True)
class ObjectiveFormula:
    """What training optimises: `facet` (such as `AUC`) under `condition`."""

    function: ObjectiveDirection | None = None
    facet: str | None = text(63)
    condition: str | None = text(63)


@dataclass(frozen=True, kw_only=True)
class ObjectiveFunction:
    """The objective of training."""

    function: ObjectiveFormula | None = None
    notes: str | None = text(1024)


@dataclass(frozen=True, kw_only=True)
class TrainingMetric:
    """A number that training reported."""

    name: str = required_text(255)
    value: float
    notes: str | None = text(1024)


@dataclass(frozen=True, kw_only=True)
class HyperParameter:
    """A setting of training."""

    name: str = required_text(255)
    value: str = required_text(255)


@dataclass(frozen=True, kw_only=True)
class TrainingJobDetails:
    """The job that trained a model: its data, its images, its settings and its metrics."""

    training_arn: str | None = text(1024)
    training_datasets: Sequence[str] = texts(longest=1024, most=15)
    training_environment: InferenceEnvironment | None = None
    hyper_parameters: Sequence[HyperParameter] = items(100)
    training_metrics: Sequence[TrainingMetric] = items(50)
    user_provided_hyper_parameters: Sequence[HyperParameter] = items(100)
    user_provided_training_metrics: Sequence[TrainingMetric] = items(50)


@dataclass(frozen=True, kw_only=True)
class TrainingDetails:
    """How a model was trained."""

    objective_function: ObjectiveFunction | None = None
    training_observations: str | None = text(1024)
    training_job_details: TrainingJobDetails | None = None


@dataclass(frozen=True, kw_only=True)
class EvaluationDetail:
    """One evaluation: its data, its job and its metrics."""

    name: str = required_text(63)
    evaluation_observation: str | None = text(2096)
    evaluation_job_arn: str | None = text(256)
    datasets: Sequence[str] = texts(longest=1024, most=10)
    metadata: Mapping[str, str] = field(default_factory=dict, metadata={"longest": 1024})
    metric_groups: Sequence[MetricGroup] = items()


@dataclass(frozen=True, kw_only=True)
class AdditionalInformation:
    """What else there is to know; `custom_details` are texts by names of your own."""

    ethical_considerations: str | None = text(2048)
    caveats_and_recommendations: str | None = text(2048)
    custom_details: Mapping[str, str] = field(default_factory=dict, metadata={"longest": 1024})


@dataclass(frozen=True, kw_only=True)
class ModelPackageDetails:
    """The registered version that a card is about."""

    model_package_arn: str | None = text(2048)
    model_package_group_name: str | None = text(63)
    model_package_version: int | None = None
    model_package_description: str | None = text(1024)
    model_approval_status: str | None = text(63)
    approval_description: str | None = text(1024)


@dataclass(frozen=True, kw_only=True)
class ModelCardContent:
    """Defines what a model card says; every section may be left out.

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
