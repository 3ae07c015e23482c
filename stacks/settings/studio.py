"""Studio domains: applications, images, users and experiments."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from mlops_constructs.studio import StudioApp
from stacks.settings.checked_text import matching
from stacks.settings.model import File, InAccounts, SettingsModel, unique_names
from stacks.settings.names import AccountId, InstanceType, RemovalChoice, SageMakerName

Hours = Annotated[int, Field(ge=1, le=8760)]
Gib = Annotated[int, Field(ge=5, le=16384)]
App = Annotated[StudioApp, Field(strict=False)]
ImageRepository = Annotated[
    str,
    matching(
        r"(?=.{2,256}$)[a-z0-9]+(?:[._/-]+[a-z0-9]+)*",
        "the name of an ECR repository of the account, without its registry",
    ),
]
ImageTag = Annotated[
    str, matching(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", "the tag of an image, such as 2026-11")
]
DisplayName = Annotated[str, matching(r"\S(?:.{0,62}\S)?", "1 to 64 characters in one line")]
WindowStart = Annotated[
    str,
    matching(
        r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun):(?:[01][0-9]|2[0-3]):[0-5][0-9]",
        "day and time in UTC, such as Sun:02:00",
    ),
]
PrincipalArn = Annotated[
    str,
    matching(
        r"arn:aws[a-z-]*:iam::[0-9]{12}:(?:role|saml-provider|oidc-provider)/[A-Za-z0-9_+=,.@:/-]+",
        "the ARN of an identity provider, or of the role of a portal",
    ),
]
TagKey = Annotated[str, matching(r"[A-Za-z0-9_.:/=+@-]{1,128}", "the key of a session tag")]


class Authentication(StrEnum):
    """Sign-in of users."""

    IAM = "iam"
    IDENTITY_CENTER = "identity_center"


class ModelRegistration(StrEnum):
    """Registration of MLflow's models in SageMaker's model registry."""

    MANUAL = "manual"
    AUTOMATIC = "automatic"


class SharingOfSpace(StrEnum):
    """Users of a space."""

    PRIVATE = "private"
    SHARED = "shared"


class ProfileSource(StrEnum):
    """Part of a federated session that contains the name of the user profile."""

    SOURCE_IDENTITY = "source_identity"
    SESSION_TAG = "session_tag"
    IAM_USER = "iam_user"


class IdleShutdownSettings(SettingsModel):
    """Deletion of idle applications."""

    hours: Hours = 2
    """Time until an idle application is deleted. Defaults to 2."""
    shortest_hours: Hours = 1
    """Minimum that users can choose. Defaults to 1."""
    longest_hours: Hours = 12
    """Maximum that users can choose. Defaults to 12."""

    @model_validator(mode="after")
    def _in_order(self) -> "IdleShutdownSettings":
        if not self.shortest_hours <= self.hours <= self.longest_hours:
            raise ValueError(
                f"shortest_hours <= hours <= longest_hours; got {self.shortest_hours}, "
                f"{self.hours} and {self.longest_hours}"
            )
        return self


class StorageSettings(SettingsModel):
    """Sizes of the volumes of spaces."""

    default_gib: Gib = 10
    """Size of a new volume in GiB. Defaults to 10."""
    maximum_gib: Gib = 100
    """Maximum that users can choose in GiB. Defaults to 100."""

    @model_validator(mode="after")
    def _in_order(self) -> "StorageSettings":
        if self.default_gib > self.maximum_gib:
            raise ValueError(
                f"default_gib <= maximum_gib; got {self.default_gib} and {self.maximum_gib}"
            )
        return self


class ImageSettings(SettingsModel):
    """A custom image for an application."""

    name: SageMakerName
    repository: ImageRepository
    tag: ImageTag
    app: App = StudioApp.JUPYTER_LAB
    """Application of the image. Defaults to JupyterLab."""
    display_name: DisplayName | None = None
    """Name that Studio shows. Defaults to the name of the image."""


class SpaceSettings(SettingsModel):
    """A space that the platform defines; users create private spaces themselves."""

    name: SageMakerName
    owner: SageMakerName
    """User profile of the owner, from `people`."""
    app: App = StudioApp.JUPYTER_LAB
    """Application of the space. Defaults to JupyterLab."""
    sharing: Annotated[SharingOfSpace, Field(strict=False)] = SharingOfSpace.SHARED
    """Users of the space. Defaults to shared."""
    storage_gib: Gib | None = None
    """Size of the volume in GiB. Defaults to that of the domain."""
    instance_type: InstanceType | None = None
    """Default instance type. Defaults to that of the domain."""


class MlflowSettings(SettingsModel):
    """A serverless MLflow app for experiments."""

    name: SageMakerName | None = None
    """Name of the app; another name replaces it. Defaults to a generated name."""
    model_registration: Annotated[ModelRegistration, Field(strict=False)] = ModelRegistration.MANUAL
    """Registration of MLflow's models in SageMaker's registry. Defaults to manual."""
    maintenance_window: WindowStart | None = None
    """Start of the weekly window of updates, in UTC. Defaults to a choice of AWS."""


class FederationSettings(SettingsModel):
    """Users who assume the roles of their personas themselves."""

    profile_from: Annotated[ProfileSource, Field(strict=False)]
    """Part of the session that contains the name of the user profile."""
    principal: PrincipalArn | None = None
    """Identity provider, or role of a portal. Defaults to none, for IAM users only."""
    tag: TagKey = "UserProfileName"
    """Session tag with the name of the user profile. Defaults to UserProfileName."""

    @model_validator(mode="after")
    def _has_its_principal(self) -> "FederationSettings":
        if (self.principal is None) != (self.profile_from is ProfileSource.IAM_USER):
            raise ValueError("principal, unless profile_from is iam_user")
        if "tag" in self.model_fields_set and self.profile_from is not ProfileSource.SESSION_TAG:
            raise ValueError("tag only if profile_from is session_tag")
        return self


class StudioSettings(InAccounts):
    """A Studio domain in the network of its account."""

    name: SageMakerName | None = None
    """Name of the domain; another name replaces it. Defaults to a generated name."""
    authentication: Annotated[Authentication, Field(strict=False)] = Authentication.IAM
    """Sign-in of users; another value replaces the domain. Defaults to iam."""
    people: File | None = None
    """YAML file of the users. Defaults to no users."""
    spaces: Annotated[list[SpaceSettings], AfterValidator(unique_names)] = []
    """Spaces that the platform defines. Defaults to none."""
    idle_shutdown: IdleShutdownSettings = IdleShutdownSettings()
    """Deletion of idle applications. Defaults to 2 hours."""
    instance_type: InstanceType | None = None
    """Default instance type of applications. Defaults to ml.t3.medium."""
    storage: StorageSettings = StorageSettings()
    """Sizes of volumes. Defaults to 10 GiB, at most 100."""
    images: Annotated[list[ImageSettings], Field(max_length=200), AfterValidator(unique_names)] = []
    """Custom images that users can choose. Defaults to none."""
    script: File | None = None
    """Shell script that runs when JupyterLab starts. Defaults to none."""
    docker: bool = False
    """True if users can build and test images with Docker. Defaults to false."""
    docker_accounts: list[AccountId] = []
    """Accounts whose images Docker can pull. Defaults to the account of the domain."""
    mlflow: MlflowSettings | None = None
    """MLflow app for experiments. Defaults to none."""
    federation: FederationSettings | None = None
    """Users who assume roles themselves. Defaults to none: Studio only."""
    removal: RemovalChoice = None
    """Handling of the domain when its stack is deleted. Defaults to that of `defaults`."""

    @model_validator(mode="after")
    def _federates_iam_only(self) -> "StudioSettings":
        if self.federation is not None and self.authentication is not Authentication.IAM:
            raise ValueError(
                "federation with authentication: iam only; Identity Center opens Studio"
            )
        if self.docker_accounts and not self.docker:
            raise ValueError("docker_accounts only with docker: true")
        if self.spaces and self.people is None:
            raise ValueError("`people` with spaces; each space has an owner")
        return self
