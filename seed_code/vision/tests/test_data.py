"""The raw images on S3, before the pipeline starts."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from mlops_jobs.failure import InputError
from mlops_jobs.images.files import image_files

from pipeline import digits
from pipeline.configuration import Configuration
from pipeline.data import prepare
from tests.fakes import PROJECT, Bucket


def configuration(**data: Any) -> Configuration:
    return Configuration.model_validate(
        {"data": {"size": [8, 8], **data}, "tuning": {"ranges": {"filters": [16, 32]}}}
    )


def test_the_version_changes_with_the_images() -> None:
    uri = "s3://churn-artifacts/images/"
    one, other = (
        prepare(configuration(uri=uri), PROJECT, Bucket({"images/cat/1.png": content}))
        for content in (b"1", b"2")
    )
    assert one.uri == uri
    assert one.version != other.version


def test_a_folder_without_images_is_rejected() -> None:
    with pytest.raises(InputError, match="which holds no object"):
        prepare(configuration(uri="s3://churn-artifacts/images/"), PROJECT, Bucket())


def test_the_default_data_is_put_once_and_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "archive", lambda: b"zip")
    bucket = Bucket()
    for _ in range(2):
        raw = prepare(configuration(), PROJECT, bucket)
    assert raw.uri == "s3://churn-artifacts/data/digits.zip"
    (put,) = bucket.puts
    assert put["SSEKMSKeyId"] == PROJECT.artifact_key_arn


def test_the_default_data_are_the_digits(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="the image has no scikit-learn, the train build has")
    content = digits.archive()
    assert content == digits.archive()
    assert len(zipfile.ZipFile(io.BytesIO(content)).namelist()) == 1797
    (tmp_path / "digits.zip").write_bytes(content)
    labels = [file.label for file in image_files(tmp_path)]
    assert set(labels) == set("0123456789")
