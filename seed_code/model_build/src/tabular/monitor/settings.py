"""What a run is told by its environment.

The names are those that Model Monitor gives to its containers. Some are ours, for a processing job
that nobody prepares data for: `period_hours`, `ground_truth_source`, `ground_truth_delay_hours`,
`metrics_namespace`, `model_source` and `variant_name`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from tabular.failure import InputError

CAPTURED = ("sagemakerCaptureJson", "sagemakerMergeJson")
CSV_FILES, JSON_FILES, PARQUET_FILES = "csv", "json", "parquet"
FORMATS = (*CAPTURED, CSV_FILES, JSON_FILES, PARQUET_FILES)
# Where Clarify's own container finds its configuration, which Model Monitor calls by no variable.
ANALYSIS_CONFIG = "/opt/ml/processing/input/config/analysis_config.json"
METRICS_FILE = "/opt/ml/output/metrics/cloudwatch/cloudwatch_metrics.jsonl"


class Analysis(StrEnum):
    """The questions that a run can answer."""

    DATA_QUALITY = "DATA_QUALITY"
    MODEL_QUALITY = "MODEL_QUALITY"
    MODEL_BIAS = "MODEL_BIAS"
    MODEL_EXPLAINABILITY = "MODEL_EXPLAINABILITY"


@dataclass(frozen=True, kw_only=True)
class Window:
    """The time that a run looks at: from `start` on, before `end`."""

    start: datetime
    end: datetime

    def hours(self) -> list[str]:
        """The folders of its hours, as SageMaker names them."""
        count = max(0, int((self.end - self.start) / timedelta(hours=1)))
        return [f"{self.start + timedelta(hours=hour):%Y/%m/%d/%H}" for hour in range(count)]

    def holds(self, moment: datetime | None) -> bool:
        """Whether a moment lies in it; one that is not known does."""
        return moment is None or self.start <= moment < self.end


@dataclass(frozen=True, kw_only=True)
class DatasetFormat:
    """How the dataset is written: an endpoint's capture, or the files of batch transform jobs.

    Args:
        kind: one of `FORMATS`.
        header: whether the first row of a CSV file names the columns.
        lines: whether each line of a JSON file is a record of its own.
    """

    kind: str = CAPTURED[0]
    header: bool = False
    lines: bool = False

    @property
    def of_batch(self) -> bool:
        """Whether the dataset is the files of batch transform jobs."""
        return self.kind not in CAPTURED


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run does.

    Args:
        analysis: the question.
        dataset_source: a file, a folder, or an `s3://` prefix with a folder for each hour.
        dataset_format: how what is there is written.
        output_path: the folder for reports.
        window: the time that is looked at; None of a baseline.
        dated: whether reports go to a folder of the hour, which Model Monitor makes itself.
        baseline_statistics: a file, or "".
        baseline_constraints: a file, or "".
        analysis_config: Clarify's configuration file.
        model_source: `model.tar.gz`, or an `s3://` address of it, or "".
        ground_truth_source: an `s3://` prefix or a folder of labels, or "" where they are merged
            already.
        label_hours: the time in which labels may have arrived.
        problem_type: what the model was asked, in Model Monitor's word, or "".
        target: name of the column with the actual label in a baseline's dataset, or "".
        threshold: probability from which on a binary answer is positive.
        inference: column or member of a batch's answers that holds the label; "" where an answer is
            as the project's server writes it.
        probability: column or member that holds the probability, or "".
        endpoint_name: the endpoint, or "".
        variant_name: the variant whose traffic is looked at; "" looks at all as at one model's.
        schedule_name: the monitor, or "".
        metrics_namespace: where the run puts metrics itself, or "".
        metrics_file: where Model Monitor looks for metrics, or "" where nobody wants them.
    """

    analysis: Analysis
    dataset_source: str
    output_path: str
    dataset_format: DatasetFormat = DatasetFormat()
    window: Window | None = None
    dated: bool = False
    baseline_statistics: str = ""
    baseline_constraints: str = ""
    analysis_config: str = ANALYSIS_CONFIG
    model_source: str = ""
    ground_truth_source: str = ""
    label_hours: Window | None = None
    problem_type: str = ""
    target: str = ""
    threshold: float = 0.5
    inference: str = ""
    probability: str = ""
    endpoint_name: str = ""
    variant_name: str = ""
    schedule_name: str = ""
    metrics_namespace: str = ""
    metrics_file: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Reads the environment of a container.

        Raises:
            InputError: if a variable is missing or has no meaning.
        """
        analysis = environment.get("analysis_type", Analysis.DATA_QUALITY)
        if analysis not in list(Analysis):
            raise InputError(f"analysis_type: got {analysis!r}; allowed: {', '.join(Analysis)}")
        for name in ("dataset_source", "output_path"):
            if not environment.get(name):
                raise InputError(f"{name} is not set; a monitoring job sets it")
        window, labels = _windows(environment)
        published = environment.get("publish_cloudwatch_metrics", "Disabled") == "Enabled"
        namespace = environment.get("metrics_namespace", "")
        return cls(
            analysis=Analysis(analysis),
            dataset_source=environment["dataset_source"],
            output_path=environment["output_path"],
            dataset_format=_dataset_format(environment),
            window=window,
            dated="period_hours" in environment,
            baseline_statistics=environment.get("baseline_statistics", ""),
            baseline_constraints=environment.get("baseline_constraints", ""),
            analysis_config=environment.get("analysis_config", ANALYSIS_CONFIG),
            model_source=environment.get("model_source", ""),
            ground_truth_source=environment.get("ground_truth_source", ""),
            label_hours=labels,
            problem_type=environment.get("problem_type", ""),
            target=environment.get("ground_truth_attribute", ""),
            threshold=_number(environment, "probability_threshold_attribute", 0.5),
            inference=environment.get("inference_attribute", ""),
            probability=environment.get("probability_attribute", ""),
            endpoint_name=environment.get("sagemaker_endpoint_name", ""),
            variant_name=environment.get("variant_name", ""),
            schedule_name=environment.get("sagemaker_monitoring_schedule_name", ""),
            metrics_namespace=namespace if published else "",
            metrics_file=METRICS_FILE if published and not namespace else "",
        )

    @property
    def dimensions(self) -> dict[str, str]:
        """The dimensions that all metrics of a monitor have."""
        named = {"Endpoint": self.endpoint_name, "MonitoringSchedule": self.schedule_name}
        return {name: value for name, value in named.items() if value}


def _dataset_format(environment: Mapping[str, str]) -> DatasetFormat:
    text = environment.get("dataset_format", '{"sagemakerCaptureJson": {}}')
    try:
        ((kind, options),) = json.loads(text).items()
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(f"dataset_format: got {text!r}; expected one JSON member") from error
    known = {one.lower(): one for one in FORMATS}
    if str(kind).lower() not in known:
        raise InputError(f"dataset_format: got {kind!r}; allowed: {', '.join(FORMATS)}")
    given = options if isinstance(options, dict) else {}
    return DatasetFormat(
        kind=known[str(kind).lower()],
        header=str(given.get("header", False)).lower() == "true",
        lines=str(given.get("line", False)).lower() == "true",
    )


def _windows(environment: Mapping[str, str]) -> tuple[Window | None, Window | None]:
    """The time of the traffic, and the time in which its labels may have arrived."""
    if "end_time" not in environment:
        return None, None
    end = moment(environment["end_time"], "end_time")
    if "period_hours" in environment:
        now = end.replace(minute=0, second=0, microsecond=0)
        period = timedelta(hours=_number(environment, "period_hours", 1))
        end = now - timedelta(hours=_number(environment, "ground_truth_delay_hours", 0))
        window = Window(start=end - period, end=end)
        return window, Window(start=window.start, end=now)
    if "start_time" not in environment:
        raise InputError("start_time is not set beside end_time; expected both, or period_hours")
    window = Window(start=moment(environment["start_time"], "start_time"), end=end)
    return window, window


def moment(text: str, name: str) -> datetime:
    """A time in ISO 8601.

    Raises:
        InputError: if it is none.
    """
    try:
        found = datetime.fromisoformat(text.replace(" ", ""))
    except ValueError as error:
        raise InputError(f"{name}: got {text!r}; expected a time in ISO 8601") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, "")
    try:
        return float(text) if text else default
    except ValueError as error:
        raise InputError(f"{name}: got {text!r}; expected a number") from error
