"""How a repository's CDK app becomes templates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_constructs._problems import is_known

_EXACT_VERSION = r"\d+\.\d+\.\d+"


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """Defines the commands that synthesise a CDK app, and the version of the CDK CLI.

    The defaults are those of a repository that pins everything: `package-lock.json` has the CDK
    CLI, `requirements.txt` the Python packages with their hashes. The build has no permission in
    the account, so lookups (`from_lookup`) are made beforehand: commit `cdk.context.json`.

    Args:
        cli_version: version of `aws-cdk` with which the pipeline updates itself, publishes assets
            and compares permissions; the one that `package-lock.json` names.
        install: commands that install. Default: `npm ci`, then pip with required hashes.
        commands: commands that synthesise. Default: `npx cdk synth --quiet`.
        output_directory: where the synthesised app is. Default: `cdk.out`.
        python_version: Python of the builds. Default: 3.11.
        node_version: Node.js of the builds. Default: 22.

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
        """A build specification that chooses Python and Node.js, and does nothing yet."""
        versions = {"python": self.python_version, "nodejs": self.node_version}
        return {"version": "0.2", "phases": {"install": {"runtime-versions": versions}}}

    def problems(self) -> list[str]:
        """What is wrong with it."""
        problems = []
        if is_known(self.cli_version) and not re.fullmatch(_EXACT_VERSION, self.cli_version):
            problems.append(
                f"cli_version is {self.cli_version!r}; allowed is one exact version, such as "
                "2.1148.1: what npm calls the latest may be another one tomorrow"
            )
        if not self.commands:
            problems.append("commands is empty; give at least the command that synthesises")
        if not self.output_directory:
            problems.append("output_directory is empty; give the folder of the synthesised app")
        return problems

    def publish(self, patterns: Sequence[str]) -> dict[str, Any]:
        """A build specification that publishes assets of the stacks that `patterns` match."""
        # Not cdk-assets, as CDK Pipelines would: its releases lag behind what the CDK writes.
        stacks = " ".join(f"'{pattern}'" for pattern in patterns)
        command = f"cdk --app . publish-assets {stacks} --exclusively --unstable=publish-assets"
        specification = self.runtimes()
        specification["phases"]["install"]["commands"] = [
            f"npm install --global aws-cdk@{self.cli_version}"
        ]
        specification["phases"]["build"] = {"commands": [command]}
        return specification
