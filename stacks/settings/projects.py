"""Projects that the platform deploys directly."""

import hashlib
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from mlops_constructs.delivery import StageKind
from mlops_constructs.projects import AdoptedStores
from stacks.settings.budgets import ThresholdSettings
from stacks.settings.checked_text import matching
from stacks.settings.model import Alias, InAccount, SettingsModel, unique, unique_names
from stacks.settings.names import (
    Amount,
    Branch,
    ConnectionName,
    Emails,
    Owner,
    ProjectId,
    Question,
    RemovalChoice,
    ResourceName,
    Seed,
)

StageName = Annotated[
    str,
    matching(
        r"[a-z](?:-?[a-z0-9]){0,14}",
        "up to 15 lower case letters, digits and hyphens, a letter first",
    ),
]
_CHAT_NAME = "up to 128 letters, digits, _ and -"
ChatName = Annotated[str, matching(r"[A-Za-z0-9_-]{1,128}", _CHAT_NAME)]


class Persona(StrEnum):
    """Kind of users of a project."""

    DATA_SCIENTIST = "data_scientist"
    ML_ENGINEER = "ml_engineer"
    REVIEWER = "reviewer"
    READ_ONLY = "read_only"


class Frequency(StrEnum):
    """Schedule of drift monitoring."""

    HOURLY = "hourly"
    DAILY = "daily"


class NotifiedEvent(StrEnum):
    """Event of a project's pipelines."""

    FAILED = "failed"
    WAITS_FOR_APPROVAL = "waits_for_approval"
    APPROVED = "approved"
    REJECTED = "rejected"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


class GitSettings(SettingsModel):
    """Repositories of a project behind a connection."""

    connection: ConnectionName
    """Connection of the section `connections`, in the account of the project."""
    owner: Owner
    """User or organisation that has the repositories."""
    branch: Branch = "main"
    """Branch whose pushes start the pipelines. Defaults to main."""


class ApprovalSettings(SettingsModel):
    """Manual approval before a stage."""

    question: Question = "Deploy this model?"
    """Question to the reviewers. Defaults to `Deploy this model?`."""
    notify: Emails = []
    """Email addresses of the reviewers. Defaults to none."""


class StageSettings(SettingsModel):
    """A stage that a project deploys its endpoint to."""

    name: StageName
    in_: Annotated[Alias | None, Field(alias="in")] = None
    """Account of the stage by its alias. Defaults to the account of the project."""
    approval: ApprovalSettings | None = None
    """Manual approval before the deployment. Defaults to none."""
    kinds: Annotated[
        list[Annotated[StageKind, Field(strict=False)]], Field(min_length=1), AfterValidator(unique)
    ] = list(StageKind)
    """Kinds that the file of the stage in model-deploy may name. Defaults to all kinds."""


class RetrainSettings(SettingsModel):
    """Limits of the trainings that alarms start; the project's repository can tighten them."""

    cooldown_days: Annotated[int, Field(ge=0, le=365)] = 7
    """Days after a successful training in which no alarm starts another one. Defaults to 7."""
    max_runs_per_month: Annotated[int, Field(ge=1, le=100)] = 4
    """Maximum number of trainings that alarms start in 30 days. Defaults to 4."""


def _limits_or_none(value: object) -> object:
    if value is True:
        return {}
    return None if value is False else value


class MonitoringSettings(SettingsModel):
    """Monitoring of a project's stages, which the project's repository configures."""

    drift: Annotated[Frequency, Field(strict=False)] = Frequency.DAILY
    """Schedule of monitors whose settings have none. Defaults to daily."""
    retrain: Annotated[
        RetrainSettings | None,
        BeforeValidator(_limits_or_none, json_schema_input_type=RetrainSettings | bool | None),
    ] = RetrainSettings()
    """Limits of retraining after an alarm. Defaults to true: the default limits; false: none."""


class ProjectBudgetSettings(SettingsModel):
    """Monthly budget of a project."""

    monthly: Amount
    """Limit in US dollars."""
    notify: Emails = []
    """Email addresses that AWS notifies. Defaults to none."""
    thresholds: ThresholdSettings = ThresholdSettings()
    """Percentages of the limit at which AWS notifies. Defaults to 80 and 100 %."""


