import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

import app
from stacks.settings import load_settings

ROOT = Path(__file__).parent.parent.parent
STRICT: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]

SETTINGS = """
accounts: {dev: {id: "123456789012", region: eu-central-1}}
project_templates: {}
projects: [{name: churn}]
"""


def synthesise(directory: Path) -> cdk.App:
    """Synthesizes the app with every kind of stack, as `cdk synth` would."""
    found = cdk.App(outdir=str(directory), analytics_reporting=False, context=STRICT)
    config = directory.with_suffix(".yaml")
    config.write_text(SETTINGS)
    app.add_all(found, load_settings(config), config.name)
    found.synth()
    return found


@pytest.fixture(scope="package")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, cdk.App]:
    directory = tmp_path_factory.mktemp("assembly")
    return directory, synthesise(directory)
