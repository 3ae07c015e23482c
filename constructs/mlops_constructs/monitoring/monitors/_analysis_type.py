"""Types of analysis with their resource types and images."""

from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_sagemaker as sagemaker

from .monitoring_image import ANALYZER, CLARIFY


@dataclass(frozen=True, kw_only=True)
class AnalysisType:
    """A type of analysis: its names, its resource type and its image.

    Args:
        name: value of `analysis_type` in the environment of the container.
        definition: level-1 class of the job definition.
        argument: prefix of the arguments of that class.
        member: prefix of the members of that type; also the MonitoringType of the schedule.
        metrics: last part of the CloudWatch namespace.
        image: kind of AWS's prebuilt image.
        has_statistics: True if a baseline has statistics in addition to constraints.
        compares_labels: True if the analysis needs ground truth and may read older traffic.
        max_hourly_run_seconds: maximum seconds of a run of an hourly schedule; with ground truth
            AWS needs half of the hour to merge labels.
    """

    name: str
    definition: type[Any]
    argument: str
    member: str
    metrics: str
    image: str
    has_statistics: bool = False
    compares_labels: bool = False
    max_hourly_run_seconds: int = 3600

    @property
    def resource_type(self) -> str:
        """The CloudFormation type of the job definition."""
        return f"AWS::SageMaker::{self.member}JobDefinition"

    def namespace(self, *, of_endpoint: bool) -> str:
        """Returns the namespace in which Model Monitor's prebuilt images publish metrics."""
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
    max_hourly_run_seconds=1800,
)
MODEL_BIAS = AnalysisType(
    name="MODEL_BIAS",
    definition=sagemaker.CfnModelBiasJobDefinition,
    argument="model_bias",
    member="ModelBias",
    metrics="bias-metrics",
    image=CLARIFY,
    compares_labels=True,
    max_hourly_run_seconds=1800,
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
