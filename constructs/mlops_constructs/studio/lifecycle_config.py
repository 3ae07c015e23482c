"""Scripts that run when an application of Studio starts."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._content_name import HASH_LENGTH, name_by_content
from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems

from ._names import LONGEST_NAME, generated_name, name_problems
from .sdk_defaults import SdkDefaults
from .studio_app import StudioApp

LONGEST_CONTENT = 16_384
"""Characters of a script in base64: CreateStudioLifecycleConfig in SageMaker's API reference."""


@dataclass(frozen=True, kw_only=True)
class Script:
    """A shell script, which runs as the user of the application."""

    text: str

    @staticmethod
    def from_file(path: str | Path) -> Script:
        """The content of a file, read at synthesis.

        Example:
            ```python
            Script.from_file("docs/examples/studio/install_tools.sh")
            ```
        """
        return Script(text=Path(path).read_bytes().decode())

    @staticmethod
    def from_text(text: str) -> Script:
        r"""A script of a few lines.

        Example:
            ```python
            Script.from_text("#!/bin/bash\nset -eu\ngit config --global pull.rebase true\n")
            ```
        """
        return Script(text=text)

    @staticmethod
    def sdk_defaults(defaults: SdkDefaults) -> Script:
        """A script that gives the SageMaker Python SDK its defaults.

        Example:
            ```python
            Script.sdk_defaults(SdkDefaults(bucket=bucket))
            ```
        """
        return Script(text=defaults.text())

    def then(self, other: Script) -> Script:
        """This script, and another one after it when it was successful.

        An application runs one lifecycle script.

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
        """What AWS would refuse, or would run wrongly."""
        found = []
        if not self.text.strip():
            found.append("script: got an empty one; leave the lifecycle configuration out")
        if "\r" in self.text:
            found.append(
                "script: got Windows line ends, with which bash fails; save it with line feeds only"
            )
        size = len(self.encoded) if is_known(self.text) else 0
        if size > LONGEST_CONTENT:
            found.append(
                f"script: got {size} characters in base64; allowed are {LONGEST_CONTENT}; keep "
                "what is large in S3 and let the script fetch it"
            )
        return found

    @property
    def encoded(self) -> str:
        """The script in base64; CloudFormation encodes what only the deployment knows."""
        if not is_known(self.text):
            return cdk.Fn.base64(self.text)
        return base64.b64encode(self.text.encode()).decode()


class LifecycleConfigBase(cdk.Resource):
    """A lifecycle configuration, owned or imported."""

    lifecycle_config_arn: str
    app: StudioApp

    def keep(self) -> None:
        """Keeps it when its stack is deleted, as something that is kept refers to it."""


class LifecycleConfig(LifecycleConfigBase):
    """Defines a script that runs whenever an application starts.

    AWS cannot change one, so its name has a hash of its content: another script is another
    configuration, and what refers to it is moved before the former one is deleted.

    Args:
        app: the application for which it is.
        script: what runs. It has 5 minutes.
        name_prefix: beginning of its name. Left out: the stack's name and its path in the stack.

    Raises:
        ValueError: with every problem of the input.

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
        longest = LONGEST_NAME - HASH_LENGTH - 1
        problems = Problems(f"LifecycleConfig {self.node.path}")
        problems.extend(region_problems(self, "AWS::SageMaker::StudioLifecycleConfig"))
        problems.extend(name_problems("name_prefix", name_prefix, longest=longest))
        problems.extend(script.problems())
        problems.raise_if_any()
        self.app = app
        self._resource = sagemaker.CfnStudioLifecycleConfig(
            self,
            "Resource",
            studio_lifecycle_config_app_type=app.value,
            studio_lifecycle_config_content=script.encoded,
            # Required by the type; the line below gives it.
            studio_lifecycle_config_name="",
        )
        name_by_content(
            self._resource,
            "StudioLifecycleConfigName",
            name_prefix or generated_name(self, longest=longest),
        )
        self.lifecycle_config_arn = self._resource.attr_studio_lifecycle_config_arn

    @classmethod
    def from_lifecycle_config_name(
        cls, scope: Construct, construct_id: str, lifecycle_config_name: str, *, app: StudioApp
    ) -> LifecycleConfigBase:
        """A lifecycle configuration of this account and region that exists already.

        Example:
            ```python
            LifecycleConfig.from_lifecycle_config_name(
                stack, "Shared", "git-defaults", app=StudioApp.CODE_EDITOR
            )
            ```
        """
        imported = LifecycleConfigBase(scope, construct_id)
        imported.app = app
        imported.lifecycle_config_arn = cdk.Stack.of(imported).format_arn(
            service="sagemaker",
            resource="studio-lifecycle-config",
            resource_name=lifecycle_config_name,
        )
        return imported

    def keep(self) -> None:
        # A former one, whose script has changed, has nobody left who refers to it.
        self._resource.apply_removal_policy(
            cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, apply_to_update_replace_policy=False
        )
