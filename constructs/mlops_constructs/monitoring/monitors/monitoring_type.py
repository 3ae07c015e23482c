"""Types of monitoring: data quality, model quality, model bias and model explainability."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aws_cdk import aws_s3 as s3

from mlops_constructs._problems import is_known, outside

from ._analysis_type import (
    DATA_QUALITY,
    MODEL_BIAS,
    MODEL_EXPLAINABILITY,
    MODEL_QUALITY,
    AnalysisType,
)
from ._stored import StoredFile, key_problems
from .ground_truth import GroundTruth
from .monitoring_frequency import MonitoringFrequency

PROBLEM_TYPES = ("BinaryClassification", "MulticlassClassification", "Regression")


@dataclass(frozen=True, kw_only=True)
class MonitoringType:
    """The type of monitoring; use its static factories.

    Both monitors support all types. `inference_attribute` and `probability_attribute` are for AWS's
    prebuilt images, which need to know the position of the prediction in a response: the index of a
    CSV column, or a JMESPath expression for JSON. The image of a project finds both, except in the
    output of transform jobs with an `OutputFilter`.
    """

    analysis_type: AnalysisType
    ground_truth: GroundTruth | None = None
    problem_type: str | None = None
    analysis_config: StoredFile | None = None
    model_data: StoredFile | None = None
    inference_attribute: str | None = None
    probability_attribute: str | None = None
    probability_threshold: float | None = None
    incomplete: Sequence[str] = ()

    @staticmethod
    def data_quality() -> "MonitoringType":
        """Compares requests with the training data: completeness, data types and distributions.

        Example:
            ```python
            MonitoringType.data_quality()
            ```
        """
        return MonitoringType(analysis_type=DATA_QUALITY)

    @staticmethod
    def model_quality(
        *,
        problem_type: str,
        ground_truth: GroundTruth,
        inference_attribute: str | None = None,
        probability_attribute: str | None = None,
        probability_threshold: float | None = None,
    ) -> "MonitoringType":
        """Compares the quality of the model's predictions with its evaluation.

        Args:
            problem_type: `BinaryClassification`, `MulticlassClassification` or `Regression`.
            ground_truth: actual labels.
            inference_attribute: position of the label in a response. Defaults to None: the image
                finds it.
            probability_attribute: position of the probability in a response. Defaults to None: the
                image finds it.
            probability_threshold: probability, 0 to 1, from which on a binary prediction is
                positive. Defaults to None: 0.5.

        Example:
            ```python
            MonitoringType.model_quality(
                problem_type="BinaryClassification",
                ground_truth=GroundTruth.in_bucket(bucket, prefix="ground-truth"),
            )
            ```
        """
        return MonitoringType(
            analysis_type=MODEL_QUALITY,
            problem_type=problem_type,
            ground_truth=ground_truth,
            inference_attribute=inference_attribute,
            probability_attribute=probability_attribute,
            probability_threshold=probability_threshold,
        )

    @staticmethod
    def model_bias(
        *,
        ground_truth: GroundTruth,
        analysis_config_bucket: s3.IBucket,
        analysis_config_key: str,
        inference_attribute: str | None = None,
        probability_attribute: str | None = None,
        probability_threshold: float | None = None,
    ) -> "MonitoringType":
        """Compares the bias of predictions between groups with the bias at training.

        Args:
            ground_truth: actual labels.
            analysis_config_bucket: bucket of the analysis configuration.
            analysis_config_key: key of the JSON file with `label`, the favorable
                `label_values_or_threshold`, the groups (`facet`) and the columns of requests
                (`headers`), in the format of SageMaker Clarify.
            inference_attribute: position of the label in a response. Defaults to None: the image
                finds it.
            probability_attribute: position of the probability in a response. Defaults to None: the
                image finds it.
            probability_threshold: probability, 0 to 1, from which on a binary prediction is
                positive; not supported by a `DriftMonitor`. Defaults to None: 0.5.

        Source: "Analysis configuration files" of SageMaker Clarify's developer guide.

        Example:
            ```python
            MonitoringType.model_bias(
                ground_truth=GroundTruth.in_bucket(bucket, prefix="ground-truth"),
                analysis_config_bucket=bucket,
                analysis_config_key="monitoring/analysis_config.json",
            )
            ```
        """
        return MonitoringType(
            analysis_type=MODEL_BIAS,
            ground_truth=ground_truth,
            analysis_config=StoredFile(bucket=analysis_config_bucket, key=analysis_config_key),
            inference_attribute=inference_attribute,
            probability_attribute=probability_attribute,
            probability_threshold=probability_threshold,
        )

    @staticmethod
    def model_explainability(
        *,
        analysis_config_bucket: s3.IBucket | None = None,
        analysis_config_key: str | None = None,
        model_data_bucket: s3.IBucket | None = None,
        model_data_key: str | None = None,
    ) -> "MonitoringType":
        """Compares feature attribution with that of the baseline.

        Args:
            analysis_config_bucket: bucket of Clarify's analysis configuration; a `ModelMonitor`
                requires it. Defaults to None: no configuration.
            analysis_config_key: key of that JSON file, required with the bucket. Defaults to None:
                no configuration.
            model_data_bucket: bucket of the model archive; a `DriftMonitor` requires it to
                attribute predictions to features. Defaults to None: no model.
            model_data_key: key of that `model.tar.gz`, required with the bucket. Defaults to None:
                no model.

        Example:
            ```python
            MonitoringType.model_explainability(
                model_data_bucket=bucket, model_data_key="models/churn/model.tar.gz"
            )
            ```
        """
        return MonitoringType(
            analysis_type=MODEL_EXPLAINABILITY,
            analysis_config=_file(analysis_config_bucket, analysis_config_key),
            model_data=_file(model_data_bucket, model_data_key),
            incomplete=[
                f"{name}_bucket and {name}_key: got one of them; give both or neither"
                for name, bucket, key in (
                    ("analysis_config", analysis_config_bucket, analysis_config_key),
                    ("model_data", model_data_bucket, model_data_key),
                )
                if (bucket is None) != (key is None)
            ],
        )

    @property
    def files(self) -> list[StoredFile]:
        """The files that a run reads in addition to the traffic and the baseline."""
        return [file for file in (self.analysis_config, self.model_data) if file is not None]

    def offsets(self, frequency: MonitoringFrequency) -> tuple[str, str] | None:
        """Returns start and end of the analysed period relative to a run; None without a delay.

        Args:
            frequency: schedule of the runs.
        """
        if self.ground_truth is None or not self.ground_truth.delay_hours:
            return None
        delay = self.ground_truth.delay_hours
        return f"-PT{delay + frequency.hours}H", f"-PT{delay}H"

    def problems(self) -> Iterator[str]:
        """Validates the type; yields one message per problem."""
        yield from self.incomplete
        if is_known(self.problem_type) and self.problem_type not in PROBLEM_TYPES:
            yield (
                f"problem_type: got {self.problem_type!r}; allowed are {', '.join(PROBLEM_TYPES)}"
            )
        if outside(self.probability_threshold, 0, 1):
            yield (f"probability_threshold: got {self.probability_threshold}; allowed are 0 to 1")
        if self.ground_truth is not None:
            yield from self.ground_truth.problems()
        if self.analysis_config is not None:
            yield from key_problems("analysis_config_key", self.analysis_config.key)
        if self.model_data is not None:
            yield from key_problems("model_data_key", self.model_data.key)


def _file(bucket: s3.IBucket | None, key: str | None) -> StoredFile | None:
    return StoredFile(bucket=bucket, key=key) if bucket is not None and key is not None else None
