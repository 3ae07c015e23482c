"""Look-up of the deployed model."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from mlops_jobs.failure import InputError

from pipeline.champion import NO_CHAMPION_KEY, champion_parameters, trained_already
from tests.fakes import PROJECT, Bucket, client_error

NONE = {
    "Champion": "none",
    "ChampionModel": "s3://churn-artifacts/data/no-champion/none",
}


@dataclass
class Registry:
    """SageMaker with model packages."""

    models: dict[int, str] = field(default_factory=dict)
    error: str = ""
    metadata: dict[int, dict[str, str]] = field(default_factory=dict)

    def get_paginator(self, operation: str) -> "Registry":
        assert operation == "list_model_packages"
        return self

    def paginate(self, **request: Any) -> Any:
        assert request.pop("ModelPackageGroupName") == "churn"
        assert request in ({}, {"ModelApprovalStatus": "Approved"})
        if self.error:
            raise client_error(self.error)
        versions = [
            {"ModelPackageVersion": version, "ModelPackageArn": f"arn:churn/{version}"}
            for version in self.models
        ]
        return [{"ModelPackageSummaryList": [version]} for version in versions]

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803
        version = int(ModelPackageName.rpartition("/")[2])
        return {
            "ModelApprovalStatus": "PendingManualApproval",
            "CustomerMetadataProperties": self.metadata.get(version, {}),
            "InferenceSpecification": {"Containers": [{"ModelDataUrl": self.models[version]}]},
        }


def test_the_newest_approved_version_is_the_champion() -> None:
    uri = "s3://churn-artifacts/models/trial/output/model.tar.gz"
    registry = Registry({9: "s3://churn-artifacts/models/old/model.tar.gz", 10: uri})
    assert champion_parameters(registry, Bucket(), PROJECT) == {
        "Champion": "arn:churn/10",
        "ChampionModel": uri,
    }


def test_without_an_approved_version_there_is_an_object_that_stands_for_none() -> None:
    bucket = Bucket()
    assert champion_parameters(Registry(), bucket, PROJECT) == NONE
    assert bucket.objects == {NO_CHAMPION_KEY: b"no approved version\n"}
    assert bucket.puts[0]["SSEKMSKeyId"] == PROJECT.artifact_key_arn
    champion_parameters(Registry(), bucket, PROJECT)
    assert len(bucket.puts) == 1


@pytest.mark.parametrize(
    "uri",
    ["s3://elsewhere/models/model.tar.gz", "s3://churn-artifacts/others/model.tar.gz", ""],
)
def test_a_model_that_the_role_cannot_read_is_not_compared(
    capsys: pytest.CaptureFixture[str], uri: str
) -> None:
    assert champion_parameters(Registry({1: uri}), Bucket(), PROJECT) == NONE
    assert "champion: arn:churn/1 is not compared" in capsys.readouterr().out


def test_a_role_without_permission_is_reported_with_the_remedy() -> None:
    with pytest.raises(InputError, match="which grants sagemaker:ListModelPackages"):
        champion_parameters(Registry(error="AccessDeniedException"), Bucket(), PROJECT)


DATA = "s3://churn-artifacts/data/table/"
SAME = {"commit": PROJECT.commit, "data": DATA, "data_version": "v2"}


def test_the_same_commit_and_data_are_not_trained_again(capsys: pytest.CaptureFixture[str]) -> None:
    registry = Registry({9: "", 10: ""}, metadata={10: SAME})

    assert trained_already(registry, PROJECT, data=DATA, version="v2") == "arn:churn/10"

    assert capsys.readouterr().out == (
        "no new data: commit and data are those of arn:churn/10 (PendingManualApproval), so "
        "nothing is trained and nothing is registered; add data to the table or push a commit, "
        "which train again\n"
    )


@pytest.mark.parametrize(
    ("metadata", "version"),
    [
        ({10: SAME}, "v3"),
        ({10: SAME | {"commit": "another"}}, "v2"),
        ({9: SAME, 10: SAME | {"data_version": "v1"}}, "v2"),
        ({10: SAME | {"data": "s3://churn-artifacts/data/other/"}}, "v2"),
        ({10: {"commit": PROJECT.commit, "data": DATA}}, "v2"),
        ({10: SAME | {"data_version": ""}}, ""),
    ],
    ids=[
        "new data",
        "new commit",
        "older version",
        "other data",
        "earlier release",
        "unknown version",
    ],
)
def test_anything_new_is_trained(metadata: dict[int, dict[str, str]], version: str) -> None:
    registry = Registry({9: "", 10: ""}, metadata=metadata)
    assert trained_already(registry, PROJECT, data=DATA, version=version) is None


def test_the_first_model_is_trained() -> None:
    assert trained_already(Registry(), PROJECT, data=DATA, version="v1") is None
