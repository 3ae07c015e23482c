"""The CDK CLI, run on the app of the `cdk.json` in the current folder."""

import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import BUILD_DIRECTORY, LocalAws, program_path
from rehearsal.client.process_tree import Commands
from rehearsal.client.progress import Board, Status

ASSEMBLY = BUILD_DIRECTORY / "cdk.out"
# As `cdk deploy --progress events` prints it: stack | 3/40 | time | status | type | name
_EVENT = re.compile(
    r"^(?P<stack>[\w-]+)\s*\|\s*(?P<done>\d+(?:/\d+)?)?\s*\|[^|]*\|"
    r"\s*(?P<status>[A-Z_]+)\s*\|\s*(?P<type>\S+)\s*\|\s*(?P<name>\S+)"
)
_BEGUN = re.compile(r"^(?P<stack>[\w-]+): (?:start: Building|creating CloudFormation changeset)")
_UNCHANGED = re.compile(r"^✅\s+(?P<stack>[\w-]+) \(no changes\)")
_NOISE = ("Source Location:", "(no user code", "Stack trace", "✨")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Cdk:
    """The CDK CLI that is installed in node_modules."""

    commands: Commands

    def synth(self, config: Path | None = None, assembly: Path = ASSEMBLY) -> None:
        """Synthesizes the app; needs no AWS, so it can run while one starts.

        Args:
            config: the app's context `config`. Defaults to None: not passed.
            assembly: output folder. Defaults to `build/rehearsal/cdk.out`.

        Raises:
            RehearsalError: `cdk.json` or `config` does not exist, or the synthesis fails.
        """
        if not Path("cdk.json").exists():
            raise RehearsalError(
                f"There is no cdk.json in {Path.cwd()}.",
                "It configures the CDK app to deploy.",
                "Run the command in the folder of the app.",
            )
        if config is not None and not config.exists():
            raise RehearsalError(
                f"Settings file {config} does not exist.",
                "",
                "Pass an existing file with --config.",
            )
        shutil.rmtree(assembly, ignore_errors=True)
        arguments = ["synth", "--quiet", "--output", str(assembly)]
        if config is not None:
            arguments += ["--context", f"config={config}"]
        self._run("The app could not be synthesized.", arguments, program_path(dict(os.environ)))

    def bootstrap(self, aws: LocalAws, environment: str) -> None:
        """Bootstraps `aws://ACCOUNT/REGION` with the default template.

        Accounts other than the first trust the first, which is the tooling account.
        """
        account = environment.removeprefix("aws://").partition("/")[0]
        variables = {**aws.environment(), **aws.root_variables(account)}
        policy = "arn:aws:iam::aws:policy/AdministratorAccess"  # the CLI's default
        arguments = ["bootstrap", environment, "--app", ""]
        arguments += ["--cloudformation-execution-policies", policy]
        if account != aws.account:
            arguments += ["--trust", aws.account]
        self._run(f"{environment} could not be bootstrapped.", arguments, variables)

    def deploy(
        self, aws: LocalAws, board: Board, row: tuple[str, ...], assembly: Path = ASSEMBLY
    ) -> None:
        """Deploys all stacks of the assembly; each has a row of the board below `row`."""
        ended: set[str] = set()

        def show(line: str) -> None:
            change = progress(_COLOURS.sub("", line).strip())
            # Simultaneous events may arrive in any order, so a stack that has ended stays so.
            if change and change.stack not in ended:
                board.update((*row, change.stack), change.status, change.detail)
                if change.status.ended:
                    ended.add(change.stack)

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
            raise RehearsalError("The CDK CLI is not installed.", "", "Run `make setup`.")
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
            raise RehearsalError(failure, reason(finished.lines), f"See the output in {log}.")


def reason(lines: Sequence[str]) -> str:
    """Returns the CLI's error message, or the end of its output if it has none."""
    relevant = [
        line
        for line in map(str.rstrip, lines)
        if line.strip() and not _EVENT.match(line.strip()) and not line.lstrip().startswith(_NOISE)
    ]
    errors = [index for index, line in enumerate(relevant) if line.lstrip().startswith("❌")]
    return "\n".join(relevant[errors[0] :][:20] if errors else relevant[-20:])


@dataclass(frozen=True)
class Change:
    """The change of a stack that a line of `cdk deploy` reports."""

    stack: str
    status: Status
    detail: str


def progress(line: str) -> Change | None:
    """Returns the change that a line of the CLI's output reports; None for other lines."""
    event = _EVENT.match(line)
    if event:
        detail = " ".join(filter(None, event.group("done", "status", "type", "name")))
        return Change(event["stack"], stack_status(event["type"], event["status"]), detail)
    begun = _BEGUN.match(line)
    if begun:
        return Change(begun["stack"], Status.RUNNING, "")
    unchanged = _UNCHANGED.match(line)
    return Change(unchanged["stack"], Status.SUCCEEDED, "no changes") if unchanged else None


def stack_status(resource_type: str, status: str) -> Status:
    """Returns the status of a stack after an event of one of its resources."""
    if resource_type != "AWS::CloudFormation::Stack":
        return Status.RUNNING
    if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"):
        return Status.SUCCEEDED
    return Status.FAILED if status.endswith(("FAILED", "ROLLBACK_COMPLETE")) else Status.RUNNING


def environments(assembly: Path, default_account: str, default_region: str) -> list[str]:
    """Returns the environments of an assembly's stacks; unknown ones are the default."""
    return sorted({place for place, _ in stacks(assembly, default_account, default_region)})


def stacks(assembly: Path, default_account: str, default_region: str) -> list[tuple[str, str]]:
    """Returns the environment and the name of each stack of an assembly, in its order."""
    manifest = json.loads((assembly / "manifest.json").read_text())
    return [
        (
            artifact["environment"]
            .replace("unknown-account", default_account)
            .replace("unknown-region", default_region),
            artifact.get("properties", {}).get("stackName", artifact_id),
        )
        for artifact_id, artifact in manifest.get("artifacts", {}).items()
        if artifact.get("type") == "aws:cloudformation:stack"
    ]
