"""Settings of a run, from environment variables.

The names are those that Model Monitor sets in its containers. These are additional, for a
processing job whose data nobody prepares: `period_hours`, `ground_truth_source`,
`ground_truth_delay_hours`, `metrics_namespace`, `model_source`, `prediction_source`,
`batch_predictions`, `variant_name`, `features_attribute`, `segment_attribute`,
`unreadable_threshold` and `engine`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import jmespath

from mlops_jobs.batch.records import CSV_FILES, JSON_FILES, PARQUET_FILES
from mlops_jobs.failure import InputError

CAPTURED = ("sagemakerCaptureJson", "sagemakerMergeJson")
ENGINES = ("python", "spark")
FORMATS = (*CAPTURED, CSV_FILES, JSON_FILES, PARQUET_FILES)
# Location of the configuration in Clarify's container; Model Monitor sets no variable for it.
ANALYSIS_CONFIG = "/opt/ml/processing/input/config/analysis_config.json"
METRICS_FILE = "/opt/ml/output/metrics/cloudwatch/cloudwatch_metrics.jsonl"


class Analysis(StrEnum):
    """Analyses that a run supports."""

    DATA_QUALITY = "DATA_QUALITY"
    MODEL_QUALITY = "MODEL_QUALITY"
    MODEL_BIAS = "MODEL_BIAS"
    MODEL_EXPLAINABILITY = "MODEL_EXPLAINABILITY"


@dataclass(frozen=True, kw_only=True)
class Window:
    """A time window.

    Args:
        start: start of the window, inclusive.
        end: end of the window, exclusive.
    """

    start: datetime
    end: datetime

    def hours(self) -> list[str]:
        """Returns the folders of its hours, as SageMaker names them."""
        count = max(0, int((self.end - self.start) / timedelta(hours=1)))
        return [f"{self.start + timedelta(hours=hour):%Y/%m/%d/%H}" for hour in range(count)]

    def holds(self, moment: datetime | None) -> bool:
        """Returns True if a time is in the window, or is unknown.

        Args:
            moment: the time; None if it is unknown.
        """
        return moment is None or self.start <= moment < self.end


@dataclass(frozen=True, kw_only=True)
class DatasetFormat:
    """Format of the dataset: captured traffic of an endpoint, or files of batch transform jobs.

    Args:
        kind: one of `FORMATS`. Defaults to captured traffic.
        header: True if the first row of a CSV file names the columns. Defaults to False.
        lines: True if each line of a JSON file is a record. Defaults to False.
        responses: True if the columns of data quality are those of captured responses
            (`captureIndexNames`). Defaults to False: those of requests.
    """

    kind: str = CAPTURED[0]
    header: bool = False
    lines: bool = False
    responses: bool = False

    @property
    def of_batch(self) -> bool:
        """True if the dataset has the files of batch transform jobs."""
        return self.kind not in CAPTURED


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of a run.

    Args:
        analysis: the analysis.
        dataset_source: a file, a folder, or an `s3://` prefix with a folder for each hour.
        output_path: folder for reports.
        dataset_format: format of the dataset. Defaults to captured traffic of an endpoint.
        window: time window of the traffic. Defaults to None: a baseline.
        dated: True to write reports to a folder of the hour, which Model Monitor creates itself.
            Defaults to False.
        baseline_statistics: location of the statistics file. Defaults to "": none.
        baseline_constraints: location of the constraints file. Defaults to "": no baseline.
        analysis_config: Clarify's configuration file. Defaults to its location in Clarify's
            container.
        model_source: location of `model.tar.gz`, a path or an `s3://` URI. Defaults to "": none.
        prediction_source: file or folder of rows that the model has not learned from, whose
            predictions a baseline of data quality describes. Defaults to "": the dataset.
        batch_predictions: True to compare the predictions of batch transform jobs in an analysis of
            data quality, which reads their output, too. Defaults to False.
        ground_truth_source: a folder or an `s3://` prefix of labels. Defaults to "": labels are
            already merged into the dataset.
        label_hours: time window in which labels may have arrived. Defaults to None: unlimited.
        problem_type: problem type, as named by Model Monitor. Defaults to "": that of the baseline.
        target: column with the actual label in the dataset of a baseline. Defaults to "": that of
            the model.
        threshold: minimum probability, 0 to 1, of a positive prediction. Defaults to None: the
            predicted labels are measured, and 0.5 if the predictions have none.
        features: JMESPath of the rows in JSON requests. Defaults to "": see `read_rows`.
        inference: position in CSV, or JMESPath in JSON, of the label in a prediction. Defaults to
            "": predictions have the format of the project's server.
        probability: the same of the probability. Defaults to "": none.
        excluded: columns that are not analyzed. Defaults to none.
        segment: column by whose values the traffic is also analyzed separately. Defaults to "":
            none.
        max_unreadable: maximum share of the calls, 0 to 1, that cannot be read. Defaults to 0.05.
        endpoint_name: name of the endpoint. Defaults to "": none.
        variant_name: variant whose traffic is analyzed. Defaults to "": all variants, as one model.
        schedule_name: name of the monitor. Defaults to "": none.
        metrics_namespace: CloudWatch namespace to which the run publishes metrics. Defaults to "":
            none.
        metrics_file: file in which Model Monitor expects metrics. Defaults to "": none.
        engine: `spark` reads traffic in the processes of a Spark cluster. Defaults to `python`.
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
    prediction_source: str = ""
    batch_predictions: bool = False
    ground_truth_source: str = ""
    label_hours: Window | None = None
    problem_type: str = ""
    target: str = ""
    threshold: float | None = None
    features: str = ""
    inference: str = ""
    probability: str = ""
    excluded: tuple[str, ...] = ()
    segment: str = ""
    max_unreadable: float = 0.05
    endpoint_name: str = ""
    variant_name: str = ""
    schedule_name: str = ""
    metrics_namespace: str = ""
    metrics_file: str = ""
    engine: str = ENGINES[0]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Reads the environment of a container.

        Args:
            environment: environment variables.

        Raises:
            InputError: a variable is missing or not valid.
        """
        analysis = environment.get("analysis_type", Analysis.DATA_QUALITY)
        if analysis not in list(Analysis):
            raise InputError(f"analysis_type: got {analysis!r}; allowed: {', '.join(Analysis)}")
        for name in ("dataset_source", "output_path"):
            if not environment.get(name):
                raise InputError(f"{name}: got nothing; set it, as a monitoring job does")
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
            prediction_source=environment.get("prediction_source", ""),
            batch_predictions=environment.get("batch_predictions", "Disabled") == "Enabled",
            ground_truth_source=environment.get("ground_truth_source", ""),
            label_hours=labels,
            problem_type=environment.get("problem_type", ""),
            target=environment.get("ground_truth_attribute", ""),
            threshold=_optional_number(environment, "probability_threshold_attribute"),
            features=_path(environment, "features_attribute"),
            inference=_path(environment, "inference_attribute"),
            probability=_path(environment, "probability_attribute"),
            excluded=tuple(
                name.strip()
                for name in environment.get("exclude_features_attribute", "").split(",")
                if name.strip()
            ),
            segment=environment.get("segment_attribute", ""),
            max_unreadable=_number(environment, "unreadable_threshold", 0.05),
            endpoint_name=environment.get("sagemaker_endpoint_name", ""),
            variant_name=environment.get("variant_name", ""),
            schedule_name=environment.get("sagemaker_monitoring_schedule_name", ""),
            metrics_namespace=namespace if published else "",
            metrics_file=METRICS_FILE if published and not namespace else "",
            engine=_engine(environment, Analysis(analysis)),
        )

    @property
    def dimensions(self) -> dict[str, str]:
        """Dimensions of all metrics of the monitor."""
        named = {"Endpoint": self.endpoint_name, "MonitoringSchedule": self.schedule_name}
        return {name: value for name, value in named.items() if value}


