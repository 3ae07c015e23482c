"""Reads and validates `config.yaml`.

Each problem is reported with its file, line and key, the value that was found and the values that
are allowed.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from mlops_jobs.evaluation.quality import METRICS, metric_of
from mlops_jobs.failure import InputError
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.file_formats import is_text_encoding
from mlops_jobs.training.hyperparameters import Hyperparameter
from mlops_jobs.yaml_document import YamlDocument, first, keys_text
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from tabular.model import HYPERPARAMETERS

Number = Annotated[float, Field(strict=True)]
Share = Annotated[float, Field(gt=0, lt=0.5)]
INSTANCE_TYPE = r"^ml\.[a-z0-9-]+\.[a-z0-9]+$"
InstanceType = Annotated[str, Field(pattern=INSTANCE_TYPE)]
SUBNET_ID, SECURITY_GROUP_ID = r"^subnet-[0-9a-f]{8,17}$", r"^sg-[0-9a-f]{8,17}$"
SubnetId = Annotated[str, Field(pattern=SUBNET_ID)]
SecurityGroupId = Annotated[str, Field(pattern=SECURITY_GROUP_ID)]
# YAML has lists and strings where Python has tuples and enumerations; their items stay strict.
FromYaml = Field(strict=False)
S3_URI = r"^(s3://[^/]+/.+)?$"
MAX_FACET_LENGTH = 240  # characters


def _text(value: object) -> object:
    # YAML reads an unquoted 1 as a number; labels are strings of the CSV file.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_text)]


class Section(BaseModel):
    """A section of the file.

    Unknown keys are rejected, and a section is immutable once it is read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


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
        if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
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


class Split(Section):
    """Shares of the rows; the remaining rows are for training.

    Args:
        validation: share of rows, above 0 and below 0.5, that decide when training stops and which
            trial is best. Defaults to 0.2.
        test: share of rows, above 0 and below 0.5, that only the evaluation reads. Defaults to 0.2.
        seed: seed of the random split, 0 to 2**31 - 1. Defaults to 7.
    """

    validation: Share = 0.2
    test: Share = 0.2
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 7


