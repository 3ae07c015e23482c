"""Own images for the applications of Studio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems
from mlops_constructs.access import ServiceRole, image_pull_permissions

from ._names import generated_name, name_problems
from .studio_app import StudioApp

MOST_ARGUMENTS, MOST_VARIABLES = 50, 25
LONGEST_ARGUMENT, LONGEST_VARIABLE = 64, 256
_RESOURCE_TYPES = ("Image", "ImageVersion", "AppImageConfig")


@dataclass(frozen=True, kw_only=True)
class ContainerConfig:
    """How Studio starts the container of an image.

    Args:
        entry_point: the program. Left out: the image's own.
        arguments: of the program. Left out: the image's own.
        environment: variables. Left out: only those of Studio.

    Source: ContainerConfig in SageMaker's API reference.
    """

    entry_point: str | None = None
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        found = []
        if len(self.arguments) > MOST_ARGUMENTS:
            found.append(
                f"container arguments: got {len(self.arguments)}; allowed are {MOST_ARGUMENTS}"
            )
        if len(self.environment) > MOST_VARIABLES:
            found.append(
                f"container environment: got {len(self.environment)} variables; allowed are "
                f"{MOST_VARIABLES}"
            )
        found += _text_problems("container arguments", self.arguments, LONGEST_ARGUMENT)
        words = [word for pair in self.environment.items() for word in pair]
        found += _text_problems("container environment", words, LONGEST_VARIABLE)
        return found

    def render(self) -> sagemaker.CfnAppImageConfig.ContainerConfigProperty:
        """The ContainerConfig of an app image config."""
        properties = sagemaker.CfnAppImageConfig
        return properties.ContainerConfigProperty(
            container_entrypoint=[self.entry_point] if self.entry_point else None,
            container_arguments=list(self.arguments) or None,
            container_environment_variables=[
                properties.CustomImageContainerEnvironmentVariableProperty(key=key, value=value)
                for key, value in self.environment.items()
            ]
            or None,
        )


class CustomImage(cdk.Resource):
    """Defines an image of ECR that people can choose for one application of a domain.

    It consists of the image, one version of it, and the way in which Studio starts it. SageMaker
    resolves the tag once, when the version is made: another tag makes the next version, and the
    settings that refer to the image move to it.

    An image of SageMaker Distribution, or made of one, tells Studio when its application is idle.
    Another image of JupyterLab needs the package `jupyter-activity-monitor-extension`, or it is
    never ended by `IdleShutdown`.

    Args:
        app: the application that the image contains.
        repository: where the image is, in the account and region of the domain.
        tag: which image it is; tags should be immutable.
        image_name: its name, unique in the account and region. Left out: one is made of the
            stack's name and the path in the stack.
        display_name: what people see. Left out: the name.
        container: how it is started. Left out: as the image says.
        role: role with which SageMaker reads the repository. Left out: one that can do just that.

    Raises:
        ValueError: with every problem of the input.

    Source: "Bring your own image (BYOI)" in SageMaker's developer guide; CreateImage,
    CreateImageVersion and CreateAppImageConfig in its API reference.

    Example:
        ```python
        CustomImage(
            stack, "Vision", app=StudioApp.JUPYTER_LAB, repository=repository, tag="2026-11"
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        app: StudioApp,
        repository: ecr.IRepository,
        tag: str,
        image_name: str | None = None,
        display_name: str | None = None,
        container: ContainerConfig | None = None,
        role: iam.IRole | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        container = container or ContainerConfig()
        problems = Problems(f"CustomImage {self.node.path}")
        types = [f"AWS::SageMaker::{name}" for name in _RESOURCE_TYPES]
        problems.extend(region_problems(self, *types))
        problems.extend(name_problems("image_name", image_name))
        problems.extend(container.problems())
        if is_known(tag) and not tag.strip():
            problems.add("tag: got an empty one; give the tag of an image in the repository")
        problems.raise_if_any()
        self.app = app
        self.image_name = image_name or generated_name(self)
        role = role or _reader(self, repository)
        self._image = sagemaker.CfnImage(
            self,
            "Resource",
            image_name=self.image_name,
            image_role_arn=role.role_arn,
            image_display_name=display_name,
        )
        self._version = sagemaker.CfnImageVersion(
            self,
            "Version",
            image_name=self.image_name,
            base_image=repository.repository_uri_for_tag(tag),
        )
        self._version.node.add_dependency(self._image)
        self._config = self._define_config(container)
        self.image_arn = self._image.attr_image_arn

    def render(self, l1: Any) -> Any:
        """The CustomImage of an application's settings; `l1` is the L1 class of the settings."""
        return l1.CustomImageProperty(
            app_image_config_name=self._config.ref,
            image_name=self.image_name,
            image_version_number=cdk.Token.as_number(self._version.attr_version),
        )

    def keep(self) -> None:
        """Keeps it when its stack is deleted, as something that is kept refers to it."""
        for resource in (self._image, self._version, self._config):
            resource.apply_removal_policy(
                cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, apply_to_update_replace_policy=False
            )

    def _define_config(self, container: ContainerConfig) -> sagemaker.CfnAppImageConfig:
        properties = sagemaker.CfnAppImageConfig
        started = container.render()
        name = self.image_name
        if self.app is StudioApp.JUPYTER_LAB:
            settings = properties.JupyterLabAppImageConfigProperty(container_config=started)
            return properties(
                self, "Config", app_image_config_name=name, jupyter_lab_app_image_config=settings
            )
        return properties(
            self,
            "Config",
            app_image_config_name=name,
            code_editor_app_image_config=properties.CodeEditorAppImageConfigProperty(
                container_config=started
            ),
        )


def _reader(scope: Construct, repository: ecr.IRepository) -> ServiceRole:
    return ServiceRole(
        scope,
        "Role",
        service="sagemaker.amazonaws.com",
        description="SageMaker: reads the image of a Studio application",
        permissions=image_pull_permissions(repository, "ecr:DescribeImages"),
    )


def _text_problems(what: str, words: Sequence[str], longest: int) -> list[str]:
    return [
        f"{what}: got {word!r}; allowed are 1 to {longest} characters, not only white space"
        for word in words
        if is_known(word) and (not word.strip() or len(word) > longest)
    ]
