"""Look-up of the model to deploy."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from model_deploy import approved_model
from model_deploy.approved_model import newest_approved, read_approved_model

GROUP_ARN = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn"
REQUEST = {"ModelPackageGroupName": "churn", "ModelApprovalStatus": "Approved"}


def summary(version: int) -> dict[str, Any]:
    return {
        "ModelPackageArn": f"{GROUP_ARN}/{version}",
        "ModelPackageGroupName": "churn",
        "ModelPackageVersion": version,
        "ModelPackageStatus": "Completed",
        "CreationTime": 0,
    }


@pytest.fixture
def registry() -> Any:
    client: Any = boto3.client(
        "sagemaker", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stubber:
        client.stubber = stubber
        yield client


def respond(registry: Any, *pages: dict[str, Any]) -> None:
    token: dict[str, str] = {}
    for page in pages:
        registry.stubber.add_response("list_model_packages", page, {**REQUEST, **token})
        token = {"NextToken": page.get("NextToken", "")}


def test_the_approved_version_with_the_highest_number_is_deployed(registry: Any) -> None:
    respond(
        registry,
        {"ModelPackageSummaryList": [summary(9)], "NextToken": "more"},
        {"ModelPackageSummaryList": [summary(10), summary(2)]},
    )

    assert newest_approved(registry, "churn") == {
        "model_package_arn": f"{GROUP_ARN}/10",
        "model_package_version": 10,
    }


def test_a_group_without_approved_versions_is_no_failure_and_says_what_to_do(
    registry: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    respond(registry, {"ModelPackageSummaryList": []})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODEL_PACKAGE_GROUP_NAME", "churn")
    monkeypatch.setattr("boto3.client", lambda _: registry)

    assert approved_model.main() == 0
    assert "Approve a version to start this pipeline again" in capsys.readouterr().out
    assert read_approved_model() is None
    assert (tmp_path / "build/model_package_version").read_text() == "none\n"


def test_the_model_is_written_where_synth_reads_it(
    registry: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    respond(registry, {"ModelPackageSummaryList": [summary(3)]})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODEL_PACKAGE_GROUP_NAME", "churn")
    monkeypatch.setattr("boto3.client", lambda _: registry)

    assert approved_model.main() == 0
    assert read_approved_model() == f"{GROUP_ARN}/3"
    assert (tmp_path / "build/model_package_version").read_text() == "3\n"
    assert json.loads((tmp_path / "build/model.json").read_text())["model_package_version"] == 3


def test_a_refusal_of_aws_ends_the_build_with_its_message(
    registry: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.stubber.add_client_error("list_model_packages", "AccessDeniedException", "not you")
    monkeypatch.setenv("MODEL_PACKAGE_GROUP_NAME", "churn")
    monkeypatch.setattr("boto3.client", lambda _: registry)

    assert approved_model.main() == 1
    assert "not you" in capsys.readouterr().err


def test_a_build_without_the_group_is_rejected(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MODEL_PACKAGE_GROUP_NAME", raising=False)

    assert approved_model.main() == 1
    assert "MODEL_PACKAGE_GROUP_NAME" in capsys.readouterr().err


def test_synth_before_the_search_says_what_to_run_first(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"python -m model_deploy\.approved_model"):
        read_approved_model(tmp_path / "model.json")
