"""Feature flags of the CDK: the recommended ones, because later changes would change templates."""

import json
import re
import subprocess

from tests.stacks.conftest import ROOT

DELIBERATE = {
    # Region and partition stay tokens if they are unknown: projects run in every partition.
    "@aws-cdk/core:target-partitions",
    # Apps send no usage data.
    "@aws-cdk/core:enableAdditionalMetadataCollection",
    # An export in use cannot be removed, which protects the boundary that projects import.
    "@aws-cdk/core:defaultCrossStackReferences",
}
ROW = re.compile(r"│\s+(@\S+)\s+│\s+(\S+)\s+│\s+(\S+)\s+│\s+(\S+)\s+│")


def test_the_cdk_recommends_nothing_that_is_not_set() -> None:
    command = [
        "cdk",
        "flags",
        "--unstable=flags",
        "--all",
        "--app",
        "python tests/stacks/empty_app.py",
    ]

    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    rows = ROW.findall(run.stdout + run.stderr)
    assert len(rows) > 90
    assert {flag for flag, recommended, mine, _ in rows if mine != recommended} == DELIBERATE


def test_every_app_of_this_repository_has_the_same_flags() -> None:
    """Project templates are synthesized with the flags of the library."""
    library = json.loads((ROOT / "constructs/mlops_constructs/feature_flags.json").read_text())

    for app in ("cdk.json", "seed_code/model_deploy/cdk.json"):
        assert json.loads((ROOT / app).read_text())["context"] == library, app
