"""Settings of users: applications, storage and the web portal."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk

from mlops_constructs._problems import is_known, outside

from .custom_image import CustomImage
from .idle_shutdown import IdleShutdown
from .lifecycle_config import LifecycleConfigBase
from .notebook_sharing import NotebookSharing
from .studio_app import StudioApp
from .studio_web_portal import StudioWebPortal

MIN_VOLUME_GIB, MAX_VOLUME_GIB = 5, 16_384
MAX_LIFECYCLE_CONFIGS, MAX_IMAGES, MAX_REPOSITORIES = 30, 200, 10
"""Limits of the service; CloudFormation's schema allows 30 repositories."""
_REPOSITORY = re.compile(r"https://([.\-_a-zA-Z0-9]+/?){3,1016}")


@dataclass(frozen=True, kw_only=True)
class AppSettings:
    """Settings of JupyterLab or Code Editor.

    Args:
        instance_type: default ML instance type. Defaults to None: ml.t3.medium, the default of AWS.
        idle_shutdown: deletion of idle applications; supported for a domain only. Defaults to None:
            after 2 hours; users can choose 1 to 12 hours.
        lifecycle_configs: up to 30 scripts that users can choose. Defaults to none.
        default_lifecycle_config: default script, one of `lifecycle_configs`. Defaults to None: no
            script runs.
        custom_images: up to 200 custom images that users can choose. Defaults to none.
        code_repositories: up to 10 https:// URLs of git repositories that JupyterLab offers to
            clone. Defaults to none.

    Source: JupyterLabAppSettings and CodeEditorAppSettings in SageMaker's API reference.
    """

    instance_type: str | None = None
    idle_shutdown: IdleShutdown | None = None
    lifecycle_configs: Sequence[LifecycleConfigBase] = ()
    default_lifecycle_config: LifecycleConfigBase | None = None
    custom_images: Sequence[CustomImage] = ()
    code_repositories: Sequence[str] = ()

    def problems(self, app: StudioApp) -> list[str]:
        """Validates the settings of an application; returns one message per problem.

        Args:
            app: application of the settings.
        """
        found = self.idle_shutdown.problems() if self.idle_shutdown else []
        if is_known(self.instance_type) and not str(self.instance_type).startswith("ml."):
            found.append(f"instance_type: got {self.instance_type!r}; allowed are ml.… types")
        for name, given, limit in (
            ("lifecycle_configs", self.lifecycle_configs, MAX_LIFECYCLE_CONFIGS),
            ("custom_images", self.custom_images, MAX_IMAGES),
            ("code_repositories", self.code_repositories, MAX_REPOSITORIES),
        ):
            if len(given) > limit:
                found.append(f"{name}: got {len(given)}; allowed are {limit}")
        referred: list[LifecycleConfigBase | CustomImage]
        referred = [*self.lifecycle_configs, *self.custom_images]
        found += [
            f"got {one.node.path}, which is for {one.app}; remove it"
            for one in referred
            if one.app is not app
        ]
        default = self.default_lifecycle_config
        if default is not None and default not in self.lifecycle_configs:
            found.append(
                f"default_lifecycle_config: got {default.node.path}, which is not in "
                "lifecycle_configs; add it there"
            )
        if self.code_repositories and app is not StudioApp.JUPYTER_LAB:
            found.append("code_repositories: only supported for JupyterLab; remove them")
        found += [
            f"code_repositories: got {url!r}; allowed are https:// URLs"
            for url in self.code_repositories
            if is_known(url) and not _REPOSITORY.fullmatch(url)
        ]
        return [f"{app}: {problem}" for problem in found]

    def render(self, l1: Any, app: StudioApp) -> Any:
        """Returns the settings of an application.

        Args:
            l1: level-1 class, CfnDomain or CfnUserProfile.
            app: application of the settings.
        """
        default = self.default_lifecycle_config
        images = [image.render(l1) for image in self.custom_images]
        given: dict[str, Any] = {
            "app_lifecycle_management": self.idle_shutdown and self.idle_shutdown.render(l1),
            "custom_images": images or None,
            "lifecycle_config_arns": [
                config.lifecycle_config_arn for config in self.lifecycle_configs
            ]
            or None,
        }
        if self.instance_type or default:
            given["default_resource_spec"] = l1.ResourceSpecProperty(
                instance_type=self.instance_type,
                lifecycle_config_arn=default.lifecycle_config_arn if default else None,
            )
        if app is StudioApp.CODE_EDITOR:
            return l1.CodeEditorAppSettingsProperty(**given)
        repositories = [
            l1.CodeRepositoryProperty(repository_url=url) for url in self.code_repositories
        ]
        return l1.JupyterLabAppSettingsProperty(**given, code_repositories=repositories or None)


