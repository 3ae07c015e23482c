"""Settings of a stage: the content of `config/<stage>.yaml`."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pydantic
from mlops_constructs.yaml_document import YamlDocument, first, keys_text
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)

MAX_INSTANCES = 1000
"""A larger number is a typing error; the quotas of accounts are lower."""
_Seconds = Annotated[int, Field(ge=0, le=86_400)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Scaling(_Settings):
    """Automatic scaling on the invocations per instance.

    Args:
        minimum: minimum number of instances, 1 to 1000.
        maximum: maximum number of instances, 1 to 1000.
        invocations_per_instance: target of invocations per instance and minute, above 0.
        scale_in_cooldown_seconds: cooldown after a scale-in, in seconds, 0 to 86,400. Defaults to
            300.
        scale_out_cooldown_seconds: cooldown after a scale-out, in seconds, 0 to 86,400. Defaults to
            300.
    """

    minimum: int = Field(ge=1, le=MAX_INSTANCES)
    maximum: int = Field(ge=1, le=MAX_INSTANCES)
    invocations_per_instance: float = Field(gt=0, le=1e9)
    scale_in_cooldown_seconds: _Seconds = 300
    scale_out_cooldown_seconds: _Seconds = 300

    @model_validator(mode="after")
    def _has_a_range(self) -> "Scaling":
        if self.maximum < self.minimum:
            raise ValueError(
                f"maximum: got {self.maximum}; allowed: the minimum ({self.minimum}) or more"
            )
        return self


class Capture(_Settings):
    """Data capture of requests and responses below `capture/` of the project's bucket.

    Args:
        sampling_percentage: percentage of calls that are captured, 1 to 100. Defaults to 100.
    """

    prefix: ClassVar[str] = "capture"  # the prefix to which the role of the model can write
    sampling_percentage: int = Field(default=100, ge=1, le=100)


class Rollback(_Settings):
    """Automatic rollback of a rollout, by metrics of the new instances.

    Args:
        enabled: False to complete the rollout regardless of metrics. Defaults to True.
        error_percentage: maximum percentage of 5xx responses, 0 up to 100. Defaults to 5.
        latency_milliseconds: maximum p99 latency, 1 to 3,600,000 ms. Defaults to None: latency is
            not monitored.
    """

    enabled: bool = True
    error_percentage: float = Field(default=5, ge=0, lt=100)
    latency_milliseconds: int | None = Field(default=None, ge=1, le=3_600_000)


class Rollout(_Settings):
    """Shift of traffic to a new model.

    Args:
        strategy: `all-at-once`, `canary`, `linear` or `rolling`.
        instances: size of the canary, step or batch in instances, 1 to 1000. Defaults to None:
            `percent` sets the size.
        percent: size in percent of the instances, 1 to 50. Defaults to None: `instances` sets the
            size.
        wait_minutes: monitoring of each part, in minutes, 0 to 60. Defaults to 5.
        termination_wait_minutes: time in minutes, 0 to 60, before old instances are terminated.
            Defaults to None: they are terminated at once.
        maximum_minutes: timeout of the rollout in minutes, 10 to 480. Defaults to None: AWS chooses
            it.
        rollback: automatic rollback. Defaults to `Rollback()`.
    """

    strategy: Literal["all-at-once", "canary", "linear", "rolling"]
    instances: int | None = Field(default=None, ge=1, le=MAX_INSTANCES)
    percent: int | None = Field(default=None, ge=1, le=50)
    wait_minutes: int = Field(default=5, ge=0, le=60)
    termination_wait_minutes: int | None = Field(default=None, ge=0, le=60)
    maximum_minutes: int | None = Field(default=None, ge=10, le=480)
    rollback: Rollback = Rollback()

    @model_validator(mode="after")
    def _has_one_size(self) -> "Rollout":
        sizes = [size for size in (self.instances, self.percent) if size is not None]
        if self.strategy == "all-at-once" and sizes:
            raise ValueError(
                "all-at-once cannot be combined with instances or percent; remove them"
            )
        if self.strategy != "all-at-once" and len(sizes) != 1:
            raise ValueError(f"{self.strategy} needs either instances or percent; set one of them")
        if self.strategy == "rolling" and self.termination_wait_minutes is not None:
            raise ValueError("rolling cannot be combined with termination_wait_minutes; remove it")
        return self


class RealTime(_Settings):
    """A real-time endpoint, whose instances always run.

    Args:
        kind: `real-time`.
        instance_type: instance type, for example `ml.m7i.large`.
        scaling: automatic scaling. Defaults to None: a fixed number of instances.
        instance_count: number of instances at creation, 1 to 1000. Defaults to None:
            `scaling.minimum`, or 1.
        encrypt_volumes: True to encrypt storage volumes with the key of the project. Defaults to
            True.
        capture: data capture. Defaults to None: no capture.
        rollout: shift of traffic. Defaults to None: SageMaker's default.
        tags: tags of every resource. Defaults to none.
    """

    kind: Literal["real-time"]
    instance_type: str = Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")
    scaling: Scaling | None = None
    instance_count: int | None = Field(default=None, ge=1, le=MAX_INSTANCES)
    encrypt_volumes: bool = True
    capture: Capture | None = None
    rollout: Rollout | None = None
    tags: dict[str, str] = {}

    @field_validator("instance_count")
    @classmethod
    def _is_in_the_bounds_of_scaling(cls, count: int | None, info: ValidationInfo) -> int | None:
        scaling: Scaling | None = info.data.get("scaling")
        if scaling is None or count is None or scaling.minimum <= count <= scaling.maximum:
            return count
        bounds = f"{scaling.minimum} to {scaling.maximum}"
        raise ValueError(f"got {count}; allowed: {bounds}, the bounds of scaling")


class Serverless(_Settings):
    """A serverless endpoint, whose capacity starts with a request.

    Args:
        kind: `serverless`.
        memory_mb: memory in MB, 1024 to 6144 in steps of 1024. Defaults to 2048.
        max_concurrency: maximum number of concurrent requests, 1 to 200. Defaults to 5.
        provisioned_concurrency: concurrency that is kept warm, 1 to 200. Defaults to None: none.
        tags: tags of every resource. Defaults to none.
    """

    kind: Literal["serverless"]
    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = 2048
    max_concurrency: int = Field(default=5, ge=1, le=200)
    provisioned_concurrency: int | None = Field(default=None, ge=1, le=200)
    tags: dict[str, str] = {}

    @field_validator("provisioned_concurrency")
    @classmethod
    def _is_part_of_the_maximum(cls, count: int | None, info: ValidationInfo) -> int | None:
        maximum = info.data.get("max_concurrency")
        if count is not None and maximum is not None and count > maximum:
            raise ValueError(f"got {count}; allowed: at most max_concurrency ({maximum})")
        return count


StageSettings = RealTime | Serverless
_ADAPTER: TypeAdapter[RealTime | Serverless] = TypeAdapter(
    Annotated[RealTime | Serverless, Field(discriminator="kind")]
)
_MODELS: dict[str, type[_Settings]] = {"real-time": RealTime, "serverless": Serverless}
_PARTS: dict[str, type[_Settings]] = {
    "scaling": Scaling,
    "capture": Capture,
    "rollout": Rollout,
    "rollback": Rollback,
}


def _section(place: tuple[str, ...]) -> type | None:
    return dict if ".".join(place) in (*_PARTS, "tags") else None


class SettingsError(ValueError):
    """A settings file that is not valid; the message states the remedy."""


def load_settings(path: Path) -> StageSettings:
    """Reads the settings of a stage.

    Args:
        path: path of the file.

    Raises:
        SettingsError: the file is not valid; the message has, for every problem, line and key, the
            value that was found and the values that are allowed.
    """
    if not path.exists():
        raise SettingsError(f"{path}: no such file; create one for the stage")
    document = YamlDocument.read(path)
    if document.problems:
        raise SettingsError("\n".join(first(document.problems)))
    if not isinstance(document.content, dict):
        got = document.shown((), document.content)
        raise SettingsError(f"{path}: got {got}; allowed: a mapping of the keys in README.md")
    try:
        return _ADAPTER.validate_python(document.filled(_section))
    except pydantic.ValidationError as error:
        # Each line names the file: the reason of a failed build is the last one.
        found = error.errors(include_url=False)
        problems = [f"{path}:{_explain(problem, document)}" for problem in found]
        listing = "".join(f"\n  - {line}" for line in first(problems))
        raise SettingsError(f"{path} is not valid:{listing}") from None


def _explain(problem: Any, document: YamlDocument) -> str:
    """Returns a problem as line, key, the value that was found and the values that are allowed."""
    location = [str(part) for part in problem["loc"]]
    if location[:1] and location[0] in _MODELS:  # pydantic adds the selected `kind`
        model, location = _MODELS[location[0]], location[1:]
    else:
        model = RealTime
    place = tuple(location)
    got = problem["input"]
    if problem["type"].startswith("union_tag"):
        given = got.get("kind")
        kind = "nothing" if given is None else document.shown(("kind",), given)
        line = document.line(("kind",))
        return f"{line}: kind: got {kind}; allowed: {', '.join(map(repr, _MODELS))}"
    key = f"{document.line(place)}: {keys_text(location) or '(whole file)'}"
    if problem["type"] == "extra_forbidden":
        owner = _PARTS.get(location[-2], model) if len(location) > 1 else model
        return f"{key}: got an unknown key; allowed: {', '.join(owner.model_fields)}"
    if problem["type"] == "missing":
        return f"{key}: got nothing; set it"
    if problem["type"] == "value_error":
        return f"{key}: {problem['ctx']['error']}"
    text = _TYPES.get(problem["type"]) or problem["msg"].removeprefix("Input should be ")
    if problem["type"] == "model_type":
        text = f"a mapping of {', '.join(_PARTS[location[-1]].model_fields)}"
    if problem["type"] == "string_pattern_mismatch":
        text = "an instance type such as ml.m7i.large"
    return f"{key}: got {document.shown(place, got)}; allowed: {text}"


_TYPES = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "a string; put it in quotes",
}
