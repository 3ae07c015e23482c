"""Commands that synthesise a repository's CDK app."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_constructs._problems import is_known

_EXACT_VERSION = r"\d+\.\d+\.\d+"


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """Defines the commands that synthesise a CDK app, and the version of the CDK CLI.

    The defaults fit a repository with pinned versions: `package-lock.json` pins the CDK CLI,
    `requirements.txt` the Python packages with their hashes. The build has no permissions in the
    account, so lookups (`from_lookup`) must be done in advance: commit `cdk.context.json`.

    Args:
        cli_version: exact version of `aws-cdk` with which the pipeline updates itself, publishes
            assets and compares permissions, such as "2.1148.1"; the same as in `package-lock.json`.
        install: install commands. Defaults to `npm ci`, then pip with required hashes.
        commands: synthesis commands; at least one. Defaults to `npx cdk synth --quiet`.
        output_directory: directory of the synthesised app. Defaults to "cdk.out".
        python_version: Python version of the builds. Defaults to "3.11".
        node_version: node.js version of the builds. Defaults to "22".

    Source: CDK's "CDK Pipelines"; CodeBuild User Guide, "Available runtimes".

    Example:
        ```python
        Synthesis(cli_version="2.1148.1")
        ```
    """

    cli_version: str
    install: Sequence[str] = (
        "npm ci --no-audit --no-fund",
        "python -m pip install --quiet --require-hashes --requirement requirements.txt",
    )
    commands: Sequence[str] = ("npx cdk synth --quiet",)
    output_directory: str = "cdk.out"
    python_version: str = "3.11"
    node_version: str = "22"

    def runtimes(self) -> dict[str, Any]:
        """Returns a buildspec that selects the Python and Node.js versions and runs no commands."""
        versions = {"python": self.python_version, "nodejs": self.node_version}
        return {"version": "0.2", "phases": {"install": {"runtime-versions": versions}}}

    def problems(self) -> list[str]:
        """Validates the values; returns one message per problem."""
        problems = []
        if is_known(self.cli_version) and not re.fullmatch(_EXACT_VERSION, self.cli_version):
            problems.append(
                f"cli_version: got {self.cli_version!r}; allowed is one exact version, such as "
                "2.1148.1"
            )
        if not self.commands:
            problems.append("commands: got none; add the command that synthesises the app")
        if not self.output_directory:
            problems.append(
                "output_directory: got an empty path; enter the folder of the synthesised app"
            )
        return problems

    def publish(self, patterns: Sequence[str]) -> dict[str, Any]:
        """Returns a buildspec that publishes the assets of stacks.

        Args:
            patterns: patterns of stack names.
        """
        # Not cdk-assets, which CDK Pipelines uses: its releases lag behind the CDK's.
        stacks = " ".join(f"'{pattern}'" for pattern in patterns)
        command = f"cdk --app . publish-assets {stacks} --exclusively --unstable=publish-assets"
        specification = self.runtimes()
        specification["phases"]["install"]["commands"] = [
            f"npm install --global aws-cdk@{self.cli_version}"
        ]
        specification["phases"]["build"] = {"commands": [command]}
        return specification