@dataclass(frozen=True, kw_only=True)
class SpaceStorage:
    """Sizes of the volumes of spaces.

    Args:
        default_gib: default size in GiB, 5 to 16,384. Defaults to 10.
        maximum_gib: maximum size that a user can choose in GiB, 5 to 16,384. Defaults to 100.

    Source: DefaultEbsStorageSettings in SageMaker's API reference.
    """

    default_gib: int = 10
    maximum_gib: int = 100

    def problems(self) -> list[str]:
        """Validates the sizes; returns one message per problem."""
        found = [
            f"storage {name}: got {size}; allowed are {MIN_VOLUME_GIB} to {MAX_VOLUME_GIB}"
            for name, size in (("default_gib", self.default_gib), ("maximum_gib", self.maximum_gib))
            if outside(size, MIN_VOLUME_GIB, MAX_VOLUME_GIB)
        ]
        sizes = (self.default_gib, self.maximum_gib)
        if all(map(is_known, sizes)) and self.default_gib > self.maximum_gib:
            found.append(
                f"storage: got default_gib {self.default_gib} and maximum_gib {self.maximum_gib}; "
                "the maximum must not be less than the default"
            )
        return found

    def render(self, l1: Any) -> Any:
        """Returns the SpaceStorageSettings.

        Args:
            l1: level-1 class, CfnDomain or CfnUserProfile.
        """
        return l1.DefaultSpaceStorageSettingsProperty(
            default_ebs_storage_settings=l1.DefaultEbsStorageSettingsProperty(
                default_ebs_volume_size_in_gb=self.default_gib,
                maximum_ebs_volume_size_in_gb=self.maximum_gib,
            )
        )


@dataclass(frozen=True, kw_only=True)
class UserSettings:
    """Settings of all users of a domain, or of one user profile.

    A user profile inherits the settings of the domain that it does not set.

    Args:
        jupyter_lab: settings of JupyterLab. Defaults to `AppSettings()`.
        code_editor: settings of Code Editor. Defaults to `AppSettings()`.
        storage: sizes of the volumes of spaces. Defaults to None: for a domain 10 GiB, at most 100.
        portal: hidden parts of Studio. Defaults to None: for a domain those that need Canvas or
            Studio Classic.
        notebook_sharing: outputs of shared notebooks. Defaults to None: disabled for a domain.

    Source: UserSettings in SageMaker's API reference.

    Example:
        ```python
        UserSettings(
            jupyter_lab=AppSettings(idle_shutdown=IdleShutdown.after(cdk.Duration.hours(1))),
            storage=SpaceStorage(default_gib=20, maximum_gib=200),
        )
        ```
    """

    jupyter_lab: AppSettings = field(default_factory=AppSettings)
    code_editor: AppSettings = field(default_factory=AppSettings)
    storage: SpaceStorage | None = None
    portal: StudioWebPortal | None = None
    notebook_sharing: NotebookSharing | None = None

    def with_defaults(self) -> "UserSettings":
        """Returns the settings with the defaults of a domain."""
        idle = IdleShutdown.after(
            cdk.Duration.hours(2),
            min_timeout=cdk.Duration.hours(1),
            max_timeout=cdk.Duration.hours(12),
        )
        return dataclasses.replace(
            self,
            jupyter_lab=_ending(self.jupyter_lab, idle),
            code_editor=_ending(self.code_editor, idle),
            storage=self.storage or SpaceStorage(),
            portal=self.portal or StudioWebPortal(),
            notebook_sharing=self.notebook_sharing or NotebookSharing.disabled(),
        )

    def problems(self) -> list[str]:
        """Validates the settings; returns one message per problem."""
        found = self.jupyter_lab.problems(StudioApp.JUPYTER_LAB)
        found += self.code_editor.problems(StudioApp.CODE_EDITOR)
        for part in (self.storage, self.portal, self.notebook_sharing):
            found += part.problems() if part else []
        return found

    def referred(self) -> Iterator[LifecycleConfigBase | CustomImage]:
        """Yields the lifecycle configurations and images that the settings refer to."""
        for app in (self.jupyter_lab, self.code_editor):
            yield from app.lifecycle_configs
            yield from app.custom_images

    def render(self, l1: Any, **more: Any) -> Any:
        """Returns the UserSettings.

        Args:
            l1: level-1 class, CfnDomain or CfnUserProfile.
            **more: further arguments of the UserSettings.
        """
        parts: dict[str, Any] = {
            "space_storage_settings": self.storage,
            "studio_web_portal_settings": self.portal,
            "sharing_settings": self.notebook_sharing,
        }
        given = {name: part.render(l1) for name, part in parts.items() if part is not None}
        for name, app, settings in (
            ("jupyter_lab_app_settings", StudioApp.JUPYTER_LAB, self.jupyter_lab),
            ("code_editor_app_settings", StudioApp.CODE_EDITOR, self.code_editor),
        ):
            if settings != AppSettings():
                given[name] = settings.render(l1, app)
        return l1.UserSettingsProperty(**given, **more)


def _ending(settings: AppSettings, idle: IdleShutdown) -> AppSettings:
    return dataclasses.replace(settings, idle_shutdown=settings.idle_shutdown or idle)
