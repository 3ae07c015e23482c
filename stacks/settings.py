"""Settings of an environment: one YAML file, validated before synthesis."""

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
from stacks.settings_errors import error_message, got_value, listed
from stacks.settings_model import ResourceName, SettingsModel, sections, unique_names

DEFAULT_SETTINGS = "config/rehearsal.yaml"
"""Settings file that is used if the context does not specify one.

The CDK CLI only deploys with credentials of the account of a stack. No account has the id in this
file, so a deployment without a settings file cannot change a real account.
"""


class SettingsError(Exception):
    """Invalid settings file; the message contains every problem in it."""


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

ProjectId = Annotated[
    str,
    matching(
        ProjectResources.ID_PATTERN,
        "up to 20 letters, digits and hyphens, a letter or digit at both ends",
    ),
]


class Removal(StrEnum):
    """Handling of repositories, data, models and keys when a stack is deleted."""

    RETAIN = "retain"
    DESTROY = "destroy"


class EnvironmentSettings(SettingsModel):
    """Account and region of the stacks."""

    account: AccountId
    region: Region


class NetworkSettings(SettingsModel):
    """An existing network by the ids of its parts."""

    vpc_id: VpcId
    subnet_ids: Annotated[list[SubnetId], Field(min_length=1, max_length=16)]
    security_group_ids: Annotated[list[SecurityGroupId], Field(min_length=1, max_length=5)]


class ServiceCatalogSettings(SettingsModel):
    """Service Catalog products of the templates, and the principals that can launch them."""

    principals: Annotated[list[Principal], Field(min_length=1, max_length=10)]


class ProjectTemplatesSettings(SettingsModel):
    """The templates that users create projects from."""

    removal: Annotated[Removal, Field(strict=False)] = Removal.RETAIN
    """Handling of state when a stack is deleted. Defaults to retain."""
    allowed_cidrs: list[Cidr] = []
    """Public addresses that can read templates. Defaults to all, or `allowed_vpcs` only."""
    allowed_vpcs: list[VpcId] = []
    """VPCs that can read templates by an S3 endpoint. Defaults to all, or `allowed_cidrs` only."""
    network: NetworkSettings | None = None
    """Network of jobs, models and builds. Defaults to networks of SageMaker and CodeBuild."""
    launch_role_name: RoleName | None = None
    """Name of the role that creates projects: up to 64 letters, digits and _+=,.@-.

    Defaults to the name in SageMaker's documentation with the region appended.
    """
    launch_role_arn: RoleArn | None = None
    """ARN of an existing role that creates projects. Defaults to a new role."""
    service_catalog: ServiceCatalogSettings | None = None
    """Publication as Service Catalog products as well. Defaults to S3 only."""

    @field_validator("launch_role_arn")
    @classmethod
    def _instead_of_a_name(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("launch_role_name") is not None:
            raise ValueError(
                "either launch_role_name, which creates a role, or launch_role_arn, which uses an "
                "existing role"
            )
        return value


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


class ProjectSettings(SettingsModel):
    """A project that is deployed directly."""

    name: ResourceName
    id: ProjectId | None = None
    removal: Annotated[Removal, Field(strict=False)] = Removal.RETAIN
    """Handling of state when the stack is deleted. Defaults to retain."""
    network: NetworkSettings | None = None
    """Network of jobs, models and builds. Defaults to networks of SageMaker and CodeBuild."""
    adopt: AdoptSettings | None = None
    """Retained stores of a deleted project to adopt. Defaults to new stores."""

    @model_validator(mode="after")
    def _keeps_what_it_adopts(self) -> ProjectSettings:
        if self.adopt is not None and self.removal is Removal.DESTROY:
            raise ValueError("removal: retain with adopt; adopted stores outlive the project")
        return self

    @property
    def project_id(self) -> str:
        """The configured id, else one derived from the name."""
        return self.id or "p-" + hashlib.sha256(self.name.encode()).hexdigest()[:12]


class Settings(SettingsModel):
    """All settings of an environment."""

    environment: EnvironmentSettings
    defaults: DefaultSettings = DefaultSettings()
    """Settings of every stack."""
    project_templates: ProjectTemplatesSettings | None = None
    """Project templates. Defaults to none."""
    projects: Annotated[list[ProjectSettings], AfterValidator(unique_names)] = []
    """Projects that are deployed directly; each name once. Defaults to none."""
    platform_pipeline: PlatformPipelineSettings | None = None
    """Pipeline that deploys environments from this repository. Defaults to no pipeline."""

    @model_validator(mode="after")
    def _deploys(self) -> Settings:
        if not (self.project_templates or self.projects or self.platform_pipeline):
            raise ValueError(
                "the file deploys nothing; add project_templates, projects or platform_pipeline"
            )
        return self

    @model_validator(mode="after")
    def _launch_role_of_the_account(self) -> Settings:
        given = self.project_templates.launch_role_arn if self.project_templates else None
        if given is not None and given.split(":")[4] != self.environment.account:
            raise ValueError(
                f"project_templates.launch_role_arn: got {given}; allowed is a role of the account "
                f"{self.environment.account}, since CloudFormation accepts no other"
            )
        return self


def load_settings(path: Path) -> Settings:
    """Reads and validates a settings file.

    Args:
        path: the file.

    Raises:
        SettingsError: with every problem in the file: its line, the value, and the allowed values.
    """
    if not path.exists():
        raise SettingsError(
            f"{path} does not exist; specify a settings file: cdk deploy -c config=config/NAME.yaml"
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
        raise SettingsError(error_message(document, error, Settings)) from None