def _engine(environment: Mapping[str, str], analysis: Analysis) -> str:
    engine = environment.get("engine", ENGINES[0])
    if engine not in ENGINES:
        raise InputError(f"engine: got {engine!r}; allowed: {', '.join(ENGINES)}")
    if engine != ENGINES[0] and (
        analysis is not Analysis.DATA_QUALITY or _dataset_format(environment).of_batch
    ):
        raise InputError(
            f"engine: got {engine} for {analysis} of "
            f"{environment.get('dataset_format', CAPTURED[0])}; allowed: python, because Spark "
            "reads captured traffic for DATA_QUALITY only"
        )
    return engine


def _dataset_format(environment: Mapping[str, str]) -> DatasetFormat:
    text = environment.get("dataset_format", '{"sagemakerCaptureJson": {}}')
    try:
        ((kind, options),) = json.loads(text).items()
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(
            f"dataset_format: got {text!r}; allowed: a JSON object with one member"
        ) from error
    known = {one.lower(): one for one in FORMATS}
    if str(kind).lower() not in known:
        raise InputError(f"dataset_format: got {kind!r}; allowed: {', '.join(FORMATS)}")
    given = options if isinstance(options, dict) else {}
    return DatasetFormat(
        kind=known[str(kind).lower()],
        header=str(given.get("header", False)).lower() == "true",
        # The container contract has `line`, the SDK writes `lines`.
        lines=str(given.get("line", given.get("lines", False))).lower() == "true",
        responses=given.get("captureIndexNames") == ["endpointOutput"],
    )


def _windows(environment: Mapping[str, str]) -> tuple[Window | None, Window | None]:
    """Returns the windows of the traffic, and of the arrival of its labels."""
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
        raise InputError("start_time: got nothing beside end_time; set it, or period_hours")
    window = Window(start=moment(environment["start_time"], "start_time"), end=end)
    return window, window


def moment(text: str, name: str) -> datetime:
    """Parses a time in ISO 8601; without a time zone it is UTC.

    Args:
        text: the time.
        name: name of the value, for messages.

    Raises:
        InputError: the string is not a time.
    """
    try:
        found = datetime.fromisoformat(text.replace(" ", ""))
    except ValueError as error:
        raise InputError(f"{name}: got {text!r}; allowed: a time in ISO 8601") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, "")
    try:
        return float(text) if text else default
    except ValueError as error:
        raise InputError(f"{name}: got {text!r}; allowed: a number") from error


def _optional_number(environment: Mapping[str, str], name: str) -> float | None:
    return _number(environment, name, 0.0) if environment.get(name) else None


def is_position(attribute: str) -> bool:
    """Returns True if an attribute is a position in CSV, which AWS's images also spell `_c1`.

    Args:
        attribute: the attribute.
    """
    return attribute.removeprefix("_c").isdecimal()


def _path(environment: Mapping[str, str], name: str) -> str:
    """Returns a position in CSV or a JMESPath."""
    text = environment.get(name, "")
    if text and not is_position(text):
        try:
            jmespath.compile(text)
        except jmespath.exceptions.JMESPathError as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"{name}: got {text!r}; allowed: a position in CSV, from 0, or a JMESPath in JSON: "
                f"{reason}"
            ) from error
    return text
