"""Look-up of the deployed model."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from mlops_jobs.failure import InputError

from pipeline.champion import NO_CHAMPION_KEY, champion_parameters
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

    def get_paginator(self, operation: str) -> "Registry":
        assert operation == "list_model_packages"
        return self

    def paginate(self, **request: Any) -> Any:
        assert request == {"ModelPackageGroupName": "churn", "ModelApprovalStatus": "Approved"}
        if self.error:
            raise client_error(self.error)
        versions = [
            {"ModelPackageVersion": version, "ModelPackageArn": f"arn:churn/{version}"}
            for version in self.models
        ]
        return [{"ModelPackageSummaryList": [version]} for version in versions]

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803
        uri = self.models[int(ModelPackageName.rpartition("/")[2])]
        return {"InferenceSpecification": {"Containers": [{"ModelDataUrl": uri}]}}


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
