"""Lifecycle configurations: scripts that run when an application of Studio starts."""

import base64
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._content_name import HASH_LENGTH, name_by_content
from mlops_constructs._findings import acknowledge, skip_in_cfn_lint
from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems

from ._names import MAX_NAME_LENGTH, generated_name, name_problems
from .sdk_defaults import SdkDefaults
from .studio_app import StudioApp

MAX_CONTENT_LENGTH = 16_384
"""Characters of a script in base64: CreateStudioLifecycleConfig in SageMaker's API reference."""


@dataclass(frozen=True, kw_only=True)
class Script:
    """A shell script that runs as the user of the application; use its static factories."""

    text: str

    @staticmethod
    def from_file(path: str | Path) -> "Script":
        """Returns the content of a file, read at synthesis.

        Args:
            path: path of the file, relative to the working directory.

        Example:
            ```python
            Script.from_file("docs/examples/studio/install_tools.sh")
            ```
        """
        return Script(text=Path(path).read_bytes().decode())

    @staticmethod
    def from_text(text: str) -> "Script":
        r"""Returns a script from a text.

        Args:
            text: content of the script.

        Example:
            ```python
            Script.from_text("#!/bin/bash\nset -eu\ngit config --global pull.rebase true\n")
            ```
        """
        return Script(text=text)

    @staticmethod
    def sdk_defaults(defaults: SdkDefaults) -> "Script":
        """Returns a script that sets the defaults of the SageMaker Python SDK.

        Args:
            defaults: defaults of the SDK.

        Example:
            ```python
            Script.sdk_defaults(SdkDefaults(bucket=bucket))
            ```
        """
        return Script(text=defaults.text())

    def then(self, other: "Script") -> "Script":
        """Returns a script that runs this script and then another one if this one succeeds.

        An application runs only one lifecycle script.

        Args:
            other: script that runs second.

        Example:
            ```python
            Script.from_text("git config --global pull.rebase true").then(
                Script.sdk_defaults(SdkDefaults(bucket=bucket))
            )
            ```
        """
        first = self.text if self.text.endswith("\n") else f"{self.text}\n"
        return Script(text=f"{first}{other.text}")

    def problems(self) -> list[str]:
        """Validates the script; returns one message per problem."""
        found = []
        if not self.text.strip():
            found.append("script: got an empty text; remove the lifecycle configuration")
        if "\r" in self.text:
            found.append(
                "script: got Windows line endings, which bash does not support; save it with line "
                "feeds only"
            )
        size = len(self.encoded) if is_known(self.text) else 0
        if size > MAX_CONTENT_LENGTH:
            found.append(
                f"script: got {size} characters in base64; allowed are {MAX_CONTENT_LENGTH}; store "
                "large content in S3 and let the script download it"
            )
        return found

    @property
    def encoded(self) -> str:
        """The script in base64; CloudFormation encodes a script with tokens."""
        if not is_known(self.text):
            return cdk.Fn.base64(self.text)
        return base64.b64encode(self.text.encode()).decode()


class LifecycleConfigBase(cdk.Resource):
    """A lifecycle configuration, owned or imported.

    Attributes:
        lifecycle_config_arn: ARN of the configuration.
        app: application of the configuration.
    """

    lifecycle_config_arn: str
    app: StudioApp

    def retain(self) -> None:
        """Keeps the configuration when its stack is deleted.

        Call it if a retained resource refers to the configuration.
        """


