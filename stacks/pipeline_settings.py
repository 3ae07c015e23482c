"""Settings of the pipeline that deploys this repository."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from mlops_constructs.delivery import ProjectResources
from stacks.checked_text import matching
from stacks.settings_model import SettingsModel

PipelineName = Annotated[
    str,
    matching(
        ProjectResources.NAME_PATTERN,
        "up to 32 lower case letters, digits and hyphens, a letter or digit at both ends",
    ),
]
StageName = Annotated[
    str,
    matching(r"[A-Z][A-Za-z0-9]{0,19}", "up to 20 letters and digits, a capital letter first"),
]
SettingsFile = Annotated[
    str,
    matching(
        r"config/[A-Za-z0-9._-]+\.ya?ml",
        "a file in the folder config, such as config/production.yaml",
    ),
]
ConnectionArn = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:code(star-)?connections:[a-z0-9-]+:[0-9]{12}:connection/[A-Za-z0-9_-]+",
        "the ARN of a connection",
    ),
]
Branch = Annotated[
    str,
    matching(
        r"[A-Za-z0-9_](?:[A-Za-z0-9._/-]{0,254}[A-Za-z0-9_-])?",
        "the name of a branch, such as main",
    ),
]
Owner = Annotated[
    str,
    matching(
        r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*", "the user or organisation that has the repository"
    ),
]
RepositoryName = Annotated[
    str, matching(r"[A-Za-z0-9_.-]+", "the repository's name, without its owner")
]
Question = Annotated[
    str,
    matching(
        r"[^\x00-\x1f]{0,999}[^\s\x00-\x1f]", "a question of one line, up to 1,000 characters"
    ),
]


class RepositorySettings(SettingsModel):
    """The repository behind a connection. Left out: the pipeline makes one in CodeCommit."""

    connection_arn: ConnectionArn
    owner: Owner
    repository: RepositoryName


class StageSettings(SettingsModel):
    """A stage: the environment of another settings file, and what is asked before."""

    name: StageName
    config: SettingsFile
    approval: Question | None = None
    confirm_permissions: bool = False
    """Whether a person confirms changes that widen permissions or open networks."""


def _once(stages: list[StageSettings]) -> list[StageSettings]:
    names = [stage.name for stage in stages]
    if len(set(names)) < len(names):
        raise ValueError("each name once")
    return stages


class PlatformPipelineSettings(SettingsModel):
    """The pipeline that deploys environments from this repository, on each push."""

    name: PipelineName = "platform"
    branch: Branch = "main"
    source: RepositorySettings | None = None
    stages: Annotated[list[StageSettings], Field(min_length=1), AfterValidator(_once)]
    """The environments in the order in which they are deployed; account and region of a stage are
    those of its file."""