class Objective(Section):
    """The metric that tuning optimizes, and the value that a model must reach.

    Args:
        metric: name of the metric; `METRICS` lists those of each kind of target. Defaults to None:
            auc, accuracy or rmse, by the kind of target.
        threshold: minimum of the metric, or maximum of logloss, rmse and mae; it needs the metric.
            Defaults to None: better than a model that does not look at the features.
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
            "rmse",
            "mae",
            "r2",
        ]
        | None
    ) = None
    threshold: float | None = None
    margin: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _threshold_has_a_metric(self) -> "Objective":
        if self.threshold is not None and self.metric is None:
            raise ValueError(
                "got a threshold without a metric, whose default depends on the data; set "
                "objective.metric, or remove the threshold"
            )
        return self


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


class Tuning(Section):
    """The search for hyperparameters.

    Args:
        strategy: search strategy. Defaults to Bayesian.
        jobs: number of trials, 1 to 750. Defaults to 4.
        parallel: number of concurrent trials, 1 to 100 and at most `jobs`. Defaults to 2.
        early_stopping: True to stop trials that cannot become the best one. Defaults to True.
        spot: True to run trials on spot instances. Defaults to False.
        ranges: minimum and maximum of each tuned hyperparameter, by XGBoost's name.
    """

    strategy: Literal["Bayesian", "Random"] = "Bayesian"
    jobs: Annotated[int, Field(ge=1, le=750)] = 4
    parallel: Annotated[int, Field(ge=1, le=100)] = 2
    early_stopping: bool = True
    spot: bool = False
    ranges: dict[str, Annotated[tuple[Number, Number], FromYaml]] = Field(min_length=1)

    @field_validator("ranges")
    @classmethod
    def _in_range(cls, ranges: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
        for name, (low, high) in ranges.items():
            _known(name).read(name, low)
            _known(name).read(name, high)
            if low >= high:
                raise ValueError(
                    f"{name}: got [{low:g}, {high:g}]; allowed: the minimum "
                    "first, then a larger maximum"
                )
        return ranges

    @model_validator(mode="after")
    def _parallel_fits(self) -> "Tuning":
        if self.parallel > self.jobs:
            raise ValueError(f"got parallel {self.parallel}; allowed: up to jobs, {self.jobs}")
        return self


class InstanceTypes(Section):
    """The instance types of each kind of work.

    Args:
        processing: instance type of processing jobs. Defaults to ml.m5.large.
        training: instance type of training jobs. Defaults to ml.m5.large.
        inference: instance types that the model package recommends, at least one. Defaults to
            ml.m5.large.
    """

    processing: InstanceType = "ml.m5.large"
    training: InstanceType = "ml.m5.large"
    inference: Annotated[tuple[InstanceType, ...], FromYaml, Field(min_length=1)] = ("ml.m5.large",)


class Network(Section):
    """Subnets and security groups of the jobs.

    Args:
        subnets: subnet ids, at most 16. Defaults to none: the subnets of the project.
        security_groups: security group ids, at most 5. Defaults to none: those of the project.
    """

    subnets: Annotated[tuple[SubnetId, ...], FromYaml, Field(max_length=16)] = ()
    security_groups: Annotated[tuple[SecurityGroupId, ...], FromYaml, Field(max_length=5)] = ()


class Configuration(Section):
    """The whole file.

    Args:
        data: the raw table.
        split: shares of the rows. Defaults to `Split()`.
        objective: metric and threshold of a model. Defaults to `Objective()`.
        bias: groups whose treatment is measured. Defaults to `Bias()`: none.
        training: hyperparameters that the tuner does not vary, by XGBoost's name. Defaults to none:
            each keeps its default value.
        tuning: search for hyperparameters.
        instance_types: instance types. Defaults to `InstanceTypes()`.
        network: network of the jobs. Defaults to the network of the project.
    """

    data: Data
    split: Split = Split()
    objective: Objective = Objective()
    bias: Bias = Bias()
    training: dict[str, float] = {}
    tuning: Tuning
    instance_types: InstanceTypes = InstanceTypes()
    network: Network = Network()

    @field_validator("training")
    @classmethod
    def _hyperparameters(cls, training: dict[str, float]) -> dict[str, float]:
        return {name: _known(name).read(name, value) for name, value in training.items()}

    @model_validator(mode="after")
    def _metric_fits(self) -> "Configuration":
        problem_types = [self.data.problem_type] if self.data.problem_type else list(ProblemType)
        name = self.objective.metric
        # A name has the same range for every kind of target.
        having = [
            kind for kind in problem_types if any(one.name == name for one in METRICS[kind])
        ] or problem_types
        metric = metric_of(having[0], name)
        if self.objective.threshold is not None:
            metric.check_threshold(self.objective.threshold)
        return self


_SECTIONS: dict[str, type] = dict.fromkeys(
    ["data", "split", "objective", "bias", "training", "tuning", "ranges", "instance_types"], dict
)


def _section(place: tuple[str, ...]) -> type | None:
    return _SECTIONS.get(".".join(place))


def _known(name: str) -> Hyperparameter:
    if name not in HYPERPARAMETERS:
        raise ValueError(f"got {name!r}; allowed: {', '.join(HYPERPARAMETERS)}")
    return HYPERPARAMETERS[name]


def read_configuration(file: Path) -> Configuration:
    """Reads and validates `config.yaml`.

    Args:
        file: path of the file.

    Returns:
        The configuration, with defaults filled in.

    Raises:
        InputError: the file cannot be read or is not valid; the message lists every problem.
    """
    if not file.is_file():
        raise InputError(f"{file}: no such file; create it as README.md describes")
    document = YamlDocument.read(file)
    if document.problems:
        raise InputError("\n".join(first(document.problems)))
    if not isinstance(document.content, dict):
        got = type(document.content).__name__
        raise InputError(f"{file.name}: got {got}; allowed: a mapping of keys and values")
    try:
        return Configuration.model_validate(document.filled(_section))
    except ValidationError as error:
        problems = [_message(document, file.name, problem) for problem in error.errors()]
        raise InputError("\n".join(first(problems))) from error


def _message(document: YamlDocument, file: str, problem: Mapping[str, Any]) -> str:
    place = tuple(str(part) for part in problem["loc"])
    where = f"{file}:{document.line(place)}: {keys_text(place)}".rstrip(": ")
    got = document.shown(place, problem["input"])
    match problem["type"]:
        case "extra_forbidden":
            allowed = ", ".join(_keys(problem["loc"][:-1]))
            return f"{where}: got an unknown key; allowed here: {allowed}"
        case "missing":
            return f"{where}: got nothing; set it"
        case "value_error":
            return f"{where}: {problem['ctx']['error']}"
        case "string_pattern_mismatch":
            return f"{where}: got {got}; allowed: {_PATTERNS[problem['ctx']['pattern']]}"
        case "literal_error" | "enum":
            return f"{where}: got {got}; allowed: {problem['ctx']['expected']}"
        case "too_short" | "too_long" if "min_length" in problem["ctx"]:
            return f"{where}: got {got}; allowed: at least {problem['ctx']['min_length']} item(s)"
        case "too_short" | "too_long":
            return f"{where}: got {got}; allowed: at most {problem['ctx']['max_length']} items"
        case kind:
            allowed = _TYPES.get(kind, problem["msg"].removeprefix("Input should be "))
            return f"{where}: got {got}; allowed: {allowed}"


_PATTERNS = {
    INSTANCE_TYPE: "an instance type such as ml.m5.large",
    SUBNET_ID: "an id such as subnet-0a1b2c3d4e5f60718",
    SECURITY_GROUP_ID: "an id such as sg-0a1b2c3d4e5f60718",
    S3_URI: "s3://bucket/key, or empty for the default data",
}

_TYPES = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "string_type": "a string",
    "string_too_long": "one character",
    "string_too_short": "one character",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys and values",
    "model_type": "a mapping of keys and values",
}


def _keys(path: tuple[int | str, ...]) -> list[str]:
    """Returns the keys that a section of the file may have."""
    section: type[BaseModel] = Configuration
    for part in path:
        annotation = section.model_fields[str(part)].annotation
        if not isinstance(annotation, type) or not issubclass(annotation, BaseModel):
            return []
        section = annotation
    return list(section.model_fields)
