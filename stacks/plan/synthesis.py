"""Stacks of the app, as the CDK CLI would deploy them."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacks.wheels import ROOT

_STACK, _NESTED = "aws:cloudformation:stack", "cdk:cloud-assembly"


class PlanError(Exception):
    """A plan that cannot be made; the message is that of the app."""


@dataclass(frozen=True, kw_only=True)
class SynthesisedStack:
    """A stack of the app.

    Args:
        path: path of the stack, which selects it in the CDK CLI.
        stack_name: name of the stack in its account.
        account: id of the account.
        region: region of the stack.
        resources: resources of the template by their logical ids.
    """

    path: str
    stack_name: str
    account: str
    region: str
    resources: Mapping[str, Any]


def synthesised(config: Path) -> list[SynthesisedStack]:
    """Returns the stacks of the app for a settings file.

    Args:
        config: the settings file.

    Raises:
        PlanError: the app rejects the settings.
    """
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, str(ROOT / "app.py")],
            cwd=ROOT,
            env={
                **os.environ,
                "CDK_CONTEXT_JSON": json.dumps({**context, "config": str(config.resolve())}),
                "CDK_OUTDIR": folder,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            # The CDK writes warnings about templates first, and the place of their report last.
            _, _, reason = done.stderr.rpartition("validation-report.json\n")
            raise PlanError(reason.strip() or f"the app ended with status {done.returncode}")
        return list(_stacks(Path(folder)))


def _stacks(folder: Path) -> Iterator[SynthesisedStack]:
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, artifact in manifest["artifacts"].items():
        properties = artifact.get("properties", {})
        if artifact["type"] == _NESTED:
            yield from _stacks(folder / properties["directoryName"])
        elif artifact["type"] == _STACK:
            account, region = artifact["environment"].removeprefix("aws://").split("/")
            template = json.loads((folder / properties["templateFile"]).read_text())
            yield SynthesisedStack(
                path=artifact["displayName"],
                stack_name=properties.get("stackName", name),
                account=account,
                region=region,
                resources=template.get("Resources", {}),
            )
