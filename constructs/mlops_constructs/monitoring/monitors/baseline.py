"""Baselines: the statistics and constraints that traffic is compared with."""

from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import aws_s3 as s3

from mlops_constructs._problems import is_known

from ._analysis_type import AnalysisType
from ._stored import StoredFile, key_problems
from .monitoring_output import MonitoringOutput


@dataclass(frozen=True, kw_only=True)
class BaselineFiles:
    """The files of a baseline."""

    constraints: StoredFile
    statistics: StoredFile | None
    job_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """The baseline that traffic is compared with; use its static factories."""

    files: BaselineFiles | None = None
    dataset: StoredFile | None = None
    target: str | None = None
    model_data: StoredFile | None = None

    @staticmethod
    def from_files(
        bucket: s3.IBucket,
        *,
        constraints_key: str,
        statistics_key: str | None = None,
        baselining_job_name: str | None = None,
    ) -> "Baseline":
        """Returns an existing baseline, for example from the evaluation step of a pipeline.

        Args:
            bucket: bucket of the files.
            constraints_key: key of `constraints.json`; for model bias and model explainability the
                `analysis.json` of Clarify.
            statistics_key: key of `statistics.json`, which data quality needs to detect drift.
                Defaults to None: no statistics.
            baselining_job_name: name of the job that wrote them, 1 to 63 characters. Defaults to
                None: the job definition has no name of a job.

        Source: "Create a baseline" of SageMaker Model Monitor's developer guide.

        Example:
            ```python
            Baseline.from_files(
                bucket,
                constraints_key="baseline/constraints.json",
                statistics_key="baseline/statistics.json",
            )
            ```
        """
        return Baseline(
            files=BaselineFiles(
                constraints=StoredFile(bucket=bucket, key=constraints_key),
                statistics=StoredFile(bucket=bucket, key=statistics_key)
                if statistics_key is not None
                else None,
                job_name=baselining_job_name,
            )
        )

    @staticmethod
    def from_job(
        dataset_bucket: s3.IBucket,
        *,
        dataset_key: str,
        target: str | None = None,
        model_data_bucket: s3.IBucket | None = None,
        model_data_key: str | None = None,
    ) -> "Baseline":
        """Returns a baseline that a job of the monitor creates from the training data.

        A job is an execution, not a state that a deployment could keep: the monitor defines a state
        machine, `monitor.baseline_job`, which starts the job, for example as target of a rule for
        approved models. Until it has run, runs of the monitor find no baseline and fail. The files
        are written below `<reports>/baseline/<monitor>/`.

        Args:
            dataset_bucket: bucket of the training data.
            dataset_key: key of a CSV file with a header and the columns in the order of requests.
            target: column with the actual label, which requests do not have. Defaults to None: the
                file has no such column.
            model_data_bucket: bucket of the model archive, with which baselines of model quality
                and model bias predict the labels of the rows. Defaults to None: no model.
            model_data_key: key of that `model.tar.gz`, required with the bucket. Defaults to None:
                no model.

        Example:
            ```python
            Baseline.from_job(bucket, dataset_key="data/train.csv", target="churned")
            ```
        """
        model = (
            StoredFile(bucket=model_data_bucket, key=model_data_key)
            if model_data_bucket is not None and model_data_key is not None
            else None
        )
        return Baseline(
            dataset=StoredFile(bucket=dataset_bucket, key=dataset_key),
            target=target,
            model_data=model,
        )

    @property
    def read_files(self) -> list[StoredFile]:
        """The files that the baselining job reads."""
        return [file for file in (self.dataset, self.model_data) if file is not None]

    def located(self, monitoring_output: MonitoringOutput, monitor_name: str) -> BaselineFiles:
        """Returns the given files, or those that the baselining job will write.

        Args:
            monitoring_output: output of the monitor.
            monitor_name: name of the monitor.
        """
        if self.files is not None:
            return self.files
        folder = f"{monitoring_output.prefix}/baseline/{monitor_name}"
        return BaselineFiles(
            constraints=StoredFile(
                bucket=monitoring_output.bucket, key=f"{folder}/constraints.json"
            ),
            statistics=StoredFile(bucket=monitoring_output.bucket, key=f"{folder}/statistics.json"),
        )

    def problems(self, analysis_type: AnalysisType) -> Iterator[str]:
        """Validates the baseline; yields one message per problem.

        Args:
            analysis_type: type of the analysis.
        """
        if self.dataset is not None:
            yield from key_problems("baseline dataset_key", self.dataset.key)
            if analysis_type.compares_labels and self.model_data is None:
                yield (
                    f"baseline: got Baseline.from_job for {analysis_type.name} without the model, "
                    "which predicts the labels of the dataset; give model_data_bucket and "
                    "model_data_key"
                )
            if self.model_data is not None:
                yield from key_problems("baseline model_data_key", self.model_data.key)
        if self.files is None:
            return
        yield from key_problems("baseline constraints_key", self.files.constraints.key)
        if self.files.statistics is not None:
            yield from key_problems("baseline statistics_key", self.files.statistics.key)
        elif analysis_type.has_statistics:
            yield (
                "baseline statistics_key: got none for data quality, which compares distributions; "
                "give the key of statistics.json"
            )
        name = self.files.job_name
        if is_known(name) and name is not None and not 1 <= len(name) <= 63:
            yield (f"baseline baselining_job_name: got {len(name)} characters; allowed are 1 to 63")
