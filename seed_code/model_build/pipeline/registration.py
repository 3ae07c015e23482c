"""Files of a run that the model registry refers to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sagemaker.core.drift_check_baselines import DriftCheckBaselines
from sagemaker.core.model_metrics import FileSource, MetricsSource, ModelMetrics
from sagemaker.core.shapes import ModelPackageModelCard
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

    def card(self, *, target: str, problem_type: str, commit: str, champion: Any, data: Any) -> Any:
        """Returns the model card of the package, which a user completes in SageMaker Studio.

        Args:
            target: heading of the target column.
            problem_type: kind of target.
            commit: commit of the code.
            champion: ARN of the version that the model was compared with.
            data: S3 URI of the table.

        Source:
            https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-details.html#model-card-schema
        """
        details = {"commit": commit, "champion": "{champion}", "baselines": "{baseline}"}
        if self.data_report is not None:
            details["data_report"] = "{data_report}/data_report.html"
        content = {
            "training_details": {
                "training_observations": f"Predicts {target}, a {problem_type} target.",
                "training_job_details": {"training_datasets": ["{data}"]},
            },
            "evaluation_details": [
                {
                    "name": "Held-out rows",
                    "evaluation_observation": "Metrics with intervals, slices, calibration, and "
                    "the comparison with the deployed model.",
                    "metadata": {
                        "page": "{evaluation}/evaluation.html",
                        "metrics": "{evaluation}/evaluation.json",
                    },
                }
            ],
            "additional_information": {"custom_details": details},
        }
        values = {
            "champion": champion,
            "baseline": self.baseline,
            "data_report": self.data_report,
            "data": data,
            "evaluation": self.evaluation,
        }
        return ModelPackageModelCard(
            model_card_content=_filled(json.dumps(content), values), model_card_status="Draft"
        )

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
            explainability_config_file=FileSource(
                content_type=JSON,
                s3_uri=_file(self.baseline, "explainability/analysis_config.json"),
            ),
            **bias,
        )


def _filled(text: str, values: Mapping[str, Any]) -> Any:
    """Returns a text whose places in braces an execution replaces by values."""
    pieces: list[Any] = [text]
    for name, value in values.items():
        place = f"{{{name}}}"
        pieces = [
            part
            for piece in pieces
            for part in (_parted(piece, place, value) if isinstance(piece, str) else [piece])
        ]
    return Join(on="", values=pieces)


def _parted(text: str, place: str, value: Any) -> list[Any]:
    first, *others = text.split(place)
    return [first, *(part for other in others for part in (value, other))]


def _file(folder: Any, name: str) -> Any:
    return Join(on="/", values=[folder, name])


def _json(folder: Any, name: str) -> Any:
    return MetricsSource(content_type=JSON, s3_uri=_file(folder, name))
