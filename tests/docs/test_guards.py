"""Protection of jobs and models: each is started with at least the protection of its construct.

For the templates of all examples: a role that can start a resource is denied to start it without
encryption, and outside the network if its construct has one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.synthesis import FILES, synthesis, title
from tests.guards import unguarded_roles

PLACED = {"VpcSubnets", "VpcSecurityGroupIds"}
OPEN = {
    # The job writes records to the feature store, and no files.
    "feature_ingestion": {"NightlySchedulerRole": {"OutputKmsKey"}},
    # The project has no network.
    "project_by_parts": {"BuildTrainingRole": PLACED, "DeployDeploymentRole": PLACED},
    "project_stage_elsewhere": {
        "ProductionDeploymentRole": PLACED,
        "ProductionMonitoringStarterRole": PLACED,
    },
}
"""What roles of an example, whose names begin so, may start without a guard."""


@pytest.mark.parametrize("file", FILES, ids=title)
def test_a_role_starts_nothing_less_guarded_than_its_construct_says(file: Path) -> None:
    found = {name[:-8]: keys for name, keys in unguarded_roles(synthesis(file).template).items()}

    assert found == OPEN.get(file.stem, {})
