"""What AWS calls the four questions, and how its resource types for them differ."""

from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_sagemaker as sagemaker

from .monitoring_image import ANALYZER, CLARIFY


@dataclass(frozen=True, kw_only=True)
class AnalysisType:
    """What AWS calls a question, and what it has for it.

    Args:
        name: the name in the environment of the container.
        definition: CloudFormation's type of the job definition.
        argument: how the arguments of that type begin.
        member: how its members begin.
        metrics: last part of the CloudWatch namespace.
        image: AWS's image that answers it.
        has_statistics: whether a baseline has statistics beside its constraints.
        compares_labels: whether it needs ground truth, so that it may look at older traffic.
        longest_hourly_run: seconds that a run of an hourly schedule may take: with ground truth
            AWS needs half of the hour to merge it.
    """

    name: str
    definition: type[Any]
    argument: str
    member: str
    metrics: str
    image: str
    has_statistics: bool = False
    compares_labels: bool = False
    longest_hourly_run: int = 3600

    @property
    def resource_type(self) -> str:
        return f"AWS::SageMaker::{self.member}JobDefinition"

    def namespace(self, *, of_endpoint: bool) -> str:
        """Where Model Monitor's own images put their metrics."""
        place = "Endpoints" if of_endpoint else "ModelMonitoring"
        return f"aws/sagemaker/{place}/{self.metrics}"


DATA_QUALITY = AnalysisType(
    name="DATA_QUALITY",
    definition=sagemaker.CfnDataQualityJobDefinition,
    argument="data_quality",
    member="DataQuality",
    metrics="data-metrics",
    image=ANALYZER,
    has_statistics=True,
)
MODEL_QUALITY = AnalysisType(
    name="MODEL_QUALITY",
    definition=sagemaker.CfnModelQualityJobDefinition,
    argument="model_quality",
    member="ModelQuality",
    metrics="model-metrics",
    image=ANALYZER,
    compares_labels=True,
    longest_hourly_run=1800,
)
MODEL_BIAS = AnalysisType(
    name="MODEL_BIAS",
    definition=sagemaker.CfnModelBiasJobDefinition,
    argument="model_bias",
    member="ModelBias",
    metrics="bias-metrics",
    image=CLARIFY,
    compares_labels=True,
    longest_hourly_run=1800,
)
MODEL_EXPLAINABILITY = AnalysisType(
    name="MODEL_EXPLAINABILITY",
    definition=sagemaker.CfnModelExplainabilityJobDefinition,
    argument="model_explainability",
    member="ModelExplainability",
    metrics="explainability-metrics",
    image=CLARIFY,
)

ANALYSIS_TYPES = {
    analysis_type.name: analysis_type
    for analysis_type in (DATA_QUALITY, MODEL_QUALITY, MODEL_BIAS, MODEL_EXPLAINABILITY)
}
