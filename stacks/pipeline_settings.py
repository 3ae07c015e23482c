"""Settings of the pipeline that deploys this repository."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from mlops_constructs.delivery.names import PROJECT_NAME
from stacks.checked_text import allowed, matching

_STAGE = r"[A-Z][A-Za-z0-9]{0,19}"
_FILE = r"config/[A-Za-z0-9._-]+\.ya?ml"

PipelineName = Annotated[
    str,
    allowed(
        "up to 32 lower case letters, digits and hyphens, a letter or digit at both ends",
        matching(PROJECT_NAME),
    ),
]
StageName = Annotated[
    str, allowed("up to 20 letters and digits, a capital letter first", matching(_STAGE))
]
SettingsFile = Annotated[
    str, allowed("a file in the folder config, such as config/production.yaml", matching(_FILE))
]
ConnectionArn = Annotated[
    str,
    allowed(
        "the ARN of a connection",
        matching(r"arn:aws[a-z-]*:code(star-)?connections:[a-z0-9-]+:\d{12}:connection/[\w-]+"),
    ),
]


class PipelineModel(BaseModel):
    """What is the same for each mapping of these settings."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RepositorySettings(PipelineModel):
    """The repository behind a connection; without one, the pipeline makes one in CodeCommit."""

    connection_arn: ConnectionArn
    owner: str
    repository: str


class StageSettings(PipelineModel):
    """A stage: the environment of another settings file, and what is asked before."""

    name: StageName
    config: SettingsFile
    approval: str | None = None
    confirm_permissions: bool = False


def _once(stages: list[StageSettings]) -> list[StageSettings]:
    names = [stage.name for stage in stages]
    if not names or len(set(names)) < len(names):
        raise ValueError("at least one stage, each name once")
    return stages


class PlatformPipelineSettings(PipelineModel):
    """The pipeline that deploys environments from this repository."""

    name: PipelineName = "platform"
    branch: str = "main"
    source: RepositorySettings | None = None
    stages: Annotated[list[StageSettings], AfterValidator(_once)]
