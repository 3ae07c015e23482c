"""Commands that bootstrap each account with the least-privilege policies of its stacks."""

import hashlib
import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from stacks.bootstrap.execution_policy import Deployed, deployed, write_policies

_DEFAULT_QUALIFIER = "hnb659fds"


def bootstrap_commands(assembly: Path, directory: Path) -> list[str]:
    """Writes the policies of each account and region, and returns the commands that use them.

    The commands can be run again, for example after an upgrade: CloudFormation's role then has the
    new policies. The former ones remain until they are deleted.

    An account that a pipeline of another account deploys to trusts that account.

    Args:
        assembly: the folder that `cdk synth` has written, such as cdk.out.
        directory: folder of the policies.
    """
    write_policies(assembly, directory)
    pipelines = _accounts_of_pipelines(assembly)
    staged = _staged(assembly)
    commands: list[str] = []
    for place in deployed(assembly):
        trusted = (
            pipelines - {place.account} if f"{place.account}/{place.region}" in staged else set()
        )
        commands += _of_place(place, directory, sorted(trusted))
    return commands


def _of_place(place: Deployed, directory: Path, trusted: list[str]) -> Iterator[str]:
    yield f"# {place.account} in {place.region}, with credentials of this account"
    arns = []
    for file in sorted(directory.glob(f"{place.account}-{place.region}-*.json")):
        # A policy of other content is another policy, so the commands can run again.
        content = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
        name = f"ml-platform-{file.stem.removeprefix(f'{place.account}-')}-{content}"
        arns.append(f"arn:{place.partition}:iam::{place.account}:policy/{name}")
        look = shlex.join(["aws", "iam", "get-policy", "--policy-arn", arns[-1]])
        create = ["aws", "iam", "create-policy", "--policy-name", name]
        create += ["--policy-document", f"file://{file}"]
        yield f"{look} > {os.devnull} 2>&1 || {shlex.join(create)}"
    for qualifier in sorted(place.qualifiers):
        words = ["npx", "cdk", "bootstrap", f"aws://{place.account}/{place.region}"]
        words += ["--app", ""]  # with an app, the CLI would synthesise it first
        if qualifier != _DEFAULT_QUALIFIER:
            words += ["--qualifier", qualifier, "--toolkit-stack-name", f"CDKToolkit-{qualifier}"]
        if trusted:
            words += ["--trust", ",".join(trusted)]
        yield shlex.join([*words, "--cloudformation-execution-policies", ",".join(arns)])


def _accounts_of_pipelines(assembly: Path) -> set[str]:
    """Returns the accounts whose platform pipeline deploys the stages of an app."""
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"].values()
    return {
        one["environment"].removeprefix("aws://").split("/")[0]
        for one in artifacts
        if one["type"] == "aws:cloudformation:stack"
        and one["properties"].get("stackName", "").endswith("PlatformPipeline")
    }


def _staged(assembly: Path) -> set[str]:
    """Returns the accounts and regions, ACCOUNT/REGION, of the stages of an app."""
    return {
        one["environment"].removeprefix("aws://")
        for manifest in assembly.glob("*/manifest.json")
        for one in json.loads(manifest.read_text())["artifacts"].values()
        if one["type"] == "aws:cloudformation:stack"
    }
