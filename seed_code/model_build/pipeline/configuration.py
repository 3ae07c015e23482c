"""Reads `config.yaml`. A mistake is refused with its file, key, what was got, what is allowed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipeline.yaml_document import YamlDocument, first, keys_text
from tabular.failure import InputError
from tabular.hyperparameters import HYPERPARAMETERS, Hyperparameter
from tabular.problem import PROBLEMS, ProblemType

Number = Annotated[float, Field(strict=True)]
Share = Annotated[float, Field(gt=0, lt=0.5)]
INSTANCE_TYPE = r"^ml\.[a-z0-9-]+\.[a-z0-9]+$"
InstanceType = Annotated[str, Field(pattern=INSTANCE_TYPE)]
SUBNET_ID, SECURITY_GROUP_ID = r"^subnet-[0-9a-f]{8,17}$", r"^sg-[0-9a-f]{8,17}$"
SubnetId = Annotated[str, Field(pattern=SUBNET_ID)]
SecurityGroupId = Annotated[str, Field(pattern=SECURITY_GROUP_ID)]
# YAML has lists and texts where Python has tuples and enumerations; what they hold stays strict.
FromYaml = Field(strict=False)
S3_URI = r"^(s3://[^/]+/.+)?$"


class Section(BaseModel):
    """A part of the file: unknown keys are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Data(Section):
    """The raw table."""

    uri: Annotated[str, Field(pattern=S3_URI)] = ""
    header: bool = True
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    target: int | str
    problem_type: Annotated[ProblemType | None, FromYaml] = None
    positive_label: str | None = None
    drop: Annotated[
        tuple[str, ...], FromYaml, Field(max_length=80)
    ] = ()  # a job takes 100 arguments

    @field_validator("target", mode="before")
    @classmethod
    def _name_or_position(cls, value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
            raise ValueError(f"got {value!r}; allowed: the name of a column, or its position")
        return value

    @field_validator("positive_label", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        # YAML reads an unquoted 1 as a number; labels are the texts of the CSV file.
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Split(Section):
    """How rows are divided; the rest is for training."""

    validation: Share = 0.2
    test: Share = 0.2
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 7


class Objective(Section):
    """What the tuner improves and a model must reach."""

    metric: Literal["auc", "f1", "accuracy", "logloss", "rmse", "mae", "r2"]
    threshold: float


class Tuning(Section):
    """The search for hyperparameters."""

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
                raise ValueError(f"{name}: got [{low:g}, {high:g}]; the first must be smaller")
        return ranges

    @model_validator(mode="after")
    def _parallel_fits(self) -> "Tuning":
        if self.parallel > self.jobs:
            raise ValueError(f"got parallel {self.parallel}; allowed: up to jobs, {self.jobs}")
        return self


class InstanceTypes(Section):
    """The machines of each kind of work."""

    processing: InstanceType = "ml.m5.large"
    training: InstanceType = "ml.m5.large"
    inference: Annotated[tuple[InstanceType, ...], FromYaml, Field(min_length=1)] = ("ml.m5.large",)


class Network(Section):
    """Where jobs run, if not where the project says."""

    subnets: Annotated[tuple[SubnetId, ...], FromYaml, Field(max_length=16)] = ()
    security_groups: Annotated[tuple[SecurityGroupId, ...], FromYaml, Field(max_length=5)] = ()


class Configuration(Section):
    """The whole file."""

    data: Data
    split: Split = Split()
    objective: Objective
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
        if self.data.problem_type:
            PROBLEMS[self.data.problem_type].metric(self.objective.metric)
        return self


_SECTIONS = dict.fromkeys(
    ["data", "split", "objective", "training", "tuning", "ranges", "instance_types"], dict
)


def _known(name: str) -> Hyperparameter:
    if name not in HYPERPARAMETERS:
        raise ValueError(f"got {name!r}; allowed: {', '.join(HYPERPARAMETERS)}")
    return HYPERPARAMETERS[name]


def read_configuration(file: Path) -> Configuration:
    """Reads and checks `config.yaml`.

    Raises:
        InputError: that lists every mistake.
    """
    if not file.is_file():
        raise InputError(f"{file} does not exist; expected the configuration of the project")
    document = YamlDocument.read(file)
    if document.problems:
        raise InputError("\n".join(first(document.problems)))
    if not isinstance(document.content, dict):
        got = type(document.content).__name__
        raise InputError(f"{file.name}: got {got}; expected keys and values")
    try:
        return Configuration.model_validate(document.filled(_SECTIONS))
    except ValidationError as error:
        problems = [_sentence(document, file.name, problem) for problem in error.errors()]
        raise InputError("\n".join(first(problems))) from error


def _sentence(document: YamlDocument, file: str, problem: Mapping[str, Any]) -> str:
    place = tuple(str(part) for part in problem["loc"])
    where = f"{file}:{document.line(place)}: {keys_text(place)}".rstrip(": ")
    got = document.shown(place, problem["input"])
    match problem["type"]:
        case "extra_forbidden":
            allowed = ", ".join(_keys(problem["loc"][:-1]))
            return f"{where}: got an unknown key; allowed here: {allowed}"
        case "missing":
            return f"{where}: it is missing; set it"
        case "value_error":
            return f"{where}: {problem['ctx']['error']}"
        case "string_pattern_mismatch":
            return f"{where}: got {got}; allowed: {_PATTERNS[problem['ctx']['pattern']]}"
        case "literal_error" | "enum":
            return f"{where}: got {got}; allowed: {problem['ctx']['expected']}"
        case "too_short" | "too_long" if "min_length" in problem["ctx"]:
            return f"{where}: got {got}; allowed: at least {problem['ctx']['min_length']}"
        case "too_short" | "too_long":
            return f"{where}: got {got}; allowed: at most {problem['ctx']['max_length']}"
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
    "string_type": "a text",
    "string_too_long": "one character",
    "string_too_short": "one character",
    "tuple_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
}


def _keys(path: tuple[int | str, ...]) -> list[str]:
    """The keys that a part of the file may have."""
    section: type[BaseModel] = Configuration
    for part in path:
        annotation = section.model_fields[str(part)].annotation
        if not isinstance(annotation, type) or not issubclass(annotation, BaseModel):
            return []
        section = annotation
    return list(section.model_fields)
