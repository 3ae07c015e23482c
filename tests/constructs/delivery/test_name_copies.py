"""Templates of stages in other regions name copies of what their packages name."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.delivery.runtime import check_monitors, check_templates, name_copies
from tests.constructs.delivery import test_check_monitors as monitors
from tests.constructs.delivery.test_check_monitors import synthesised as synthesised

GROUP = "arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn"
REPOSITORY = "111111111111.dkr.ecr.eu-central-1.amazonaws.com/images"
COPIES = "333333333333.dkr.ecr.eu-west-1.amazonaws.com/churn-prod"
DIGEST = f"sha256:{'a' * 64}"
ENVIRONMENT = {
    "COPIED_STAGES": "prod",
    "PROD_REGION": "eu-west-1",
    "PROD_COPY_BUCKET": "churn-prod-333333333333-eu-west-1",
    "PROD_COPY_REPOSITORY": COPIES,
    "ARTIFACT_BUCKET": "artifacts",
    "IMAGE_REPOSITORY": REPOSITORY,
}
COPY_BUCKET = ENVIRONMENT["PROD_COPY_BUCKET"]
PACKAGE: dict[str, Any] = {
    "ModelPackageArn": f"{GROUP}/7",
    "InferenceSpecification": {
        "Containers": [
            {
                "Image": f"{REPOSITORY}:4f2",
                "ModelDataUrl": "s3://artifacts/models/7/model.tar.gz",
                "Environment": {"MODE": "fast"},
            }
        ]
    },
    "DriftCheckBaselines": {
        "ModelDataQuality": {
            "Constraints": {"S3Uri": "s3://artifacts/runs/7/constraints.json"},
            "Statistics": {"S3Uri": "s3://artifacts/runs/7/statistics.json"},
        }
    },
    "ModelMetrics": {"Bias": {"Report": {"S3Uri": "s3://elsewhere/runs/report.json"}}},
}
REQUEST = {
    "AppSpecification": {"ImageUri": f"{REPOSITORY}:4f2"},
    "Inputs": "s3://artifacts/runs/7/constraints.json",
    "Traffic": f"s3://{COPY_BUCKET}/capture/churn-prod",
}
REGISTRY, _, IMAGE = json.dumps(REQUEST).partition("amazonaws.com")
TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": {
                "ModelName": "churn-prod-1a2b",
                "PrimaryContainer": {"ModelPackageName": f"{GROUP}/7"},
                "Tags": [{"Key": "owner", "Value": "team"}],
            },
        },
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {"EndpointName": "churn-prod"},
        },
        "Monitor": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "Target": {
                    "Input": {"Fn::Join": ["", [REGISTRY, {"Ref": "AWS::URLSuffix"}, IMAGE]]}
                }
            },
        },
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Threshold": 1}},
    }
}


def registry(package: dict[str, Any]) -> Callable[..., Any]:
    def aws(service: str, operation: str, *arguments: str) -> Any:
        if operation == "describe-images":
            assert arguments[-1] == "imageTag=4f2"
            return {"imageDetails": [{"imageDigest": DIGEST}]}
        assert (service, operation) == ("sagemaker", "describe-model-package")
        return package

    return aws


def run(
    folder: Path, template: dict[str, Any] = TEMPLATE, package: dict[str, Any] = PACKAGE
) -> int:
    (folder / "prod.template.json").write_text(json.dumps(template))
    return name_copies.main([str(folder)], ENVIRONMENT, registry(package))


@pytest.fixture
def written(tmp_path: Path) -> dict[str, Any]:
    assert run(tmp_path) == 0
    found: dict[str, Any] = json.loads((tmp_path / "prod.template.json").read_text())["Resources"]
    return found


def test_a_model_names_the_copies_and_keeps_its_variables(written: dict[str, Any]) -> None:
    assert written["Model"]["Properties"]["PrimaryContainer"] == {
        "Image": f"{COPIES}@{DIGEST}",
        "ModelDataUrl": f"s3://{COPY_BUCKET}/models/7/model.tar.gz",
        "Environment": {"MODE": "fast"},
    }


def test_tags_of_the_model_and_the_endpoint_keep_the_package(written: dict[str, Any]) -> None:
    tag = {"Key": "model-package-arn", "Value": f"{GROUP}/7"}
    assert written["Model"]["Properties"]["Tags"] == [{"Key": "owner", "Value": "team"}, tag]
    assert written["Endpoint"]["Properties"]["Tags"] == [tag]


def test_the_name_of_a_model_changes_with_its_container(
    tmp_path: Path, written: dict[str, Any]
) -> None:
    other = copy.deepcopy(PACKAGE)
    other["InferenceSpecification"]["Containers"][0]["Environment"]["MODE"] = "slow"
    assert run(tmp_path, package=other) == 0
    changed = json.loads((tmp_path / "prod.template.json").read_text())["Resources"]["Model"]

    first = written["Model"]["Properties"]["ModelName"]
    assert first.startswith("churn-prod-1a2b-")
    assert changed["Properties"]["ModelName"] != first
    assert len(first) <= 63


def test_a_monitor_names_the_copies_of_the_image_and_the_baselines(written: dict[str, Any]) -> None:
    request = json.loads(written["Monitor"]["Properties"]["Target"]["Input"])

    assert request == {
        "AppSpecification": {"ImageUri": f"{COPIES}@{DIGEST}"},
        "Inputs": f"s3://{COPY_BUCKET}/runs/7/constraints.json",
        "Traffic": f"s3://{COPY_BUCKET}/capture/churn-prod",
    }
    assert written["Alarm"] == TEMPLATE["Resources"]["Alarm"]


def test_the_list_of_copies_has_the_files_of_the_project_and_the_digest(tmp_path: Path) -> None:
    run(tmp_path)
    listed = json.loads((tmp_path / "prod.copies.json").read_text())

    assert [one["source"] for one in listed["objects"]] == [
        "s3://artifacts/models/7/model.tar.gz",
        "s3://artifacts/runs/7/constraints.json",
        "s3://artifacts/runs/7/statistics.json",
    ]
    assert all(one["copy"].startswith(f"s3://{COPY_BUCKET}/") for one in listed["objects"])
    assert listed["images"] == [DIGEST]


def test_the_next_check_finds_no_changes_in_what_was_deployed(written: dict[str, Any]) -> None:
    def deployed(*_: str, **__: Any) -> Any:
        return {"TemplateBody": {"Resources": written}}

    changes = check_templates.changes_of(deployed, "churn-prod", TEMPLATE, copied=True)

    assert changes == "nothing"


def test_the_next_check_names_the_deployed_model(written: dict[str, Any]) -> None:
    newer = json.loads(json.dumps(TEMPLATE).replace("churn/7", "churn/8"))

    def deployed(*_: str, **__: Any) -> Any:
        return {"TemplateBody": {"Resources": written}}

    changes = check_templates.changes_of(deployed, "churn-prod", newer, copied=True)

    assert changes == "model was churn/7; changes Model"


def container(**members: Any) -> dict[str, Any]:
    package = copy.deepcopy(PACKAGE)
    package["InferenceSpecification"]["Containers"][0] |= members
    return package


@pytest.mark.parametrize(
    ("package", "message"),
    [
        (
            container(Image="763104351884.dkr.ecr.eu-central-1.amazonaws.com/x:1"),
            "allowed are thos",
        ),
        (container(Image=f"{REPOSITORY}-other:1"), "allowed are those of"),
        (container(ModelDataUrl="s3://elsewhere/models/7/model.tar.gz"), "allowed is s3://artifac"),
        (
            container(ModelDataUrl="s3://artifacts/data/model.tar.gz"),
            "allowed is s3://artifacts/mo",
        ),
        (
            container(ModelDataSource={"S3DataSource": {}}),
            "has ModelDataSource; allowed in another",
        ),
        (
            container(Environment={"KEY": "{" + "{resolve:secretsmanager:team}}"}),
            "dynamic reference",
        ),
        (
            container(Environment={"ONLINE_FEATURES": '{"group": "customers"}'}),
            "looks features up and does not name their region",
        ),
        (container(Environment={"ONLINE_FEATURES": "[]"}), "does not name their region"),
        (container(Environment={"ONLINE_FEATURES": "{"}), "does not name their region"),
        (
            {**PACKAGE, "InferenceSpecification": {"Containers": [{}, {}]}},
            "has 2 containers; allowed is one",
        ),
    ],
)
def test_a_package_that_cannot_be_copied_is_rejected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], package: dict[str, Any], message: str
) -> None:
    assert run(tmp_path, package=package) == 1

    assert message in capsys.readouterr().out
    assert not (tmp_path / "prod.copies.json").exists()


def test_a_model_that_names_the_region_of_its_features_is_copied(tmp_path: Path) -> None:
    features = json.dumps({"group": "customers", "region": "eu-central-1"})

    assert run(tmp_path, package=container(Environment={"ONLINE_FEATURES": features})) == 0


def test_nothing_is_written_while_no_model_is_approved(tmp_path: Path) -> None:
    assert name_copies.main([str(tmp_path)], ENVIRONMENT, registry(PACKAGE)) == 0
    assert not list(tmp_path.iterdir())


def test_monitors_of_the_library_read_copies_alone(
    tmp_path: Path, synthesised: dict[str, Any]
) -> None:
    path = tmp_path / "prod.template.json"
    path.write_text(json.dumps(synthesised))
    package: dict[str, Any] = {
        "ModelPackageArn": monitors.PACKAGE,
        "InferenceSpecification": {"Containers": [{"Image": monitors.IMAGE}]},
        "DriftCheckBaselines": {
            "ModelDataQuality": {
                "Constraints": {"S3Uri": "s3://churn-artifacts/runs/c"},
                "Statistics": {"S3Uri": "s3://churn-artifacts/runs/s"},
            }
        },
    }

    def aws(service: str, operation: str, *_: str) -> Any:
        if operation == "describe-images":
            return {"imageDetails": [{"imageDigest": DIGEST}]}
        return package

    environment = {
        **ENVIRONMENT,
        "ARTIFACT_BUCKET": "churn-artifacts",
        "IMAGE_REPOSITORY": monitors.IMAGE.rpartition(":")[0],
    }
    assert check_monitors.main([str(tmp_path)], monitors.ENVIRONMENT, aws) == 0
    assert name_copies.main([str(tmp_path)], environment, aws) == 0

    resources = json.loads(path.read_text())["Resources"]
    deployed = json.dumps([one.get("Properties") for one in resources.values()])
    assert "churn-artifacts/runs/" not in deployed
    assert monitors.IMAGE not in deployed
    assert deployed.count(f"s3://{COPY_BUCKET}/runs/c") >= 2
    assert deployed.count(f"{COPIES}@{DIGEST}") == 3
