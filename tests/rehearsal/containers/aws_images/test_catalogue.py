"""The images of AWS that have a stand-in."""

from dataclasses import replace
from functools import cache
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from packaging.requirements import Requirement
from sagemaker.core import common_utils, image_uris

from rehearsal.containers.aws_images import catalogue
from rehearsal.containers.aws_images.pull import EngineMissingError, build, pull
from rehearsal.containers.images.registry import ImageUnavailableError, ImageUri
from rehearsal.containers.images.store import ImageStore

NAMES: dict[str, dict[str, Any]] = {
    "sagemaker-xgboost": {"framework": "xgboost"},
    "sagemaker-scikit-learn": {"framework": "sklearn"},
    "sagemaker-model-monitor-analyzer": {"framework": "model-monitor"},
    "sagemaker-clarify-processing": {"framework": "clarify"},
    **{
        f"{framework}-{scope}": {
            "framework": framework,
            "image_scope": scope,
            "instance_type": "ml.m5.large",
        }
        for framework in ("pytorch", "tensorflow")
        for scope in ("training", "inference")
    },
    "sagemaker-spark-processing": {
        "framework": "spark",
        "py_version": "py39",
        "container_version": "v1",
    },
}
"""The arguments by which the SDK finds the URI of a repository."""
_RESOLVER = cache(common_utils._botocore_resolver)


def sdk_regions(row: catalogue.StandIn) -> list[str]:
    """The regions in which AWS publishes an image of this version: newer ones have newer images."""
    given = NAMES[row.repository]
    config = image_uris.config_for_framework(given["framework"])
    scopes = (given.get("image_scope"), "training", "processing")
    config = next((config[scope] for scope in scopes if scope in config), config)
    registries = config["versions"][row.version or ""]["registries"]
    # Regions of partitions with other domains, which no other part of the rehearsal has.
    return [region for region in registries if not ("iso" in region or "eusc" in region)]


@pytest.fixture
def parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK parses botocore's list of regions for each URI, which takes longer than all else."""
    monkeypatch.setattr(common_utils, "_botocore_resolver", _RESOLVER)


@pytest.mark.usefixtures("parsed_once")
@pytest.mark.parametrize(
    "row", catalogue.CATALOGUE, ids=lambda row: f"{row.repository}:{row.version}"
)
def test_the_uri_of_the_sdk_finds_the_row_in_every_region(row: catalogue.StandIn) -> None:
    for region in sdk_regions(row):
        uri = image_uris.retrieve(
            **NAMES[row.repository], region=region, version=row.version or None
        )
        assert catalogue.find(ImageUri.parse(uri)) is row


@pytest.mark.parametrize(
    "uri",
    [
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:0.90-1-cpu-py3",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:latest",
        "683313688378.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:3.0-5",
        "111111111111.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5",
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6.0-gpu-py312",
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.10.0-cpu-py313",
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.19.0-gpu",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-spark-processing:3.5-cpu",
        "173754725891.dkr.ecr.us-east-1.amazonaws.com/sagemaker-spark-processing:3.3-cpu-py39-v1",
        f"683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost@sha256:{'0' * 64}",
    ],
)
def test_other_images_have_none(uri: str) -> None:
    assert catalogue.find(ImageUri.parse(uri)) is None


@pytest.mark.parametrize(
    ("tag", "title"),
    [
        ("2.6.0-cpu-py312", "PyTorch 2.6.0"),
        ("2.6-cpu-py312", "PyTorch 2.6.0"),
        ("2.6.0-cpu-py312-ubuntu22.04-sagemaker", "PyTorch 2.6.0"),
    ],
)
def test_the_tags_of_a_version(tag: str, title: str) -> None:
    uri = f"763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:{tag}"
    found = catalogue.find(ImageUri.parse(uri))
    assert found is not None
    assert found.title == title


@pytest.mark.parametrize("row", catalogue.CATALOGUE, ids=lambda row: row.title)
def test_every_package_has_one_version(row: catalogue.StandIn) -> None:
    assert all(one.count("==") == 1 for one in row.packages)
    version = row.version.split("-")[0].rpartition(".")[0]
    assert row.engine or version in row.packages[0]
    assert row.packages[0] in row.description


def test_an_engine_finds_its_dependencies_in_the_image() -> None:
    """The packages of a row satisfy what the distribution of its engine requires."""
    for row in (row for row in catalogue.CATALOGUE if row.engine):
        versions = dict(one.split("==") for one in row.packages)
        for text in requires(row.engine.replace("_", "-")) or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": "parquet"}):
                assert needed.specifier.contains(versions[needed.name]), (row.title, text)


def test_an_engine_that_is_not_installed_is_named(
    tmp_path: Path,
) -> None:
    row = replace(catalogue.CATALOGUE[0], engine="mlops_absent")
    with pytest.raises(EngineMissingError, match="pip install mlops-absent"):
        build(row, ImageStore(tmp_path))


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
