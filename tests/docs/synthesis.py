"""Synthesis of examples as by the CDK CLI: one app for each, with the stores that it may use."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import every_example
from stores import Stores

from mlops_constructs.validation import SageMakerChecks

ROOT = Path(__file__).parents[2]
ACCOUNT, REGION = "111111111111", "us-east-1"
STORES = ROOT / "docs/examples/stores.py"
FILES = [STORES, *every_example.example_files()]


def title(file: Path) -> str:
    """The name under which a test runs."""
    return file.stem


@dataclass(frozen=True)
class Synthesis:
    """A synthesized app, and the name of its main stack."""

    app: cdk.App
    stack: cdk.Stack
    directory: Path

    @property
    def stack_name(self) -> str:
        return self.stack.stack_name

    @property
    def template_file(self) -> Path:
        return self.directory / f"{self.stack_name}.template.json"

    @property
    def template(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(self.template_file.read_text())
        return loaded

    def resource_types(self) -> set[str]:
        return {resource["Type"] for resource in self.template["Resources"].values()}

    def assets(self) -> list[tuple[Path, str]]:
        """Files and folders of the stack for the bucket of its assets, with their keys."""
        manifest = json.loads((self.directory / f"{self.stack_name}.assets.json").read_text())
        return [
            (self.directory / entry["source"]["path"], place["objectKey"])
            for entry in manifest["files"].values()
            for place in entry["destinations"].values()
        ]


def define(
    file: Path, directory: Path | None = None, *, region: str = REGION, **options: Any
) -> tuple[cdk.App, cdk.Stack]:
    """Returns the app of an example before synthesis; `options` are those of the example."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = cdk.App(context=context, outdir=str(directory or tempfile.mkdtemp()))
    place = cdk.Environment(account=ACCOUNT, region=region)
    stores = Stores(app, "Stores", env=place)
    if file == STORES:
        return app, stores
    return app, every_example.define(app, file, stores, env=place, **options)


def synthesise(file: Path, directory: Path) -> Synthesis:
    """Synthesizes an example; raises on findings of the CDK's validation and of the plugin."""
    app, stack = define(file, directory)
    cdk.Validations.of(app).add_plugins(SageMakerChecks(production=[stack]))
    app.synth()
    return Synthesis(app, stack, directory)


@cache
def synthesis(file: Path) -> Synthesis:
    """Synthesizes an example once."""
    return synthesise(file, Path(tempfile.mkdtemp(prefix=f"{file.stem}-")))