class SlackSettings(SettingsModel):
    """A channel of Slack, whose workspace must be authorised once in the console."""

    name: ChatName
    workspace_id: Annotated[str, matching(r"[0-9A-Z]{1,255}", "an id such as T0123ABCD")]
    channel_id: Annotated[str, matching(r"[0-9A-Z]{1,255}", "an id such as C0123ABCD")]


class NotificationSettings(SettingsModel):
    """Notifications of a project's pipelines."""

    emails: Emails = []
    """Email addresses. Defaults to none."""
    slack: Annotated[list[SlackSettings], AfterValidator(unique_names)] = []
    """Channels of Slack. Defaults to none."""
    on: Annotated[
        list[Annotated[NotifiedEvent, Field(strict=False)]],
        Field(min_length=1),
        AfterValidator(unique),
    ] = [NotifiedEvent.FAILED, NotifiedEvent.WAITS_FOR_APPROVAL]
    """Events. Defaults to failed, waits_for_approval."""


class AdoptSettings(SettingsModel):
    """Retained stores of a deleted project of the same name, as in the outputs of its stack."""

    bucket: Annotated[str, matching(AdoptedStores.BUCKET_NAME_PATTERN, "the name of a bucket")]
    key: Annotated[
        str,
        matching(
            AdoptedStores.KEY_ARN_PATTERN,
            "the ARN of a key, arn:aws:kms:REGION:ACCOUNT:key/ID, no alias",
        ),
    ]
    images: Annotated[
        str,
        matching(
            AdoptedStores.IMAGE_REPOSITORY_NAME_PATTERN,
            "the name of an image repository, without its registry",
        ),
    ]


def _no_or_mapping(value: object) -> object:
    if value is True:
        raise ValueError(
            "false, or a mapping with bucket, key and images from the outputs of the deleted "
            "stack, which `python -m stacks adopt PROJECT` prints"
        )
    return None if value is False else value


NO_OR_MAPPING = BeforeValidator(
    _no_or_mapping, json_schema_input_type=AdoptSettings | Literal[False] | None
)
DEFAULT_STAGES = [
    StageSettings(name="staging"),
    StageSettings(
        name="prod", approval=ApprovalSettings(question="Deploy this model to production?")
    ),
]


class ProjectSettings(InAccount):
    """A project that is deployed directly."""

    name: ResourceName
    id: ProjectId | None = None
    """Id of the project. Defaults to one derived from the name."""
    seed: Annotated[Seed, Field(strict=False)] = Seed.TABULAR
    """Kind of model that the repositories start with. Defaults to tabular."""
    git: GitSettings | None = None
    """Repositories behind a connection. Defaults to new CodeCommit repositories."""
    network: bool = False
    """True if jobs, models and builds run in the network of the account, and models of stages in
    other accounts in the networks of those. Defaults to false."""
    stages: Annotated[
        list[StageSettings], Field(min_length=1, max_length=10), AfterValidator(unique_names)
    ] = DEFAULT_STAGES
    """Stages in the order of deployment. Defaults to staging, then prod with an approval."""
    personas: Annotated[list[Annotated[Persona, Field(strict=False)]], AfterValidator(unique)] = []
    """Kinds of users that get a role. Defaults to none."""
    monitoring: MonitoringSettings = MonitoringSettings()
    """Monitoring of the stages. Defaults to daily monitors, and retraining within its limits."""
    mlflow: bool = False
    """True if trainings are logged in the MLflow app of `studio`, which the projects with this key
    share: each can change the runs of the others. Defaults to false."""
    feature_store: bool = False
    """True if the repository model-build can define feature groups, which its train build creates
    and extends. Defaults to false."""
    budget: ProjectBudgetSettings | None = None
    """Monthly budget. Defaults to none."""
    notifications: NotificationSettings | None = None
    """Notifications of the pipelines. Defaults to none."""
    adopt: Annotated[AdoptSettings | None, NO_OR_MAPPING] = None
    """Retained stores of a deleted project of this name to adopt. Defaults to false: new stores."""
    removal: RemovalChoice = None
    """Handling of state when the stack is deleted. Defaults to that of `defaults`."""

    @property
    def project_id(self) -> str:
        """The configured id, else one derived from the name."""
        return self.id or "p-" + hashlib.sha256(self.name.encode()).hexdigest()[:12]
