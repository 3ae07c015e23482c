"""Preprocessing on a cluster of Spark, in a processing job of two instances of the rehearsal."""

from __future__ import annotations

import shutil
from pathlib import Path

import boto3
import pytest

from mlops_jobs.table import preprocess
from rehearsal.containers.images.registry import publish
from rehearsal.containers.images.store import ImageStore
from rehearsal.services.sagemaker.jobs.processing import processing_job
from tests.jobs.spark.tables import rows_of, write
from tests.jobs.spark.test_preprocessing_on_spark import FILES, ROOT, contents
from tests.rehearsal.job_fixtures import (
    ACCOUNT,
    REGION,
    JobSurroundings,
    emulator,
    emulator_session,
    job_surroundings,
    shared_image_store,
)

__all__ = ["emulator", "emulator_session", "job_surroundings", "shared_image_store"]
pytestmark = pytest.mark.spark

REPOSITORY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/spark"
DOCKERFILE = """\
FROM python:3.11-slim
COPY requirements.txt /opt/requirements.txt
RUN python3 -m venv --without-pip /opt/venv \\
    && pip install --quiet --no-cache-dir --root-user-action ignore --target /tmp/uv uv==0.13.9 \\
    && UV_LINK_MODE=copy /tmp/uv/bin/uv pip sync --quiet --python /opt/venv/bin/python \\
        --require-hashes /opt/requirements.txt
COPY mlops_jobs /opt/program/mlops_jobs
ENV PYTHONPATH=/opt/program PYTHONUNBUFFERED=1
ENTRYPOINT ["/opt/venv/bin/python", "-c", "from mlops_jobs.table import preprocess as p; p.main()"]
"""
ROWS = 8_000


@pytest.fixture(scope="module")
def image(
    emulator_session: boto3.Session,
    shared_image_store: ImageStore,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """The URI of an image with Spark and `mlops_jobs`."""
    folder = tmp_path_factory.mktemp("context")
    (folder / "Dockerfile").write_text(DOCKERFILE)
    shutil.copy(ROOT / "requirements-spark.txt", folder / "requirements.txt")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "jobs/mlops_jobs", folder / "mlops_jobs", ignore=ignored)
    emulator_session.client("ecr").create_repository(repositoryName="spark")
    publish(emulator_session, REPOSITORY, ["v1"], shared_image_store.build(folder))
    return f"{REPOSITORY}:v1"


def test_files_are_those_of_one_process(
    job_surroundings: JobSurroundings, image: str, tmp_path: Path
) -> None:
    write(tmp_path / "raw", rows_of(1, ROWS))
    for file in (tmp_path / "raw").iterdir():
        job_surroundings.put(f"raw/{file.name}", file.read_bytes())
    bucket = job_surroundings.bucket
    request = {
        "ProcessingJobName": "preprocess",
        "AppSpecification": {
            "ImageUri": image,
            "ContainerArguments": [
                *("--engine=spark", "--target=name:y"),
                *("--input=/opt/ml/processing/input", "--output=/opt/ml/processing/output"),
            ],
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 2,
                "InstanceType": "ml.m5.2xlarge",
                "VolumeSizeInGB": 20,
            }
        },
        "ProcessingInputs": [
            {
                "InputName": "raw",
                "S3Input": {
                    "S3Uri": f"s3://{bucket}/raw/",
                    "LocalPath": "/opt/ml/processing/input",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": f"s3://{bucket}/out",
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
    }
    result = processing_job.run(job_surroundings.job(request))
    assert result["ProcessingJobStatus"] == "Completed"

    arguments = [f"--input={tmp_path / 'raw'}", f"--output={tmp_path / 'python'}"]
    options = preprocess.parser().parse_args(["--target=name:y", *arguments])
    preprocess.preprocess(options, [])
    expected = contents(tmp_path / "python")
    found = {
        key.removeprefix("out/"): job_surroundings.get(key) for key in job_surroundings.keys("out/")
    }
    assert found.keys() == expected.keys() == FILES
    assert [file for file in expected if found[file] != expected[file]] == []
