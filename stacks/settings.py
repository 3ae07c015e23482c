"""Settings of an environment: one YAML file, checked before anything is synthesised."""

from __future__ import annotations

import hashlib
import ipaddress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from mlops_constructs.delivery.names import PROJECT_ID, PROJECT_NAME
from stacks.checked_text import allowed, matching
from stacks.pipeline_settings import PlatformPipelineSettings, RepositorySettings, StageSettings
from stacks.regions import REGIONS
from stacks.yaml_file import read_yaml

DEFAULT_SETTINGS = "config/rehearsal.yaml"
"""What is synthesised when no file is named.

The CDK CLI deploys only with credentials of the account that a stack names, and nobody has any for
the account in this file: who forgets to name a file cannot change a real account.
"""


class SettingsError(Exception):
    """A settings file that cannot be used; the message names every problem in it."""


AccountId = Annotated[
    str, allowed('12 digits in quotes, such as "111111111111"', matching(r"\d{12}"))
]
Region = Annotated[
    str,
    allowed(
        f"a region with SageMaker projects, CodePipeline and CodeCommit: {', '.join(REGIONS)}",
        REGIONS.__contains__,
    ),
]
Cidr = Annotated[
    str,
    allowed('a CIDR block without host bits, such as "203.0.113.0/24"', ipaddress.ip_network),
]
Principal = Annotated[
    str,
    allowed(
        'a role, user or group of this account, such as "role/sagemaker-personas/*"',
        matching(r"(?:role|user|group)/[\w+=,.@*?/-]+"),
    ),
]
ProjectName = Annotated[
    str,
    allowed(
        "up to 32 lower case letters, digits and hyphens, a letter or digit at both ends",
        matching(PROJECT_NAME),
    ),
]
ProjectId = Annotated[
    str,
    allowed(
        "up to 20 letters, digits and hyphens, a letter or digit at both ends",
        matching(PROJECT_ID),
    ),
]


class Removal(StrEnum):
    """What becomes of repositories, data, models and keys when a stack is deleted."""

    RETAIN = "retain"
    DESTROY = "destroy"


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class EnvironmentSettings(_Settings):
    """Where the stacks are deployed."""

    account: AccountId
    region: Region


class ServiceCatalogSettings(_Settings):
    """The templates as products of Service Catalog, and who may launch them."""

    principals: Annotated[list[Principal], Field(min_length=1, max_length=10)]


class ProjectTemplatesSettings(_Settings):
    """The templates that people create projects from."""

    removal: Annotated[Removal, Field(strict=False)] = Removal.RETAIN
    allowed_cidrs: list[Cidr] = []
    service_catalog: ServiceCatalogSettings | None = None


class ProjectSettings(_Settings):
    """A project that is deployed directly."""

    name: ProjectName
    id: ProjectId | None = None
    removal: Annotated[Removal, Field(strict=False)] = Removal.RETAIN

    @property
    def project_id(self) -> str:
        """The given id, else one that follows from the name alone."""
        return self.id or "p-" + hashlib.sha256(self.name.encode()).hexdigest()[:12]


class Settings(_Settings):
    """All settings of an environment."""

    environment: EnvironmentSettings
    project_templates: ProjectTemplatesSettings | None = None
    projects: Annotated[list[ProjectSettings], AfterValidator(lambda value: _unique(value))] = []
    platform_pipeline: PlatformPipelineSettings | None = None


def load_settings(path: Path) -> Settings:
    """Reads and checks a settings file.

    Raises SettingsError with every problem in the file: where it is, what was got and what is
    allowed.
    """
    try:
        content = read_yaml(path)
    except FileNotFoundError:
        raise SettingsError(
            f"{path} does not exist; name a settings file: cdk deploy -c config=config/NAME.yaml"
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{path} cannot be read as YAML: {error}") from None
    if not isinstance(content, dict):
        raise SettingsError(
            f"{path}: got {_shown(content)}; allowed is a mapping with the keys "
            f"{', '.join(Settings.model_fields)}"
        )
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        lines = [_line(detail) for detail in error.errors()]
        count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
        listing = "".join(f"\n  - {line}" for line in lines)
        raise SettingsError(f"{path}: {count}{listing}") from None


def load_stages(pipeline: PlatformPipelineSettings, root: Path) -> list[Settings]:
    """Reads and checks the settings files of the stages that a pipeline deploys.

    Raises SettingsError like `load_settings`, and for stages in one account and region: they would
    deploy the same stacks.
    """
    found: dict[EnvironmentSettings, str] = {}
    loaded = []
    for stage in pipeline.stages:
        settings = load_settings(root / stage.config)
        place = settings.environment
        if place in found:
            raise SettingsError(
                f"{stage.config}: {place.account} in {place.region} is the environment of "
                f"{found[place]} already; allowed is one stage for each account and region"
            )
        if settings.platform_pipeline is not None:
            raise SettingsError(
                f"{stage.config}: a stage has no platform_pipeline of its own; remove it there"
            )
        found[place] = stage.config
        loaded.append(settings)
    return loaded


def _unique(projects: list[ProjectSettings]) -> list[ProjectSettings]:
    names = [project.name for project in projects]
    if len(set(names)) < len(names):
        raise ValueError("each name once")
    return projects


def _line(detail: ErrorDetails) -> str:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"])
    where = where.lstrip(".")
    if detail["type"] == "missing":
        return f"{where}: missing; this key is required"
    if detail["type"] == "extra_forbidden":
        known = ", ".join(_keys(detail["loc"][:-1]))
        return f"{where}: unknown key; allowed are {known}"
    return f"{where}: got {_shown(detail['input'])}; allowed is {_expected(detail)}"


_TYPES = {
    "string_type": "a text; put numbers in quotes",
    "list_type": "a list",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def _expected(detail: ErrorDetails) -> str:
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    if detail["type"] == "enum":
        return str(detail["ctx"]["expected"])
    return _TYPES.get(detail["type"], detail["msg"])


def _keys(location: tuple[int | str, ...]) -> list[str]:
    """The keys that are allowed at a place of the file."""
    models: dict[str, type[BaseModel]] = {
        "environment": EnvironmentSettings,
        "project_templates": ProjectTemplatesSettings,
        "project_templates.service_catalog": ServiceCatalogSettings,
        "projects": ProjectSettings,
        "platform_pipeline": PlatformPipelineSettings,
        "platform_pipeline.source": RepositorySettings,
        "platform_pipeline.stages": StageSettings,
    }
    place = ".".join(part for part in location if isinstance(part, str))
    model = models[place] if place else Settings
    return list(model.model_fields)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    kinds = {str: "text", bool: "yes/no value", int: "number", float: "number"}
    kind = kinds.get(type(value), type(value).__name__)
    return f"{value!r} ({kind})"
