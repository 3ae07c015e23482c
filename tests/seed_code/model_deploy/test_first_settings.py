"""The settings that projects start with."""

from typing import Any

import pytest
import yaml

from stacks.seeds import seed_code
from stacks.settings.names import Seed


def settings_of(seed: Seed, stage: str) -> dict[str, Any]:
    content = seed_code()[seed].model_deploy.contents()[f"config/{stage}.yaml"]
    found: dict[str, Any] = yaml.safe_load(content)
    return found


@pytest.mark.parametrize("seed", [Seed.TABULAR, Seed.FORECASTING, Seed.VISION])
def test_production_scales_rolls_back_and_is_monitored(seed: Seed) -> None:
    prod = settings_of(seed, "prod")

    assert prod["kind"] == "real-time"
    assert (prod["scaling"]["minimum"], prod["scaling"]["maximum"]) == (2, 4)
    assert prod["rollout"]["strategy"] == "canary"
    assert "model_quality" in prod["monitor"]


def test_a_batch_project_has_a_schedule_for_each_stage_and_no_endpoint() -> None:
    staging, prod = (settings_of(Seed.BATCH, stage) for stage in ("staging", "prod"))

    assert staging["kind"] == prod["kind"] == "batch"
    assert staging["schedule"] != prod["schedule"]


def test_a_batch_project_differs_from_that_for_tables_by_its_settings_only() -> None:
    tables, batch = seed_code()[Seed.TABULAR], seed_code()[Seed.BATCH]

    deploy = tables.model_deploy.contents(), batch.model_deploy.contents()
    assert deploy[0].keys() == deploy[1].keys()
    differing = {path for path in deploy[0] if deploy[0][path] != deploy[1][path]}
    assert differing == {".seed.json", "config/staging.yaml", "config/prod.yaml"}
    build = tables.model_build.contents(), batch.model_build.contents()
    assert {path for path in build[0] if build[0][path] != build[1][path]} == {".seed.json"}
