"""Settings of the pipeline that deploys this repository."""

from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.checked_text import matching
from stacks.settings_model import ResourceName, SettingsModel, unique_names

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
    """A repository behind a connection."""

    connection_arn: ConnectionArn
    owner: Owner
    repository: RepositoryName


class StageSettings(SettingsModel):
    """A stage: the environment of another settings file, and its approvals."""

    name: StageName
    config: SettingsFile
    approval: Question | None = None
    """Question of a manual approval before the deployment. Defaults to no approval."""
    confirm_permissions: bool = False
    """True if broadened permissions or networks need a confirmation. Defaults to false."""


class PlatformPipelineSettings(SettingsModel):
    """The pipeline that deploys environments from this repository on each push."""

    name: ResourceName = "platform"
    branch: Branch = "main"
    source: RepositorySettings | None = None
    """The repository. Defaults to a new CodeCommit repository with the name of the pipeline."""
    stages: Annotated[list[StageSettings], Field(min_length=1), AfterValidator(unique_names)]
    """The environments in the order of deployment; each file sets the account and region."""
