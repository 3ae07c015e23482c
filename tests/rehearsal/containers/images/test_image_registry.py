"""Images in ECR."""

import json
import uuid
from pathlib import Path

import pytest

from rehearsal.containers.image import Image
from rehearsal.containers.images.registry import (
    ImageUnavailableError,
    ImageUri,
    publish,
    resolve,
)
from rehearsal.containers.interpreter import running_interpreter
from tests.rehearsal.job_fixtures import ACCOUNT, REGION, JobSurroundings

HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


def an_image(mark: str) -> Image:
    return Image(
        digest=f"sha256:{mark * 64}", interpreter=running_interpreter(), configuration="{}"
    )


def repository(surroundings: JobSurroundings, *, immutable: bool = False) -> str:
    name = f"team/{uuid.uuid4().hex[:8]}"
    surroundings.session.client("ecr").create_repository(
        repositoryName=name, imageTagMutability="IMMUTABLE" if immutable else "MUTABLE"
    )
    return f"{HOST}/{name}"


def test_an_image_is_found_by_tag_and_by_digest(job_surroundings: JobSurroundings) -> None:
    uri, session = repository(job_surroundings), job_surroundings.session
    digest = publish(session, uri, ["v1", "latest"], an_image("a"))
    for reference in (":v1", "", f"@{digest}"):
        assert resolve(session, f"{uri}{reference}") == an_image("a").digest


def test_a_tag_moves_to_the_newest_image(job_surroundings: JobSurroundings) -> None:
    uri, session = repository(job_surroundings), job_surroundings.session
    publish(session, uri, ["latest"], an_image("a"))
    publish(session, uri, ["latest"], an_image("b"))
    assert resolve(session, uri) == an_image("b").digest


def test_an_immutable_tag_may_be_pushed_again_but_not_moved(
    job_surroundings: JobSurroundings,
) -> None:
    uri, session = repository(job_surroundings, immutable=True), job_surroundings.session
    first = publish(session, uri, ["v1"], an_image("a"))
    assert publish(session, uri, ["v1"], an_image("a")) == first
    with pytest.raises(session.client("ecr").exceptions.ImageTagAlreadyExistsException):
        publish(session, uri, ["v1"], an_image("b"))


def test_the_manifest_names_the_configuration(job_surroundings: JobSurroundings) -> None:
    uri, session = repository(job_surroundings), job_surroundings.session
    publish(session, uri, ["v1"], an_image("a"))
    response = session.client("ecr").batch_get_image(
        repositoryName=ImageUri.parse(uri).repository, imageIds=[{"imageTag": "v1"}]
    )
    manifest = json.loads(response["images"][0]["imageManifest"])
    assert manifest["config"]["digest"] == an_image("a").digest


def test_an_unknown_image_is_not_found(job_surroundings: JobSurroundings) -> None:
    uri = repository(job_surroundings)
    with pytest.raises(ImageUnavailableError, match=f"Requested image {uri}:none not found"):
        resolve(job_surroundings.session, f"{uri}:none")


def test_an_image_of_aws_is_rejected_with_a_remedy(job_surroundings: JobSurroundings) -> None:
    uri = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
    with pytest.raises(
        ImageUnavailableError, match=r"not found.*registry 683313688378.*Dockerfile"
    ):
        resolve(job_surroundings.session, uri)


@pytest.mark.parametrize("uri", ["python:3.11", "public.ecr.aws/x/y:1", f"{HOST}/UPPER:1", ""])
def test_an_image_outside_of_private_ecr_is_rejected(
    job_surroundings: JobSurroundings, uri: str
) -> None:
    with pytest.raises(ImageUnavailableError, match="valid Amazon Elastic Container Registry path"):
        resolve(job_surroundings.session, uri)


def test_a_foreign_manifest_is_rejected(job_surroundings: JobSurroundings, tmp_path: Path) -> None:
    uri = repository(job_surroundings)
    job_surroundings.session.client("ecr").put_image(
        repositoryName=ImageUri.parse(uri).repository, imageManifest="{}", imageTag="v1"
    )
    with pytest.raises(ImageUnavailableError, match="not one of the rehearsal"):
        resolve(job_surroundings.session, f"{uri}:v1")
