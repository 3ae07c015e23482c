"""Custom images for Studio applications."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._findings import acknowledge, skip_in_cfn_lint
from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems
from mlops_constructs.access import ServiceRole, image_pull_permissions

from ._names import generated_name, name_problems
from .studio_app import StudioApp

MAX_ARGUMENTS, MAX_VARIABLES = 50, 25
MAX_ARGUMENT_LENGTH, MAX_VARIABLE_LENGTH = 64, 256
_RESOURCE_TYPES = ("Image", "ImageVersion", "AppImageConfig")


@dataclass(frozen=True, kw_only=True)
class ContainerConfig:
    """The start of an image's container.

    Args:
        entry_point: entry point of the container. Defaults to None: that of the image.
        arguments: up to 50 arguments of the entry point, each of up to 64 characters. Defaults to
            those of the image.
        environment: up to 25 environment variables; names and values have up to 256 characters.
            Defaults to the variables of Studio.

    Source: ContainerConfig in SageMaker's API reference.
    """

    entry_point: str | None = None
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def problems(self) -> list[str]:
        """Validates the container; returns one message per problem."""
        found = []
        if len(self.arguments) > MAX_ARGUMENTS:
            found.append(
                f"container arguments: got {len(self.arguments)}; allowed are {MAX_ARGUMENTS}"
            )
        if len(self.environment) > MAX_VARIABLES:
            found.append(
                f"container environment: got {len(self.environment)} variables; allowed are "
                f"{MAX_VARIABLES}"
            )
        found += _text_problems("container arguments", self.arguments, MAX_ARGUMENT_LENGTH)
        words = [word for pair in self.environment.items() for word in pair]
        found += _text_problems("container environment", words, MAX_VARIABLE_LENGTH)
        return found

    def render(self) -> sagemaker.CfnAppImageConfig.ContainerConfigProperty:
        """Returns the ContainerConfig of an app image config."""
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
    """Defines a custom image in ECR for an application of a domain.

    It consists of the image, one version of it, and the app image config. SageMaker resolves the
    tag once, when it creates the version: another tag creates the next version, and the settings
    that refer to the image use it.

    An image based on SageMaker Distribution reports when its application is idle. Any other image
    of JupyterLab needs the package `jupyter-activity-monitor-extension`; otherwise `IdleShutdown`
    does not work.

    Image and app image config have the tag `Name`, so that they are never untagged (controls
    SageMaker.6 and SageMaker.7 of Security Hub).

    Args:
        app: application that the image contains.
        repository: repository of the image, in the account and region of the domain.
        tag: tag of the image; tags should be immutable.
        image_name: name of the image, unique in the account and region, up to 63 characters.
            Defaults to None: a name generated from the stack's name and the construct's path.
        display_name: name that Studio shows. Defaults to None: the name of the image.
        container: start of the container. Defaults to None: as the image defines it.
        role: role with which SageMaker reads the repository. Defaults to None: a role with these
            permissions only.

    Raises:
        ValueError: if the input is invalid; the message lists every problem.

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
        problems = Problems("CustomImage", self)
        types = [f"AWS::SageMaker::{name}" for name in _RESOURCE_TYPES]
        problems.extend(region_problems(self, *types))
        problems.extend(name_problems("image_name", image_name))
        problems.extend(container.problems())
        if is_known(tag) and not tag.strip():
            problems.add("tag: got an empty text; give the tag of an image in the repository")
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
        for resource in (self._image, self._config):
            cdk.Tags.of(resource).add("Name", self.image_name)
        self.image_arn = self._image.attr_image_arn

    def render(self, l1: Any) -> Any:
        """Returns the CustomImage of an application's settings.

        Args:
            l1: level-1 class of the settings.
        """
        return l1.CustomImageProperty(
            app_image_config_name=self._config.ref,
            image_name=self.image_name,
            image_version_number=cdk.Token.as_number(self._version.attr_version),
        )

    def retain(self) -> None:
        """Keeps the image when its stack is deleted.

        Call it if a retained resource refers to the image.
        """
        for resource in (self._image, self._version, self._config):
            resource.apply_removal_policy(
                cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, apply_to_update_replace_policy=False
            )
            reason = "it is kept with the stack's data, and deleted once a new one has replaced it"
            acknowledge(resource, {"CloudFormation-Validate::W3011": reason})
            skip_in_cfn_lint(resource, "W3011")

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


def _text_problems(name: str, words: Sequence[str], max_length: int) -> list[str]:
    return [
        f"{name}: got {word!r}; allowed are 1 to {max_length} characters, not only white space"
        for word in words
        if is_known(word) and (not word.strip() or len(word) > max_length)
    ]
