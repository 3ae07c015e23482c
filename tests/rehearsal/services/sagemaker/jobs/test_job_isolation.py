"""Jobs cannot publish files of the host, and the reason of a failure names an exceeded limit."""

from pathlib import Path
from typing import Any

import pytest

from rehearsal.containers.limits import MEBIBYTE, Limits
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from rehearsal.services.sagemaker.jobs.job import Job
from rehearsal.services.sagemaker.jobs.processing import processing_job
from rehearsal.services.sagemaker.jobs.training import training_job
from tests.rehearsal.job_fixtures import JobSurroundings
from tests.rehearsal.services.sagemaker.hosting.serving import definition
from tests.rehearsal.services.sagemaker.jobs.test_processing_job import (
    request as processing_request,
)
from tests.rehearsal.services.sagemaker.jobs.test_training_job import request as training_request

SMALL = Limits(memory=200 * MEBIBYTE)
FILL = "b = bytearray(2 << 30)"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A folder of the host with a secret."""
    folder = tmp_path / "private"
    folder.mkdir()
    (folder / "key").write_text("SECRET")
    return folder


def published(surroundings: JobSurroundings) -> bytes:
    return b"".join(surroundings.get(key) for key in surroundings.keys(""))


def failure(run: Any, job: Job) -> str:
    with pytest.raises(ExecutionFailedError) as error:
        run(job)
    return error.value.reason


@pytest.mark.parametrize("folder", ["model", "output/data", "output"])
@pytest.mark.parametrize("compression", ["GZIP", "NONE"])
def test_a_result_folder_that_is_a_link_out_is_not_uploaded(
    job_surroundings: JobSurroundings, secret: Path, folder: str, compression: str
) -> None:
    job_surroundings.put("data/a.csv", "1")
    (secret / "data").mkdir()
    (secret / "data/key").write_text("SECRET")
    program = (
        "import os, shutil\n"
        f"shutil.rmtree('/opt/ml/{folder}'); os.symlink({str(secret)!r}, '/opt/ml/{folder}')"
    )
    request = training_request(job_surroundings, job_surroundings.image(program))
    request["OutputDataConfig"]["CompressionType"] = compression
    reason = failure(training_job.run, job_surroundings.job(request))
    assert reason.startswith(f"ClientError: Artifact upload failed: /opt/ml/{folder}")
    assert "symbolic link" in reason
    assert b"SECRET" not in published(job_surroundings)


def test_the_failure_message_is_not_read_through_a_link(
    job_surroundings: JobSurroundings, secret: Path
) -> None:
    job_surroundings.put("data/a.csv", "1")
    program = (
        f"import os\nos.symlink('{secret}/key', '/opt/ml/output/failure'); raise SystemExit(3)"
    )
    request = training_request(job_surroundings, job_surroundings.image(program))
    assert "SECRET" not in failure(training_job.run, job_surroundings.job(request))


def test_checkpoints_are_no_files_of_the_host(
    job_surroundings: JobSurroundings, secret: Path
) -> None:
    """Neither if the folder is replaced nor if a folder in it is a link."""
    job_surroundings.put("data/a.csv", "1")
    program = (
        "import os\n"
        f"os.symlink({str(secret)!r}, '/opt/ml/checkpoints/folder')\n"
        f"os.symlink('{secret}/key', '/opt/ml/checkpoints/file')\n"
        "open('/opt/ml/checkpoints/good', 'w').write('good')\n"
        "try: os.rename('/opt/ml/checkpoints', '/opt/ml/old')\n"
        "except OSError: pass\n"
        f"else: os.symlink({str(secret)!r}, '/opt/ml/checkpoints')"
    )
    request = training_request(job_surroundings, job_surroundings.image(program))
    request["CheckpointConfig"] = {"S3Uri": f"s3://{job_surroundings.bucket}/checkpoints/"}
    training_job.run(job_surroundings.job(request))
    assert job_surroundings.keys("checkpoints/") == ["checkpoints/good"]


def test_a_processing_output_that_is_a_link_out_is_not_uploaded(
    job_surroundings: JobSurroundings, secret: Path
) -> None:
    job_surroundings.put("data/a.txt", "1")
    program = (
        "import os, shutil\nshutil.rmtree('/opt/ml/processing/output')\n"
        f"os.symlink({str(secret)!r}, '/opt/ml/processing/output')"
    )
    request = processing_request(job_surroundings, job_surroundings.image(program))
    reason = failure(processing_job.run, job_surroundings.job(request))
    assert "symbolic link" in reason
    assert b"SECRET" not in published(job_surroundings)


@pytest.mark.parametrize("kind", ["training", "processing"])
def test_a_job_that_uses_too_much_memory_fails_as_on_aws(
    job_surroundings: JobSurroundings, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Job, "limits", SMALL)
    job_surroundings.put("data/a.csv", "1")
    make, run = {
        "training": (training_request, training_job.run),
        "processing": (processing_request, processing_job.run),
    }[kind]
    request = make(job_surroundings, job_surroundings.image(FILL))
    reason = failure(run, job_surroundings.job(request))
    assert reason == (
        "ClientError: Please use an instance type with more memory, or reduce the size of job data "
        "processed on an instance. Killed, out of memory: more than 0.2 GiB were used, exit code: "
        "137"
    )


def test_a_job_has_the_limits_of_its_instance(job_surroundings: JobSurroundings) -> None:
    job = job_surroundings.job(training_request(job_surroundings, "image"))
    assert job.limits == Limits(memory=8192 * MEBIBYTE, cpus=2, disk=10 * 1024 * MEBIBYTE)
    job = job_surroundings.job(processing_request(job_surroundings, "image"))
    assert job.limits == Limits(memory=8192 * MEBIBYTE, cpus=2, disk=10 * 1024 * MEBIBYTE)


def test_an_endpoint_that_uses_too_much_memory_names_it(job_surroundings: JobSurroundings) -> None:
    server = job_surroundings.server(definition(job_surroundings, FILL), limits=SMALL)
    with pytest.raises(ExecutionFailedError, match="exit code 137, killed, out of memory"):
        server.start()


def test_models_of_an_endpoint_are_not_extracted_through_a_link(
    job_surroundings: JobSurroundings, secret: Path
) -> None:
    """The container cannot replace the folder in which archives are extracted."""
    program = (
        "import os\n"
        "for change in (lambda: os.rename('/opt/ml/models', '/opt/ml/old'),\n"
        f"               lambda: os.symlink({str(secret)!r}, '/opt/ml/models/x'),\n"
        "               lambda: os.rmdir('/opt/ml/models')):\n"
        "    try: change()\n"
        "    except OSError: continue\n"
        "    print('replaced', flush=True)\n"
        "print('kept', flush=True); raise SystemExit(5)"
    )
    server = job_surroundings.server(definition(job_surroundings, program))
    with pytest.raises(ExecutionFailedError, match="exit code 5") as error:
        server.start()
    assert "replaced" not in error.value.reason
