import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

import app
from stacks.settings import load_settings

ROOT = Path(__file__).parent.parent.parent
STRICT: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]


def synthesise(directory: Path) -> cdk.App:
    """Synthesizes the app with every kind of stack, as `cdk synth` would."""
    found = cdk.App(outdir=str(directory), analytics_reporting=False, context=STRICT)
    app.add_stacks(found, load_settings(ROOT / "config" / "production.example.yaml"))
    found.synth()
    return found


@pytest.fixture(scope="package")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, cdk.App]:
    directory = tmp_path_factory.mktemp("assembly")
    return directory, synthesise(directory)
