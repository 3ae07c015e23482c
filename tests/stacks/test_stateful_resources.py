"""An upgrade of the platform replaces no stateful resource."""

import copy
import json
from typing import Any

import pytest

from tests.stacks.sections import STACKS, synthesise
from tests.stacks.stateful import RECORD, create_only, replaced, stateful


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    platform = synthesise(tmp_path_factory.mktemp("stateful") / "settings")
    return {name: platform.template(name) for name in STACKS}


@pytest.fixture
def now(templates: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {name: stateful(one) for name, one in templates.items()}


def test_no_stateful_resource_of_a_deployed_platform_is_replaced(
    now: dict[str, dict[str, Any]], request: pytest.FixtureRequest
) -> None:
    """`pytest --record` with this file writes the record after a change that replaces nothing."""
    if request.config.getoption("--record"):
        RECORD.write_text(json.dumps(now, indent=1) + "\n")
    recorded = json.loads(RECORD.read_text())

    assert not replaced(recorded, now)
    assert recorded == now, "a new stateful resource: run this file with --record"


def test_the_record_has_the_data_of_every_section(now: dict[str, dict[str, Any]]) -> None:
    kinds = {name: {one["type"] for one in resources.values()} for name, resources in now.items()}

    assert {"AWS::SageMaker::Domain", "AWS::SageMaker::MlflowApp"} <= kinds["Studio"]
    assert {"AWS::SageMaker::UserProfile", "AWS::SageMaker::Space"} <= kinds["People"]
    assert {"AWS::SageMaker::FeatureGroup", "AWS::S3::Bucket"} <= kinds["FeatureStore"]
    assert {"AWS::CodeCommit::Repository", "AWS::KMS::Key"} <= kinds["Project-churn"]
    assert kinds["Registry"] == {"AWS::SageMaker::ModelPackageGroup"}


def test_another_logical_id_is_a_replacement(templates: dict[str, dict[str, Any]]) -> None:
    changed = copy.deepcopy(templates["FeatureStore"])
    resources = changed["Resources"]
    (bucket,) = [key for key, one in resources.items() if one["Type"] == "AWS::S3::Bucket"]
    resources["Renamed"] = resources.pop(bucket)

    found = replaced(
        {"FeatureStore": stateful(templates["FeatureStore"])}, {"FeatureStore": stateful(changed)}
    )
    assert found == [f"FeatureStore.{bucket}: its logical id is gone"]


@pytest.mark.parametrize(
    ("stack", "kind"),
    [
        ("Studio", "AWS::SageMaker::Domain"),
        ("People", "AWS::SageMaker::UserProfile"),
        ("FeatureStore", "AWS::SageMaker::FeatureGroup"),
        ("Registry", "AWS::SageMaker::ModelPackageGroup"),
    ],
)
def test_each_create_only_property_is_watched(
    templates: dict[str, dict[str, Any]], stack: str, kind: str
) -> None:
    before = {stack: stateful(templates[stack])}
    key = next(key for key, one in before[stack].items() if one["type"] == kind)
    properties = templates[stack]["Resources"][key]["Properties"]
    given = [path for path in create_only(kind) if len(path) == 1 and path[0] in properties]
    assert given

    for (name,) in given:
        changed = copy.deepcopy(templates[stack])
        changed["Resources"][key]["Properties"][name] = "another"
        found = replaced(before, {stack: stateful(changed)})
        assert found == [f"{stack}.{key}: {name} has changed, which CloudFormation cannot update"]


def test_a_property_that_can_be_updated_is_free(templates: dict[str, dict[str, Any]]) -> None:
    changed = copy.deepcopy(templates["Studio"])
    for one in changed["Resources"].values():
        if one["Type"] == "AWS::SageMaker::Domain":
            one["Properties"]["DefaultUserSettings"] = {"ExecutionRole": "another"}

    before = {"Studio": stateful(templates["Studio"])}
    assert not replaced(before, {"Studio": stateful(changed)})
