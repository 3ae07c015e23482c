"""The model registry: model package groups, approval events and model cards."""

from .approval_events import ApprovalDeadLetterQueue, ApprovalEventBus
from .model_card import ModelCard, ModelCardBase, ModelCardStatus
from .model_card_content import (
    AdditionalInformation,
    BusinessDetails,
    EvaluationDetail,
    HyperParameter,
    InferenceEnvironment,
    IntendedUses,
    ModelCardContent,
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
from .model_card_metrics import Metric, MetricGroup
from .model_package_group import ModelPackageGroup
from .model_package_group_base import ModelPackageGroupBase
from .registry_sharing import RegistrySharing

__all__ = [
    "AdditionalInformation",
    "ApprovalDeadLetterQueue",
    "ApprovalEventBus",
    "BusinessDetails",
    "EvaluationDetail",
    "HyperParameter",
    "InferenceEnvironment",
    "IntendedUses",
    "Metric",
    "MetricGroup",
    "ModelCard",
    "ModelCardBase",
    "ModelCardContent",
    "ModelCardStatus",
    "ModelOverview",
    "ModelPackageDetails",
    "ModelPackageGroup",
    "ModelPackageGroupBase",
    "ObjectiveDirection",
    "ObjectiveFormula",
    "ObjectiveFunction",
    "RegistrySharing",
    "RiskRating",
    "TrainingDetails",
    "TrainingJobDetails",
    "TrainingMetric",
]
