"""The real CDK CLI, told to deploy whatever `cdk.json` in the current folder says."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.errors import RehearsalError
from rehearsal.local_aws import BUILD_DIRECTORY, LocalAws, program_path
from rehearsal.process_tree import Commands
from rehearsal.progress import Board, Status

ASSEMBLY = BUILD_DIRECTORY / "cdk.out"
# As `cdk deploy --progress events` prints it: stack | 3/40 | time | status | type | name
_EVENT = re.compile(
    r"^(?P<stack>[\w-]+)\s*\|\s*(?P<done>\d+(?:/\d+)?)?\s*\|[^|]*\|"
    r"\s*(?P<status>[A-Z_]+)\s*\|\s*(?P<type>\S+)\s*\|\s*(?P<name>\S+)"
)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Cdk:
    """The CDK CLI as it is installed in node_modules, run by the node of our environment."""

    commands: Commands

    def synth(self, config: Path | None = None, assembly: Path = ASSEMBLY) -> None:
        """Synthesises the app of this folder; needs no AWS, so it may run while one starts."""
        if not Path("cdk.json").exists():
            raise RehearsalError(
                f"There is no cdk.json in {Path.cwd()}.",
                "It names the CDK app to deploy.",
                "Run the command in the folder of the app.",
            )
        if config is not None and not config.exists():
            raise RehearsalError(
                f"There is no configuration {config}.", "", "Name another: --config."
            )
        shutil.rmtree(assembly, ignore_errors=True)
        arguments = ["synth", "--quiet", "--output", str(assembly)]
        if config is not None:
            arguments += ["--context", f"config={config}"]
        self._run("The app does not synthesise.", arguments, program_path(dict(os.environ)))

    def bootstrap(self, aws: LocalAws, environment: str) -> None:
        """Bootstraps `aws://ACCOUNT/REGION` with CDK's own template.

        An account other than the first trusts the first, as a tooling account is trusted.
        """
        account = environment.removeprefix("aws://").partition("/")[0]
        variables = {**aws.environment(), "AWS_ACCESS_KEY_ID": account}
        arguments = ["bootstrap", environment, "--app", ""]
        if account != aws.account:
            policy = "arn:aws:iam::aws:policy/AdministratorAccess"
            arguments += ["--trust", aws.account, "--cloudformation-execution-policies", policy]
        self._run(f"{environment} could not be bootstrapped.", arguments, variables)

    def deploy(
        self, aws: LocalAws, board: Board, row: tuple[str, ...], assembly: Path = ASSEMBLY
    ) -> None:
        """Deploys every stack of the assembly, with a row of progress per stack below `row`."""

        def show(line: str) -> None:
            event = _EVENT.match(_COLOURS.sub("", line).strip())
            if event:
                status = stack_status(event["type"], event["status"])
                detail = " ".join(filter(None, event.group("done", "status", "type", "name")))
                board.update((*row, event["stack"]), status, detail)

        arguments = ["deploy", "--all", "--app", str(assembly), "--require-approval", "never"]
        arguments += ["--progress", "events", "--concurrency", "2"]
        self._run("The stacks could not be deployed.", arguments, aws.environment(), show)

    def _run(
        self,
        failure: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        program = shutil.which("cdk", path=environment["PATH"])
        if program is None:
            raise RehearsalError("The CDK CLI is not installed.", "", "`make setup` installs it.")
        quiet = {"CDK_DISABLE_CLI_TELEMETRY": "true", "CDK_DISABLE_VERSION_CHECK": "true"}
        finished = self.commands.run(
            [program, *arguments, "--no-notices", "--no-color"],
            environment={**environment, **quiet},
            on_line=on_line,
        )
        if finished.status:
            log = BUILD_DIRECTORY / f"cdk-{arguments[0]}.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text("\n".join(finished.lines) + "\n")
            raise RehearsalError(failure, reason(finished.lines), f"The whole output: {log}")


def reason(lines: Sequence[str]) -> str:
    """What of the CLI's output says why it failed."""
    telling = [line for line in lines if line.strip() and not _EVENT.match(line.strip())]
    marked = [
        index
        for index, line in enumerate(telling)
        if "❌" in line or "Error" in line or "CREATE_FAILED" in line
    ]
    return "\n".join(telling[marked[0] :][:15] if marked else telling[-15:])


def stack_status(resource_type: str, status: str) -> Status:
    """The status of a stack after an event of one of its resources."""
    if resource_type != "AWS::CloudFormation::Stack":
        return Status.RUNNING
    if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"):
        return Status.SUCCEEDED
    return Status.FAILED if status.endswith(("FAILED", "ROLLBACK_COMPLETE")) else Status.RUNNING


def environments(assembly: Path, default_account: str, default_region: str) -> list[str]:
    """The environments of an assembly's stacks, to bootstrap; unknown ones are the default."""
    manifest = json.loads((assembly / "manifest.json").read_text())
    found = {
        artifact["environment"]
        .replace("unknown-account", default_account)
        .replace("unknown-region", default_region)
        for artifact in manifest.get("artifacts", {}).values()
        if artifact.get("type") == "aws:cloudformation:stack"
    }
    return sorted(found)
