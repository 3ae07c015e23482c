"""Settings of an environment: one YAML file, checked before anything is synthesised."""

from __future__ import annotations

import hashlib
import ipaddress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from mlops_constructs.delivery import ProjectResources
from mlops_constructs.projects import AdoptedStores
from mlops_constructs.yaml_document import YamlDocument
from stacks.checked_text import allowed, matching, one_of
from stacks.default_settings import DefaultSettings
from stacks.pipeline_settings import PlatformPipelineSettings
from stacks.regions import REGIONS
from stacks.settings_model import SettingsModel, sections
from stacks.settings_refusal import got_value, listed, refusal

DEFAULT_SETTINGS = "config/rehearsal.yaml"
"""What is synthesised when no file is named.

The CDK CLI deploys only with credentials of the account that a stack names, and nobody has any for
the account in this file: who forgets to name a file cannot change a real account.
"""


class SettingsError(Exception):
    """A settings file that cannot be used; the message names every problem in it."""


AccountId = Annotated[str, matching(r"[0-9]{12}", '12 digits in quotes, such as "111111111111"')]
Region = Annotated[
    str,
    one_of(
        REGIONS,
        f"a region with SageMaker projects, CodePipeline and CodeCommit: {', '.join(REGIONS)}",
    ),
]
Cidr = Annotated[
    str,
    allowed('a CIDR block without host bits, such as "203.0.113.0/24"', ipaddress.ip_network),
]
_AN_ID = "an id such as {}-0a1b2c3d4e5f60718"
VpcId = Annotated[str, matching(r"vpc-(?:[0-9a-f]{8}|[0-9a-f]{17})", _AN_ID.format("vpc"))]
SubnetId = Annotated[str, matching(r"subnet-(?:[0-9a-f]{8}|[0-9a-f]{17})", _AN_ID.format("subnet"))]
SecurityGroupId = Annotated[str, matching(r"sg-(?:[0-9a-f]{8}|[0-9a-f]{17})", _AN_ID.format("sg"))]
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
ProjectName = Annotated[
    str,
    matching(
        ProjectResources.NAME_PATTERN,
        "up to 32 lower case letters, digits and hyphens, a letter or digit at both ends",
    ),
]
ProjectId = Annotated[
    str,
    matching(
        ProjectResources.ID_PATTERN,
        "up to 20 letters, digits and hyphens, a letter or digit at both ends",
    ),
]


class Removal(StrEnum):
    """What becomes of repositories, data, models and keys when a stack is deleted."""

    RETAIN = "retain"
    DESTROY = "destroy"


class EnvironmentSettings(SettingsModel):
    """Where the stacks are deployed."""

    account: AccountId
    region: Region


class NetworkSettings(SettingsModel):
    """A network that exists already, by the ids of what is used of it."""

    vpc_id: VpcId
    subnet_ids: Annotated[list[SubnetId], Field(min_length=1, max_length=16)]
    security_group_ids: Annotated[list[SecurityGroupId], Field(min_length=1, max_length=5)]


class ServiceCatalogSettings(SettingsModel):
    """The templates as products of Service Catalog, and who may launch them."""

    principals: Annotated[list[Principal], Field(min_length=1, max_length=10)]


class ProjectTemplatesSettings(SettingsModel):
    """The templates that people create projects from."""

    removal: Annotated[Removal, Field(strict=False)] = Removal.RETAIN
    allowed_cidrs: list[Cidr] = []
    allowed_vpcs: list[VpcId] = []
    network: NetworkSettings | None = None
    launch_role_name: RoleName | None = None
    launch_role_arn: RoleArn | None = None
    service_catalog: ServiceCatalogSettings | None = None

    @field_validator("launch_role_arn")
    @classmethod
    def _instead_of_a_name(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("launch_role_name") is not None:
            raise ValueError(
                "one of launch_role_name, which makes a role, and launch_role_arn, which takes one"
            )
        return value


class AdoptSettings(SettingsModel):
    """What a deleted project of the same name has left, as its stack's outputs name it."""

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


class ProjectSettings(SettingsModel):
    """A project that is deployed directly."""

    name: ProjectName
    id: ProjectId | None = None
    removal: Annotated[Removal, Field(strict=False)] = Removal.RETAIN
    network: NetworkSettings | None = None
    adopt: AdoptSettings | None = None

    @model_validator(mode="after")
    def _keeps_what_it_adopts(self) -> ProjectSettings:
        if self.adopt is not None and self.removal is Removal.DESTROY:
            raise ValueError(
                "removal: retain with adopt; what is adopted stays when the project is deleted"
            )
        return self

    @property
    def project_id(self) -> str:
        """The given id, else one that follows from the name alone."""
        return self.id or "p-" + hashlib.sha256(self.name.encode()).hexdigest()[:12]


def _unique(projects: list[ProjectSettings]) -> list[ProjectSettings]:
    names = [project.name for project in projects]
    if len(set(names)) < len(names):
        raise ValueError("each name once")
    return projects


class Settings(SettingsModel):
    """All settings of an environment."""

    environment: EnvironmentSettings
    defaults: DefaultSettings = DefaultSettings()
    project_templates: ProjectTemplatesSettings | None = None
    projects: Annotated[list[ProjectSettings], AfterValidator(_unique)] = []
    platform_pipeline: PlatformPipelineSettings | None = None

    @model_validator(mode="after")
    def _deploys(self) -> Settings:
        if not (self.project_templates or self.projects or self.platform_pipeline):
            raise ValueError(
                "the file deploys nothing; give project_templates, projects or platform_pipeline"
            )
        return self

    @model_validator(mode="after")
    def _launch_role_of_the_account(self) -> Settings:
        given = self.project_templates.launch_role_arn if self.project_templates else None
        if given is not None and given.split(":")[4] != self.environment.account:
            raise ValueError(
                f"project_templates.launch_role_arn: got {given}; allowed is a role of the account "
                f"{self.environment.account}, since CloudFormation takes no other"
            )
        return self


def load_settings(path: Path) -> Settings:
    """Reads and checks a settings file.

    Raises SettingsError with every problem in the file: where it is, what was got and what is
    allowed.
    """
    if not path.exists():
        raise SettingsError(
            f"{path} does not exist; name a settings file: cdk deploy -c config=config/NAME.yaml"
        )
    document = YamlDocument.read(path)
    if document.problems:
        raise SettingsError(listed(str(path), document.problems))
    if not isinstance(document.content, dict):
        got = got_value(document.shown((), document.content), document.content)
        raise SettingsError(
            f"{path}: got {got}; allowed is a mapping with the keys "
            f"{', '.join(Settings.model_fields)}"
        )
    try:
        return Settings.model_validate(document.filled(sections(Settings)))
    except ValidationError as error:
        raise SettingsError(refusal(document, error, Settings)) from None