class LifecycleConfig(LifecycleConfigBase):
    """Defines a script that runs when an application starts.

    A lifecycle configuration is immutable in AWS. Its name contains a hash of its content: a
    changed script is a new configuration, and resources that refer to the old one are updated
    before it is deleted.

    Args:
        app: application of the configuration.
        script: script, which may run for 5 minutes.
        name_prefix: prefix of the name. Defaults to None: the stack's name and the construct's
            path.

    Raises:
        ValueError: if the input is invalid; the message lists every problem.

    Source: CreateStudioLifecycleConfig in SageMaker's API reference.

    Example:
        ```python
        LifecycleConfig(
            stack,
            "GitDefaults",
            app=StudioApp.JUPYTER_LAB,
            script=Script.from_text("git config --global pull.rebase true"),
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        app: StudioApp,
        script: Script,
        name_prefix: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        max_length = MAX_NAME_LENGTH - HASH_LENGTH - 1
        problems = Problems("LifecycleConfig", self)
        problems.extend(region_problems(self, "AWS::SageMaker::StudioLifecycleConfig"))
        problems.extend(name_problems("name_prefix", name_prefix, max_length=max_length))
        problems.extend(script.problems())
        problems.raise_if_any()
        self.app = app
        self._resource = sagemaker.CfnStudioLifecycleConfig(
            self,
            "Resource",
            studio_lifecycle_config_app_type=app.value,
            studio_lifecycle_config_content=script.encoded,
            # Required by the level-1 construct; set below.
            studio_lifecycle_config_name="",
        )
        name_by_content(
            self._resource,
            "StudioLifecycleConfigName",
            name_prefix or generated_name(self, max_length=max_length),
        )
        self.lifecycle_config_arn = self._resource.attr_studio_lifecycle_config_arn

    @classmethod
    def from_lifecycle_config_name(
        cls, scope: Construct, construct_id: str, lifecycle_config_name: str, *, app: StudioApp
    ) -> LifecycleConfigBase:
        """Imports an existing lifecycle configuration of this account and region.

        Args:
            scope: parent of the construct.
            construct_id: id of the construct within the scope.
            lifecycle_config_name: name of the configuration.
            app: application of the configuration.

        Example:
            ```python
            LifecycleConfig.from_lifecycle_config_name(
                stack, "Shared", "git-defaults", app=StudioApp.CODE_EDITOR
            )
            ```
        """
        return _ImportedLifecycleConfig(scope, construct_id, lifecycle_config_name, app=app)

    @classmethod
    def from_lifecycle_config_arn(
        cls, scope: Construct, construct_id: str, lifecycle_config_arn: str, *, app: StudioApp
    ) -> LifecycleConfigBase:
        """Imports an existing lifecycle configuration by its ARN, which may be a token.

        Args:
            scope: parent of the construct.
            construct_id: id of the construct within the scope.
            lifecycle_config_arn: ARN of the configuration.
            app: application of the configuration.

        Example:
            ```python
            LifecycleConfig.from_lifecycle_config_arn(
                stack,
                "Shared",
                "arn:aws:sagemaker:eu-west-1:111111111111:studio-lifecycle-config/git-defaults",
                app=StudioApp.JUPYTER_LAB,
            )
            ```
        """
        imported = LifecycleConfigBase(scope, construct_id)
        imported.lifecycle_config_arn, imported.app = lifecycle_config_arn, app
        return imported

    def retain(self) -> None:
        # No resource refers to an old configuration, whose script has changed.
        """Keeps the current configuration when its stack is deleted."""
        self._resource.apply_removal_policy(
            cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, apply_to_update_replace_policy=False
        )
        _acknowledge_deletion_after_update(self._resource)


def _acknowledge_deletion_after_update(resource: cdk.CfnResource) -> None:
    reason = "it is kept with the stack's data, and deleted once a new one has replaced it"
    acknowledge(resource, {"CloudFormation-Validate::W3011": reason})
    skip_in_cfn_lint(resource, "W3011")


class _ImportedLifecycleConfig(LifecycleConfigBase):
    def __init__(
        self, scope: Construct, construct_id: str, lifecycle_config_name: str, *, app: StudioApp
    ) -> None:
        super().__init__(scope, construct_id)
        self.app = app
        self.lifecycle_config_arn = self.stack.format_arn(
            service="sagemaker",
            resource="studio-lifecycle-config",
            resource_name=lifecycle_config_name,
        )
