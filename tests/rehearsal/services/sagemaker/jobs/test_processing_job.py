"""Processing jobs."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from rehearsal.services.sagemaker.jobs.processing.processing_job import LOG_GROUP, run
from tests.rehearsal.job_fixtures import JobSurroundings

COPY = """
import json, os, sys
root = "/opt/ml/processing"
text = open(root + "/input/data/a.txt").read()
os.makedirs(root + "/output/deep", exist_ok=True)
open(root + "/output/deep/b.txt", "w").write(text.upper() + " " + " ".join(sys.argv[1:]))
for name in ("processingjobconfig", "resourceconfig"):
    print(name, open(f"/opt/ml/config/{name}.json").read())
print("environment", json.dumps(dict(os.environ)))
"""


def request(surroundings: JobSurroundings, image: str, **changes: Any) -> dict[str, Any]:
    bucket = surroundings.bucket
    return {
        "ProcessingJobName": "copy",
        "RoleArn": "arn:aws:iam::111111111111:role/job",
        "AppSpecification": {"ImageUri": image, "ContainerArguments": ["--mode", "x"]},
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 10,
            }
        },
        "Environment": {"GIVEN": "yes"},
        "ProcessingInputs": [
            {
                "InputName": "data",
                "S3Input": {
                    "S3Uri": f"s3://{bucket}/data/",
                    "LocalPath": "/opt/ml/processing/input/data",
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
        **changes,
    }


@pytest.mark.parametrize("code", [0, 3])
def test_a_message_that_is_not_utf_8_fails_the_job(
    job_surroundings: JobSurroundings, code: int
) -> None:
    job_surroundings.put("data/a.txt", "hello")
    program = (
        f"open('/opt/ml/output/message', 'wb').write(b'gr\\xfc\\xdfe'); raise SystemExit({code})"
    )
    job = request(job_surroundings, job_surroundings.image(program))
    with pytest.raises(ExecutionFailedError) as raised:
        run(job_surroundings.job(job))
    assert str(raised.value).startswith("ClientError: ")
    assert "byte 2 is 0xfc" in str(raised.value)


def test_a_message_is_cut_between_characters(job_surroundings: JobSurroundings) -> None:
    job_surroundings.put("data/a.txt", "hello")
    program = (
        "import os\n"
        "os.makedirs('/opt/ml/processing/output', exist_ok=True)\n"
        "open('/opt/ml/output/message', 'w', encoding='utf-8').write('a' + 'ü' * 1000)"
    )
    job = request(job_surroundings, job_surroundings.image(program))
    assert run(job_surroundings.job(job))["ExitMessage"] == "a" + "ü" * 511


def test_a_job_turns_inputs_into_outputs(job_surroundings: JobSurroundings) -> None:
    job_surroundings.put("data/a.txt", "hello")
    reported: list[Any] = []
    job = request(job_surroundings, job_surroundings.image(COPY))
    result = run(job_surroundings.job(job, progress=reported.append))
    assert result["ProcessingJobStatus"] == "Completed"
    assert result["ProcessingEndTime"] >= result["ProcessingStartTime"]
    assert reported[0]["ProcessingJobStatus"] == "InProgress"
    assert job_surroundings.get("out/deep/b.txt") == b"HELLO --mode x"
    lines = job_surroundings.log_lines(LOG_GROUP)
    config = next(line for line in lines if line.startswith("processingjobconfig "))
    arn = "arn:aws:sagemaker:us-east-1:111111111111:processing-job/copy"
    assert json.loads(config.partition(" ")[2])["ProcessingJobArn"] == arn
    environment = json.loads(
        next(x for x in lines if x.startswith("environment ")).split(" ", 1)[1]
    )
    assert environment["GIVEN"] == "yes"
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["AWS_ENDPOINT_URL"] == job_surroundings.environment["AWS_ENDPOINT_URL"]


def test_the_entry_point_can_be_replaced(job_surroundings: JobSurroundings) -> None:
    job_surroundings.put("data/a.txt", "hello")
    application = {
        "ImageUri": job_surroundings.image("raise SystemExit(9)"),
        "ContainerEntrypoint": ["/bin/sh", "-c"],
        "ContainerArguments": ["echo made > /opt/ml/processing/output/file"],
    }
    job = request(job_surroundings, "", AppSpecification=application)
    run(job_surroundings.job(job))
    assert job_surroundings.get("out/file") == b"made\n"


def test_network_isolation_takes_network_and_credentials_away(
    job_surroundings: JobSurroundings,
) -> None:
    job_surroundings.put("data/a.txt", "hello")
    program = (
        "import os, socket\nassert not any('ACCESS_KEY' in name for name in os.environ)\n"
        "try:\n    socket.create_connection(('192.0.2.1', 443), 2)\n"
        "except OSError as error:\n    raise SystemExit(str(error))\n"
    )
    job = request(
        job_surroundings,
        job_surroundings.image(program),
        NetworkConfig={"EnableNetworkIsolation": True},
    )
    with pytest.raises(ExecutionFailedError, match="Network is unreachable, exit code: 1"):
        run(job_surroundings.job(job))


def test_a_failed_program_gives_its_message(job_surroundings: JobSurroundings) -> None:
    job_surroundings.put("data/a.txt", "hello")
    program = (
        "import sys\nopen('/opt/ml/output/message', 'w').write('the data is empty')\n"
        "print('noise')\nsys.exit(5)"
    )
    job = request(job_surroundings, job_surroundings.image(program))
    with pytest.raises(ExecutionFailedError) as caught:
        run(job_surroundings.job(job))
    assert caught.value.reason == "AlgorithmError: the data is empty, exit code: 5"
    assert caught.value.members["ExitMessage"] == "the data is empty"
    assert "ProcessingEndTime" in caught.value.members
    assert job_surroundings.keys("out") == []


def test_without_a_message_the_last_line_is_the_reason(job_surroundings: JobSurroundings) -> None:
    job_surroundings.put("data/a.txt", "hello")
    job = request(job_surroundings, job_surroundings.image("raise ValueError('no column target')"))
    with pytest.raises(ExecutionFailedError, match="ValueError: no column target, exit code: 1"):
        run(job_surroundings.job(job))


def test_continuous_output_is_uploaded_even_if_the_job_fails(
    job_surroundings: JobSurroundings,
) -> None:
    job_surroundings.put("data/a.txt", "hello")
    program = (
        "import pathlib\nfolder = pathlib.Path('/opt/ml/processing/output/deep')\n"
        "folder.mkdir()\n(folder / 'log').write_text('begun')\nraise SystemExit('broken')"
    )
    job = request(job_surroundings, job_surroundings.image(program))
    job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3UploadMode"] = "Continuous"
    with pytest.raises(ExecutionFailedError, match="broken"):
        run(job_surroundings.job(job))
    assert job_surroundings.get("out/deep/log") == b"begun"


def test_missing_input_fails_before_the_program_runs(job_surroundings: JobSurroundings) -> None:
    job = request(job_surroundings, job_surroundings.image("raise SystemExit(1)"))
    with pytest.raises(ExecutionFailedError, match="No S3 objects found"):
        run(job_surroundings.job(job))


def test_a_missing_image_is_reported(job_surroundings: JobSurroundings) -> None:
    uri = "111111111111.dkr.ecr.us-east-1.amazonaws.com/missing:v1"
    with pytest.raises(ExecutionFailedError, match=r"Cannot pull algorithm container.*missing:v1"):
        run(job_surroundings.job(request(job_surroundings, uri)))


def test_a_job_can_be_stopped(job_surroundings: JobSurroundings) -> None:
    job_surroundings.put("data/a.txt", "hello")
    stop = threading.Event()

    def progress(fields: Any) -> None:
        if fields.get("ProcessingJobStatus") == "InProgress":
            stop.set()

    job = request(job_surroundings, job_surroundings.image("import time; time.sleep(60)"))
    result = run(job_surroundings.job(job, progress=progress, stop=stop, grace=1))
    assert result["ProcessingJobStatus"] == "Stopped"
    assert job_surroundings.keys("out") == []


def test_a_job_that_takes_too_long_is_stopped(job_surroundings: JobSurroundings) -> None:
    job_surroundings.put("data/a.txt", "hello")
    job = request(
        job_surroundings,
        job_surroundings.image("import time; time.sleep(60)"),
        StoppingCondition={"MaxRuntimeInSeconds": 1},
    )
    result = run(job_surroundings.job(job, grace=1))
    assert result["ProcessingJobStatus"] == "Stopped"
    assert "1 seconds" in result["ExitMessage"]


def test_its_files_are_removed(job_surroundings: JobSurroundings) -> None:
    job_surroundings.put("data/a.txt", "hello")
    job = request(job_surroundings, job_surroundings.image(COPY))
    run(job_surroundings.job(job))
    assert list(job_surroundings.image_store.work_directory.iterdir()) == []


def test_paths_are_below_the_processing_directory(job_surroundings: JobSurroundings) -> None:
    job = request(job_surroundings, "unused")
    job["ProcessingInputs"][0]["S3Input"]["LocalPath"] = "/data"
    with pytest.raises(ExecutionFailedError, match="expected one below /opt/ml/processing"):
        run(job_surroundings.job(job))
