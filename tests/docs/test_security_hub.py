"""The table of Security Hub's controls in docs/security.md is that of the templates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.docs import security_hub
from tests.docs.security_hub import CONTROLS, Control, Resource
from tests.docs.synthesis import FILES, ROOT, synthesis

PAGE = ROOT / "docs/security.md"
SECTION = re.compile(r"(## Controls of Security Hub\n.*?)(\| control \|.*?)(?=\n\n|\Z)", re.S)


@pytest.fixture(scope="module")
def resources() -> list[Resource]:
    """All resources of the examples."""
    return [
        (resource["Type"], resource.get("Properties", {}))
        for file in FILES
        for resource in synthesis(file).template["Resources"].values()
    ]


def test_the_page_shows_the_state_of_each_control(
    resources: list[Resource], pytestconfig: pytest.Config
) -> None:
    page = PAGE.read_text()
    shown = SECTION.search(page)
    assert shown is not None
    computed = security_hub.table(resources)
    if pytestconfig.getoption("--record"):
        PAGE.write_text(page.replace(shown[2], computed))
        return
    assert shown[2] == computed, "after an intended change run this test with --record"


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: f"SageMaker.{control.number}")
def test_a_failing_control_has_its_reason(control: Control, resources: list[Resource]) -> None:
    applicable, failures = control.evaluate(resources)
    assert control.reason or (applicable and not failures)


def test_there_are_all_controls() -> None:
    assert [control.number for control in CONTROLS] == list(range(1, 26))


BAD: Mapping[int, tuple[str, Mapping[str, Any]]] = {
    1: ("NotebookInstance", {}),
    2: ("NotebookInstance", {}),
    3: ("NotebookInstance", {}),
    4: ("EndpointConfig", {"ProductionVariants": [{"InitialInstanceCount": 1}]}),
    5: ("Model", {}),
    6: ("AppImageConfig", {"Tags": [{"Key": "aws:cloudformation:stack-name", "Value": "s"}]}),
    7: ("Image", {}),
    8: ("NotebookInstance", {}),
    9: ("DataQualityJobDefinition", {}),
    10: ("ModelExplainabilityJobDefinition", {"NetworkConfig": {}}),
    11: ("DataQualityJobDefinition", {"NetworkConfig": {"EnableNetworkIsolation": False}}),
    12: ("ModelBiasJobDefinition", {}),
    13: ("ModelQualityJobDefinition", {}),
    14: ("MonitoringSchedule", {"MonitoringScheduleConfig": {"MonitoringJobDefinition": {}}}),
    15: ("ModelBiasJobDefinition", {}),
    16: ("Model", {"PrimaryContainer": {}}),
    17: ("FeatureGroup", {"OfflineStoreConfig": {"S3StorageConfig": {}}}),
    18: ("FeatureGroup", {"OnlineStoreConfig": {}}),
    19: ("Model", {"Containers": [{}]}),
    20: ("ModelExplainabilityJobDefinition", {}),
    21: ("NotebookInstance", {}),
    22: ("MonitoringSchedule", {"MonitoringScheduleConfig": {"MonitoringJobDefinition": {}}}),
    23: ("InferenceExperiment", {}),
    24: ("InferenceExperiment", {"DataStorageConfig": {"Destination": "s3://b"}}),
    25: ("ModelQualityJobDefinition", {}),
}


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: f"SageMaker.{control.number}")
def test_a_resource_that_lacks_what_a_control_requires_fails_it(control: Control) -> None:
    kind, properties = BAD[control.number]
    assert control.evaluate([(f"AWS::SageMaker::{kind}", properties)]) == (1, 1)
