"""Examples, synthesised as the CDK CLI would: one app for each, with the stores it may use."""

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
    """An app that was synthesised, and the name of the stack that it is about."""

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
        """Files and folders that the stack needs in the bucket of its assets, with their keys."""
        manifest = json.loads((self.directory / f"{self.stack_name}.assets.json").read_text())
        return [
            (self.directory / entry["source"]["path"], place["objectKey"])
            for entry in manifest["files"].values()
            for place in entry["destinations"].values()
        ]


def define(
    file: Path, directory: Path | None = None, *, region: str = REGION, **options: Any
) -> tuple[cdk.App, cdk.Stack]:
    """The app with an example, not synthesised yet; `options` are the example's own."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = cdk.App(context=context, outdir=str(directory or tempfile.mkdtemp()))
    place = cdk.Environment(account=ACCOUNT, region=region)
    stores = Stores(app, "Stores", env=place)
    if file == STORES:
        return app, stores
    return app, every_example.define(app, file, stores, env=place, **options)


def synthesise(file: Path, directory: Path) -> Synthesis:
    """Synthesises an example; the CDK's validation and our own make this raise."""
    app, stack = define(file, directory)
    cdk.Validations.of(app).add_plugins(SageMakerChecks(production=[stack]))
    app.synth()
    return Synthesis(app, stack, directory)


@cache
def synthesis(file: Path) -> Synthesis:
    """The synthesis of an example, made once."""
    return synthesise(file, Path(tempfile.mkdtemp(prefix=f"{file.stem}-")))
