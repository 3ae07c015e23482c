"""Files of a run that the model registry refers to."""

from dataclasses import dataclass
from typing import Any

from sagemaker.core.drift_check_baselines import DriftCheckBaselines
from sagemaker.core.model_metrics import FileSource, MetricsSource, ModelMetrics
from sagemaker.core.workflow.functions import Join

JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class Registration:
    """Metrics and baselines of a model package.

    Args:
        evaluation: S3 URI of the folder with the evaluation.
        data_report: S3 URI of the folder with the report of the table; None without one.
        baseline: S3 URI of the folder with the baselines.
        bias: True if bias was measured.
    """

    evaluation: Any
    data_report: Any
    baseline: Any
    bias: bool

    def metrics(self) -> Any:
        """Returns the metrics of the package: the evaluation, attributions, and bias."""
        return ModelMetrics(
            model_statistics=_json(self.evaluation, "evaluation.json"),
            explainability=_json(self.baseline, "explainability/statistics.json"),
            bias=_json(self.baseline, "bias/statistics.json") if self.bias else None,
        )

    def pages(self) -> dict[str, Any]:
        """Returns the S3 URIs of the pages on the model and on its table."""
        found = {"evaluation": _file(self.evaluation, "evaluation.html")}
        if self.data_report is not None:
            found["data_report"] = _file(self.data_report, "data_report.html")
        return found

    def baselines(self) -> Any:
        """Returns the baselines that the monitors of an endpoint of this package read.

        Source:
            https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-quality-clarify-baseline-lifecycle.html
        """
        bias: dict[str, Any] = {}
        if self.bias:
            # Bias drift compares the metrics of both stages, so they are in one file.
            measured = _json(self.baseline, "bias/constraints.json")
            bias = {
                "bias_pre_training_constraints": measured,
                "bias_post_training_constraints": measured,
                "bias_config_file": FileSource(
                    content_type=JSON, s3_uri=_file(self.baseline, "bias/analysis_config.json")
                ),
            }
        return DriftCheckBaselines(
            model_data_statistics=_json(self.baseline, "data-quality/statistics.json"),
            model_data_constraints=_json(self.baseline, "data-quality/constraints.json"),
            model_statistics=_json(self.baseline, "model-quality/statistics.json"),
            model_constraints=_json(self.baseline, "model-quality/constraints.json"),
            explainability_constraints=_json(self.baseline, "explainability/constraints.json"),
            **bias,
        )


def _file(folder: Any, name: str) -> Any:
    return Join(on="/", values=[folder, name])


def _json(folder: Any, name: str) -> Any:
    return MetricsSource(content_type=JSON, s3_uri=_file(folder, name))
