"""What people find in Studio: applications, storage, and the portal around them."""

from __future__ import annotations

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

SMALLEST_VOLUME_GIB, LARGEST_VOLUME_GIB = 5, 16_384
MOST_LIFECYCLE_CONFIGS, MOST_IMAGES, MOST_REPOSITORIES = 30, 200, 10
"""Of the service, which refuses some of the 30 repositories that CloudFormation's schema allows."""
_REPOSITORY = re.compile(r"https://([.\-_a-zA-Z0-9]+/?){3,1016}")


@dataclass(frozen=True, kw_only=True)
class AppSettings:
    """How JupyterLab or Code Editor starts and ends.

    Args:
        instance_type: the instance that is chosen when a person chooses none. Left out: what AWS
            takes, ml.t3.medium.
        idle_shutdown: when an application that nobody uses is ended; of a domain only. Left out:
            after 2 hours, which people may shorten to 1 and extend to 12.
        lifecycle_configs: scripts among which people can choose.
        default_lifecycle_config: the one of them that runs when a person chooses none. Left out:
            no script runs.
        custom_images: own images among which people can choose.
        code_repositories: https addresses of git repositories that JupyterLab offers to clone.

    Source: JupyterLabAppSettings and CodeEditorAppSettings in SageMaker's API reference.
    """

    instance_type: str | None = None
    idle_shutdown: IdleShutdown | None = None
    lifecycle_configs: Sequence[LifecycleConfigBase] = ()
    default_lifecycle_config: LifecycleConfigBase | None = None
    custom_images: Sequence[CustomImage] = ()
    code_repositories: Sequence[str] = ()

    def problems(self, app: StudioApp) -> list[str]:
        """What AWS would refuse for an application."""
        found = self.idle_shutdown.problems() if self.idle_shutdown else []
        if is_known(self.instance_type) and not str(self.instance_type).startswith("ml."):
            found.append(f"instance_type: got {self.instance_type!r}; allowed are ml.… types")
        for name, given, most in (
            ("lifecycle_configs", self.lifecycle_configs, MOST_LIFECYCLE_CONFIGS),
            ("custom_images", self.custom_images, MOST_IMAGES),
            ("code_repositories", self.code_repositories, MOST_REPOSITORIES),
        ):
            if len(given) > most:
                found.append(f"{name}: got {len(given)}; allowed are {most}")
        things: list[LifecycleConfigBase | CustomImage]
        things = [*self.lifecycle_configs, *self.custom_images]
        found += [
            f"got {thing.node.path}, which is for {thing.app}; leave it out"
            for thing in things
            if thing.app is not app
        ]
        default = self.default_lifecycle_config
        if default is not None and default not in self.lifecycle_configs:
            found.append(
                f"default_lifecycle_config: got {default.node.path}, which is none of "
                "lifecycle_configs; add it there"
            )
        if self.code_repositories and app is not StudioApp.JUPYTER_LAB:
            found.append("code_repositories: only JupyterLab knows them; leave them out")
        found += [
            f"code_repositories: got {address!r}; allowed are https:// addresses"
            for address in self.code_repositories
            if is_known(address) and not _REPOSITORY.fullmatch(address)
        ]
        return [f"{app}: {problem}" for problem in found]

    def render(self, l1: Any, app: StudioApp) -> Any:
        """The settings of an application; `l1` is CfnDomain or CfnUserProfile."""
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
            l1.CodeRepositoryProperty(repository_url=address) for address in self.code_repositories
        ]
        return l1.JupyterLabAppSettingsProperty(**given, code_repositories=repositories or None)


@dataclass(frozen=True, kw_only=True)
class SpaceStorage:
    """Sizes of the volumes that spaces get, in GiB.

    Args:
        default_gib: size when a person chooses none, 5 to 16384.
        maximum_gib: the largest that a person can choose, 5 to 16384.

    Source: DefaultEbsStorageSettings in SageMaker's API reference.
    """

    default_gib: int = 10
    maximum_gib: int = 100

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        found = [
            f"storage {name}: got {size}; allowed are {SMALLEST_VOLUME_GIB} to {LARGEST_VOLUME_GIB}"
            for name, size in (("default_gib", self.default_gib), ("maximum_gib", self.maximum_gib))
            if outside(size, SMALLEST_VOLUME_GIB, LARGEST_VOLUME_GIB)
        ]
        sizes = (self.default_gib, self.maximum_gib)
        if all(map(is_known, sizes)) and self.default_gib > self.maximum_gib:
            found.append(
                f"storage: got default_gib {self.default_gib} and maximum_gib {self.maximum_gib}; "
                "the maximum must not be less"
            )
        return found

    def render(self, l1: Any) -> Any:
        """The SpaceStorageSettings; `l1` is CfnDomain or CfnUserProfile."""
        return l1.DefaultSpaceStorageSettingsProperty(
            default_ebs_storage_settings=l1.DefaultEbsStorageSettingsProperty(
                default_ebs_volume_size_in_gb=self.default_gib,
                maximum_ebs_volume_size_in_gb=self.maximum_gib,
            )
        )


@dataclass(frozen=True, kw_only=True)
class UserSettings:
    """What a domain gives to all people, or a user profile to one of them.

    What a user profile leaves out, it has from the domain.

    Args:
        jupyter_lab: settings of JupyterLab.
        code_editor: settings of Code Editor.
        storage: sizes of the volumes of spaces. Left out: for a domain 10 GiB, at most 100.
        portal: what Studio shows. Left out: for a domain all but what needs Canvas or Studio
            Classic.
        notebook_sharing: where outputs of shared notebooks are kept. Left out: for a domain
            nowhere.

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

    def with_defaults(self) -> UserSettings:
        """The same settings with what a domain says about what is left out."""
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
        """What AWS would refuse."""
        found = self.jupyter_lab.problems(StudioApp.JUPYTER_LAB)
        found += self.code_editor.problems(StudioApp.CODE_EDITOR)
        for part in (self.storage, self.portal, self.notebook_sharing):
            found += part.problems() if part else []
        return found

    def referred(self) -> Iterator[LifecycleConfigBase | CustomImage]:
        """The lifecycle configurations and images that the settings refer to."""
        for app in (self.jupyter_lab, self.code_editor):
            yield from app.lifecycle_configs
            yield from app.custom_images

    def render(self, l1: Any, **more: Any) -> Any:
        """The UserSettings; `l1` is CfnDomain or CfnUserProfile, `more` what one of them adds."""
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
