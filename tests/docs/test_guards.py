"""Whoever can start a job or a model can start none that is less guarded than its construct says.

Over the templates of all examples: a role that is allowed to start something is denied it without
encryption, and outside of the network where its construct knows one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.synthesis import FILES, synthesis, title
from tests.guards import unguarded_roles

PLACED = {"VpcSubnets", "VpcSecurityGroupIds"}
OPEN = {
    # The job writes records to the feature store, and no file.
    "feature_ingestion": {"NightlySchedulerRole": {"OutputKmsKey"}},
    # Clarify's container makes an endpoint for the time of its run, and names no key.
    "model_monitor_with_custom_image": {"ExplainabilityRole": {"VolumeKmsKey"}},
    # The project has no network.
    "project_by_parts": {"BuildTrainingRole": PLACED, "DeployDeploymentRole": PLACED},
}
"""What roles of an example, whose names begin so, may start without a guard."""


@pytest.mark.parametrize("file", FILES, ids=title)
def test_a_role_starts_nothing_less_guarded_than_its_construct_says(file: Path) -> None:
    found = {name[:-8]: keys for name, keys in unguarded_roles(synthesis(file).template).items()}

    assert found == OPEN.get(file.stem, {})
