"""Settings of a stage: what `config/<stage>.yaml` may say."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pydantic
from mlops_constructs.yaml_document import YamlDocument, first, keys_text
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

MOST_INSTANCES = 1000
"""More than this is a slip of the finger; an account's quota is lower in any case."""
_Seconds = Annotated[int, Field(ge=0, le=86_400)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Scaling(_Settings):
    """Automatic scaling on the invocations that an instance gets in a minute."""

    minimum: int = Field(ge=1, le=MOST_INSTANCES)
    maximum: int = Field(ge=1, le=MOST_INSTANCES)
    invocations_per_instance: float = Field(gt=0, le=1e9)
    scale_in_cooldown_seconds: _Seconds = 300
    scale_out_cooldown_seconds: _Seconds = 300


class Capture(_Settings):
    """Copies of requests and answers below `capture/` in the project's bucket."""

    prefix: ClassVar[str] = "capture"  # what the model's role may write
    sampling_percentage: int = Field(default=100, ge=1, le=100)


class Rollback(_Settings):
    """What turns a rollout back to the model before, by what the new instances answer."""

    enabled: bool = True
    error_percentage: float = Field(default=5, ge=0, lt=100)
    latency_milliseconds: int | None = Field(default=None, ge=1, le=3_600_000)


class Rollout(_Settings):
    """How traffic moves to a new model."""

    strategy: Literal["all-at-once", "canary", "linear", "rolling"]
    instances: int | None = Field(default=None, ge=1, le=MOST_INSTANCES)
    percent: int | None = Field(default=None, ge=1, le=50)
    wait_minutes: int = Field(default=5, ge=0, le=60)
    termination_wait_minutes: int | None = Field(default=None, ge=0, le=60)
    maximum_minutes: int | None = Field(default=None, ge=10, le=480)
    rollback: Rollback = Rollback()

    @model_validator(mode="after")
    def _has_one_size(self) -> "Rollout":
        sizes = [size for size in (self.instances, self.percent) if size is not None]
        if self.strategy == "all-at-once" and sizes:
            raise ValueError("all-at-once moves everything; leave instances and percent out")
        if self.strategy != "all-at-once" and len(sizes) != 1:
            raise ValueError(f"{self.strategy} needs either instances or percent")
        if self.strategy == "rolling" and self.termination_wait_minutes is not None:
            raise ValueError("rolling keeps no old fleet; leave termination_wait_minutes out")
        return self


class RealTime(_Settings):
    """Instances that always run."""

    kind: Literal["real-time"]
    instance_type: str = Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")
    instance_count: int | None = Field(default=None, ge=1, le=MOST_INSTANCES)
    encrypt_volumes: bool = True
    scaling: Scaling | None = None
    capture: Capture | None = None
    rollout: Rollout | None = None
    tags: dict[str, str] = {}


class Serverless(_Settings):
    """Capacity that AWS starts when a request comes."""

    kind: Literal["serverless"]
    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = 2048
    max_concurrency: int = Field(default=5, ge=1, le=200)
    provisioned_concurrency: int | None = Field(default=None, ge=1, le=200)
    tags: dict[str, str] = {}


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


class SettingsError(ValueError):
    """A settings file that cannot be used; its text tells what to change."""


def load_settings(path: Path) -> StageSettings:
    """Reads the settings of a stage.

    Raises:
        SettingsError: with the file, and for every problem the key path, what was got and what is
            allowed.
    """
    if not path.exists():
        raise SettingsError(f"{path}: no such file; each stage has its own")
    document = YamlDocument.read(path)
    if document.problems:
        raise SettingsError("\n".join(first(document.problems)))
    if not isinstance(document.content, dict):
        got = document.shown((), document.content)
        raise SettingsError(f"{path}: got {got}; allowed are keys and values, see README.md")
    try:
        return _ADAPTER.validate_python(document.filled(dict.fromkeys([*_PARTS, "tags"], dict)))
    except pydantic.ValidationError as error:
        problems = [_explain(problem, document) for problem in error.errors(include_url=False)]
        listing = "".join(f"\n  - {line}" for line in first(problems))
        raise SettingsError(f"{path} cannot be used:{listing}") from None


def _explain(problem: Any, document: YamlDocument) -> str:
    """One problem as line, key path, what was got, what is allowed."""
    location = [str(part) for part in problem["loc"]]
    if location[:1] and location[0] in _MODELS:  # pydantic puts the chosen `kind` first
        model, location = _MODELS[location[0]], location[1:]
    else:
        model = RealTime
    place = tuple(location)
    got = problem["input"]
    if problem["type"].startswith("union_tag"):
        kind = document.shown(("kind",), got.get("kind") if isinstance(got, dict) else got)
        return f"kind: got {kind}; allowed are {', '.join(map(repr, _MODELS))}"
    key = f"line {document.line(place)}: {keys_text(location) or '(whole file)'}"
    if problem["type"] == "extra_forbidden":
        owner = _PARTS.get(location[-2], model) if len(location) > 1 else model
        return f"{key}: unknown key; allowed here are {', '.join(owner.model_fields)}"
    if problem["type"] == "missing":
        return f"{key}: got nothing; a value is required"
    if problem["type"] == "value_error" and isinstance(got, dict):
        return f"{key}: {problem['ctx']['error']}"
    text = _TYPES.get(problem["type"]) or problem["msg"].removeprefix("Input should be ")
    if problem["type"] == "model_type":
        text = f"a mapping of {', '.join(_PARTS[location[-1]].model_fields)}"
    if problem["type"] == "string_pattern_mismatch":
        text = "an instance type such as ml.m7i.large"
    return f"{key}: got {document.shown(place, got)}; allowed is {text}"


_TYPES = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "a text; put it in quotes",
}
