"""The app of settings with every section, synthesised with any defaults."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk

import app
from mlops_constructs.validation import SageMakerChecks
from stacks.settings import load_settings

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).with_name("every_section")
CONTEXT: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
DEFAULTS = {
    "tags": {"owner": "ml-platform"},
    "termination_protection": True,
    "permissions_boundary": "OrgBoundary",
    "qualifier": "mlteam",
    "prefix": "ml-",
}
STACKS = (
    "Budgets",
    "Connections",
    "FeatureStore",
    "Foundation",
    "Network",
    "People",
    "Project-churn",
    "ProjectTemplates",
    "Registry",
    "Studio",
)


@dataclass(frozen=True)
class Platform:
    """A synthesised app, its stacks by name, and the folder of its files."""

    app: cdk.App
    directory: Path
    stacks: Mapping[str, cdk.Stack]

    def template(self, name: str) -> dict[str, Any]:
        """Returns the template of a stack."""
        file = self.directory / self.stacks[name].template_file
        found: dict[str, Any] = json.loads(file.read_text())
        return found

    def resources(self, name: str, kind: str) -> dict[str, Any]:
        """Returns the resources of a type by their logical ids."""
        found = self.template(name)["Resources"]
        return {key: one for key, one in found.items() if one["Type"] == kind}

    def files(self) -> list[Path]:
        """Returns all templates, those of projects included."""
        return sorted(
            [*self.directory.glob("*.template.json"), *self.directory.glob("asset.*.yaml")]
        )


def settings_file(folder: Path, changes: Mapping[str, Any] | None = None) -> Path:
    """Writes the settings with every section, and other values for some sections.

    Args:
        folder: folder of the settings; must not exist.
        changes: values by section; None removes a section.
    """
    shutil.copytree(FOLDER, folder)
    path = folder / "settings.yaml"
    # By text, since the loader of YAML 1.1 reads the key `on` as a boolean.
    blocks = {
        one.split(":")[0]: one for one in re.split(r"^(?=[a-z])", path.read_text(), flags=re.M)
    }
    for section, value in (changes or {}).items():
        blocks[section] = "" if value is None else f"{section}: {json.dumps(value)}\n"
    path.write_text("".join(blocks.values()))
    return path


def synthesise(folder: Path, changes: Mapping[str, Any] | None = None) -> Platform:
    """Synthesises the app of settings with every section.

    Args:
        folder: folder of the settings and of the output; must not exist.
        changes: values by section; None removes a section.
    """
    path = settings_file(folder, changes)
    directory = folder / "cdk.out"
    found = cdk.App(outdir=str(directory), analytics_reporting=False, context=CONTEXT)
    settings = load_settings(path)
    app.add_all(found, settings, path.name)
    cdk.Validations.of(found).add_plugins(SageMakerChecks())
    found.synth()
    prefix = settings.defaults.prefix
    stacks = {
        one.stack_name.removeprefix(prefix): one
        for one in found.node.find_all()
        if isinstance(one, cdk.Stack)
    }
    return Platform(found, directory, stacks)
