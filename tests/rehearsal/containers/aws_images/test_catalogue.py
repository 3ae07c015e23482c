"""The images of AWS that have a stand-in."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker.core import image_uris

from rehearsal.containers.aws_images import catalogue
from rehearsal.containers.aws_images.accounts import FRAMEWORKS
from rehearsal.containers.aws_images.pull import pull
from rehearsal.containers.images.registry import ImageUnavailableError, ImageUri
from rehearsal.containers.images.store import ImageStore

NAMES = {"sagemaker-xgboost": "xgboost", "sagemaker-scikit-learn": "sklearn"}


@pytest.mark.parametrize("row", catalogue.CATALOGUE, ids=lambda row: row.title)
@pytest.mark.parametrize("region", sorted(FRAMEWORKS))
def test_the_uri_of_the_sdk_finds_the_row(row: catalogue.StandIn, region: str) -> None:
    uri = image_uris.retrieve(NAMES[row.repository], region, version=row.version)
    assert catalogue.find(ImageUri.parse(uri)) is row


@pytest.mark.parametrize(
    "uri",
    [
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:0.90-1-cpu-py3",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:latest",
        "683313688378.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5",
        "111111111111.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-spark-processing:3.0-5",
        f"683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost@sha256:{'0' * 64}",
    ],
)
def test_other_images_have_none(uri: str) -> None:
    assert catalogue.find(ImageUri.parse(uri)) is None


@pytest.mark.parametrize("row", catalogue.CATALOGUE, ids=lambda row: row.title)
def test_every_package_has_one_version(row: catalogue.StandIn) -> None:
    assert all(one.count("==") == 1 for one in row.packages)
    assert str(row.version).split("-")[0].rsplit(".", 1)[0] in row.packages[0]
    assert row.packages[0] in row.description


class EmptyRegistry:
    """A session whose ECR has no repository."""

    def client(self, service: str, **_: Any) -> "EmptyRegistry":
        return self

    def get_authorization_token(self) -> None: ...

    def batch_get_image(self, **_: Any) -> None:
        raise ClientError({"Error": {"Code": "RepositoryNotFoundException"}}, "BatchGetImage")


def test_the_message_for_another_image_of_aws_lists_those_with_a_stand_in(tmp_path: Path) -> None:
    uri = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3"
    session: Any = EmptyRegistry()
    with pytest.raises(ImageUnavailableError, match="has stand-ins for sagemaker-xgb"):
        pull(session, uri, ImageStore(tmp_path))


def test_a_missing_image_of_the_account_is_reported_as_before(tmp_path: Path) -> None:
    uri = "111111111111.dkr.ecr.us-east-1.amazonaws.com/churn:1"
    session: Any = EmptyRegistry()
    with pytest.raises(ImageUnavailableError, match="not found") as raised:
        pull(session, uri, ImageStore(tmp_path))
    assert "stand-in" not in raised.value.reason
