"""Templates that users create projects from."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from stacks.settings.checked_text import matching
from stacks.settings.model import InAccounts, SettingsModel, unique, unique_names
from stacks.settings.names import Cidr, RemovalChoice, ResourceName, Seed, VpcId
from stacks.settings.projects import GitSettings, MonitoringSettings
from stacks.settings.studio import MlflowSettings

Principal = Annotated[
    str,
    matching(
        r"(?:role|user|group)/[A-Za-z0-9_+=,.@*?/-]+",
        'a role, user or group of this account, such as "role/sagemaker-personas/*"',
    ),
]
RoleName = Annotated[
    str,
    matching(
        r"[A-Za-z0-9_+=,.@-]{1,64}",
        'up to 64 letters, digits and _+=,.@-, such as "ProjectsLaunchRole"',
    ),
]
RoleArn = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+",
        'the ARN of a role, such as "arn:aws:iam::111111111111:role/ProjectsLaunchRole"',
    ),
]
Description = Annotated[str, matching(r"\S.{0,254}", "one line of up to 255 characters")]


class ServiceCatalogSettings(SettingsModel):
    """Service Catalog products of the templates, and the principals that can launch them."""

    principals: Annotated[list[Principal], Field(min_length=1, max_length=10)]
    """Roles, users and groups of the account that can launch the products."""


class TemplateSettings(SettingsModel):
    """A template: its seed code and its git provider."""

    name: ResourceName
    description: Description = "Trains a model and deploys it to an endpoint"
    """Description in Studio. Defaults to `Trains a model and deploys it to an endpoint`."""
    seed: Annotated[Seed, Field(strict=False)] = Seed.TABULAR
    """Kind of model that the repositories start with. Defaults to tabular."""
    git: GitSettings | None = None
    """Repositories behind a connection. Defaults to new CodeCommit repositories."""
    network: bool | None = None
    """True if projects run in the network of the account. Defaults to that of the section."""
    feature_store: bool | None = None
    """True if the repositories model-build can define feature groups. Defaults to that of the
    section."""
    monitoring: MonitoringSettings | None = None
    """Monitoring of the projects. Defaults to that of the section."""


DEFAULT_TEMPLATES = [
    TemplateSettings(
        name="tabular-model",
        description="Trains a model on tabular data and deploys it to an endpoint",
    ),
    TemplateSettings(
        name="forecasting-model",
        description="Forecasts time series and deploys the model to an endpoint",
        seed=Seed.FORECASTING,
    ),
    TemplateSettings(
        name="vision-model",
        description="Trains a network on images and deploys it to an endpoint",
        seed=Seed.VISION,
    ),
    TemplateSettings(
        name="batch-model",
        description="Trains a model on tabular data and predicts files on a schedule",
        seed=Seed.BATCH,
    ),
]


class ProjectTemplatesSettings(InAccounts):
    """The templates that users create projects from."""

    templates: Annotated[
        list[TemplateSettings], Field(min_length=1, max_length=20), AfterValidator(unique_names)
    ] = DEFAULT_TEMPLATES
    """The templates. Defaults to one for each seed, with CodeCommit repositories."""
    network: bool = False
    """True if projects run in the network of the account. Defaults to false."""
    monitoring: MonitoringSettings = MonitoringSettings()
    """Monitoring of the projects. Defaults to daily monitors, and retraining within its limits."""
    feature_store: bool = False
    """True if the repositories model-build of the projects can define feature groups, which their
    train builds create and extend. Defaults to false."""
    mlflow: MlflowSettings | None = None
    """MLflow app in which the projects log their trainings, and which they share: each can change
    the runs of the others. Defaults to none."""
    allowed_cidrs: Annotated[list[Cidr], AfterValidator(unique)] = []
    """Public addresses that can read templates. Defaults to all, or `allowed_vpcs` only."""
    allowed_vpcs: Annotated[list[VpcId], AfterValidator(unique)] = []
    """VPCs that can read templates by an S3 endpoint. Defaults to all, or `allowed_cidrs` only."""
    launch_role_name: RoleName | None = None
    """Name of the role that creates projects: up to 64 letters, digits and _+=,.@-.

    Defaults to the name in SageMaker's documentation with the region appended.
    """
    launch_role_arn: RoleArn | None = None
    """ARN of an existing role that creates projects. Defaults to a new role."""
    service_catalog: ServiceCatalogSettings | None = None
    """Publication as Service Catalog products as well. Defaults to S3 only."""
    removal: RemovalChoice = None
    """Handling of state when a stack is deleted. Defaults to that of `defaults`."""

    def network_of(self, template: TemplateSettings) -> bool:
        """Returns True if projects of a template run in the network of the account.

        Args:
            template: a template of this section.
        """
        return self.network if template.network is None else template.network

    def feature_store_of(self, template: TemplateSettings) -> bool:
        """Returns True if projects of a template can define feature groups.

        Args:
            template: a template of this section.
        """
        return self.feature_store if template.feature_store is None else template.feature_store

    @model_validator(mode="after")
    def _one_launch_role(self) -> "ProjectTemplatesSettings":
        if self.launch_role_arn is not None and self.launch_role_name is not None:
            raise ValueError(
                "either launch_role_name, which creates a role, or launch_role_arn, which uses an "
                "existing role"
            )
        return self
