"""Training jobs."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from rehearsal.services.sagemaker.jobs.training.training_job import LOG_GROUP, run
from tests.rehearsal.job_fixtures import JobSurroundings

TRAIN = """
import json, os, sys
assert sys.argv[1:] == ["train"], sys.argv
config = "/opt/ml/input/config/"
found = {name: json.load(open(config + name + ".json"))
         for name in ("hyperparameters", "inputdataconfig", "resourceconfig")}
found["files"] = sorted(os.listdir("/opt/ml/input/data/train"))
found["environment"] = {k: os.environ.get(k) for k in ("TRAINING_JOB_NAME", "TRAINING_JOB_ARN",
                                                        "GIVEN", "AWS_REGION", "SM_MODEL_DIR")}
json.dump(found, open("/opt/ml/model/found.json", "w"))
open("/opt/ml/output/data/plot.txt", "w").write("plot")
print("epoch 1 auc=0.7;")
print("epoch 2 auc=0.9; loss=1e-3")
"""


def request(surroundings: JobSurroundings, image: str, **changes: Any) -> dict[str, Any]:
    bucket = surroundings.bucket
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/data/"}
    return {
        "TrainingJobName": "fit-1",
        "RoleArn": "arn:aws:iam::111111111111:role/job",
        "AlgorithmSpecification": {
            "TrainingImage": image,
            "TrainingInputMode": "File",
            "MetricDefinitions": [
                {"Name": "auc", "Regex": "auc=([0-9.]+)"},
                {"Name": "loss", "Regex": "loss=([0-9.e-]+)"},
            ],
        },
        "HyperParameters": {"depth": "3"},
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "ContentType": "text/csv",
                "DataSource": {"S3DataSource": source},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/models/"},
        "ResourceConfig": {
            "InstanceCount": 1,
            "InstanceType": "ml.m5.large",
            "VolumeSizeInGB": 10,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "Environment": {"GIVEN": "yes"},
        **changes,
    }


def unpacked(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        files = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
        return {name: file.read() for name, file in files.items() if file is not None}


def test_a_job_trains_and_keeps_model_and_output(job_surroundings: JobSurroundings) -> None:
    job_surroundings.put("data/a.csv", "1")
    reported: list[Any] = []
    job = request(job_surroundings, job_surroundings.image(TRAIN))
    result = run(job_surroundings.job(job, progress=reported.append))

    assert result["TrainingJobStatus"] == "Completed"
    uri = f"s3://{job_surroundings.bucket}/models/fit-1/output/model.tar.gz"
    assert result["ModelArtifacts"] == {"S3ModelArtifacts": uri}
    output = unpacked(job_surroundings.get("models/fit-1/output/output.tar.gz"))
    assert output == {"plot.txt": b"plot"}
    model = unpacked(job_surroundings.get("models/fit-1/output/model.tar.gz"))
    found = json.loads(model["found.json"])
    assert found["hyperparameters"] == {"depth": "3"}
    assert found["files"] == ["a.csv"]
    assert found["inputdataconfig"]["train"]["ContentType"] == "text/csv"
    assert found["inputdataconfig"]["train"]["TrainingInputMode"] == "File"
    assert found["resourceconfig"]["hosts"] == ["algo-1"]
    assert found["environment"] == {
        "TRAINING_JOB_NAME": "fit-1",
        "TRAINING_JOB_ARN": "arn:aws:sagemaker:us-east-1:111111111111:training-job/fit-1",
        "GIVEN": "yes",
        "AWS_REGION": "us-east-1",
        "SM_MODEL_DIR": None,  # the training toolkit sets it, not SageMaker
    }
    assert "epoch 2 auc=0.9; loss=1e-3" in job_surroundings.log_lines(LOG_GROUP)


def test_metrics_and_statuses_are_reported_while_it_runs(job_surroundings: JobSurroundings) -> None:
    job_surroundings.put("data/a.csv", "1")
    reported: list[Any] = []
    job = request(job_surroundings, job_surroundings.image(TRAIN))
    result = run(job_surroundings.job(job, progress=reported.append))

    statuses = [fields["SecondaryStatus"] for fields in reported if "SecondaryStatus" in fields]
    assert statuses == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    transitions = result["SecondaryStatusTransitions"]
    assert [item["Status"] for item in transitions] == statuses
    assert all(item["EndTime"] >= item["StartTime"] for item in transitions)
    live = [item["FinalMetricDataList"] for item in reported if "FinalMetricDataList" in item]
    assert [metrics[0]["Value"] for metrics in live] == [0.7, 0.9]
    final = {item["MetricName"]: item["Value"] for item in result["FinalMetricDataList"]}
    assert final == {"auc": 0.9, "loss": 0.001}
    assert result["BillableTimeInSeconds"] == result["TrainingTimeInSeconds"] >= 1


def test_a_failure_gives_the_programs_reason_and_its_output(
    job_surroundings: JobSurroundings,
) -> None:
    job_surroundings.put("data/a.csv", "1")
    program = (
        "open('/opt/ml/output/failure', 'w').write('the target has one class')\n"
        "open('/opt/ml/output/data/debug.txt', 'w').write('x')\n"
        "open('/opt/ml/model/half', 'w').write('x')\nraise SystemExit(2)"
    )
    job = request(job_surroundings, job_surroundings.image(program))
    with pytest.raises(ExecutionFailedError) as caught:
        run(job_surroundings.job(job))
    assert caught.value.reason == "AlgorithmError: the target has one class, exit code: 2"
    assert caught.value.members["SecondaryStatus"] == "Failed"
    assert caught.value.members["SecondaryStatusTransitions"][-1]["StatusMessage"].startswith(
        "AlgorithmError: the target"
    )
    assert job_surroundings.keys("models/") == ["models/fit-1/output/output.tar.gz"]


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [("SIGKILL", 137, "as the system does when memory runs out)"), ("SIGSEGV", 139, "(SIGSEGV)")],
)
def test_a_program_that_a_signal_ends_says_which(
    job_surroundings: JobSurroundings, name: str, code: int, said: str
) -> None:
    job_surroundings.put("data/a.csv", "1")
    program = (
        "import os, signal\nprint('loading', flush=True)\n"
        f"signal.signal(signal.SIGSEGV, signal.SIG_DFL)\nos.kill(os.getpid(), signal.{name})"
    )

    with pytest.raises(ExecutionFailedError) as caught:
        run(job_surroundings.job(request(job_surroundings, job_surroundings.image(program))))

    assert caught.value.reason.startswith(f"AlgorithmError: loading, exit code: {code} ({name}")
    assert caught.value.reason.endswith(said)


def test_checkpoints_go_both_ways(job_surroundings: JobSurroundings) -> None:
    job_surroundings.put("data/a.csv", "1")
    job_surroundings.put("checkpoints/old", "7")
    program = (
        "count = open('/opt/ml/checkpoints/old').read()\n"
        "import json; config = json.load(open('/opt/ml/input/config/checkpointconfig.json'))\n"
        "assert config['S3Uri'].endswith('/checkpoints'), config\n"
        "open('/opt/ml/checkpoints/new', 'w').write(str(int(count) + 1))\nraise SystemExit(1)"
    )
    uri = f"s3://{job_surroundings.bucket}/checkpoints"
    job = request(
        job_surroundings,
        job_surroundings.image(program),
        EnableManagedSpotTraining=True,
        CheckpointConfig={"S3Uri": uri},
    )
    with pytest.raises(ExecutionFailedError):
        run(job_surroundings.job(job))
    assert job_surroundings.get("checkpoints/new") == b"8"


def test_output_of_debugger_and_tensorboard_is_kept_below_the_job(
    job_surroundings: JobSurroundings,
) -> None:
    job_surroundings.put("data/a.csv", "1")
    program = (
        "import json, os\n"
        "config = json.load(open('/opt/ml/input/config/debughookconfig.json'))\n"
        "os.makedirs('/opt/ml/output/tensors/events')\n"
        "open('/opt/ml/output/tensors/events/1', 'w').write(json.dumps(config))\n"
        "open('/logs/events.out', 'w').write('scalars')\nraise SystemExit(1)"
    )
    hook = {
        "S3OutputPath": f"s3://{job_surroundings.bucket}/debug",
        "CollectionConfigurations": [{"CollectionName": "losses"}],
    }
    board = {"S3OutputPath": f"s3://{job_surroundings.bucket}/board/", "LocalPath": "/logs"}
    job = request(
        job_surroundings,
        job_surroundings.image(program),
        DebugHookConfig=hook,
        TensorBoardOutputConfig=board,
    )
    with pytest.raises(ExecutionFailedError):
        run(job_surroundings.job(job))
    found = job_surroundings.get("debug/fit-1/debug-output/events/1")
    assert json.loads(found) == hook
    assert job_surroundings.get("board/fit-1/tensorboard-output/events.out") == b"scalars"


def test_fast_file_mode_shows_files(job_surroundings: JobSurroundings) -> None:
    job_surroundings.put("data/a.csv", "1")
    image = job_surroundings.image(TRAIN)
    given = request(job_surroundings, image)
    given["InputDataConfig"][0]["InputMode"] = "FastFile"
    result = run(job_surroundings.job(given))
    found = json.loads(
        unpacked(job_surroundings.get("models/fit-1/output/model.tar.gz"))["found.json"]
    )
    assert result["TrainingJobStatus"] == "Completed"
    assert found["files"] == ["a.csv"]
    # As the developer guide says: code for File mode runs unchanged.
    assert found["inputdataconfig"]["train"]["TrainingInputMode"] == "File"


def test_checkpoints_may_be_anywhere_and_start_empty(job_surroundings: JobSurroundings) -> None:
    job_surroundings.put("data/a.csv", "1")
    program = "open('/checkpoints/new', 'w').write('1')"
    config = {"S3Uri": f"s3://{job_surroundings.bucket}/cp/", "LocalPath": "/checkpoints"}
    job = request(job_surroundings, job_surroundings.image(program), CheckpointConfig=config)
    run(job_surroundings.job(job))
    assert job_surroundings.keys("cp/") == ["cp/new"]


STEADY = """
import signal, sys, time
def stop(*_):
    open("/opt/ml/model/partial", "w").write("x")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready auc=0.5", flush=True)
time.sleep(60)
"""


def test_a_stopped_job_gets_sigterm_and_keeps_its_model(job_surroundings: JobSurroundings) -> None:
    job_surroundings.put("data/a.csv", "1")
    stop = threading.Event()

    def progress(fields: Any) -> None:
        if "FinalMetricDataList" in fields:
            stop.set()

    job = request(job_surroundings, job_surroundings.image(STEADY))
    result = run(job_surroundings.job(job, progress=progress, stop=stop, grace=20))
    assert (result["TrainingJobStatus"], result["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert unpacked(job_surroundings.get("models/fit-1/output/model.tar.gz")) == {"partial": b"x"}


def test_a_job_that_takes_too_long_is_stopped(job_surroundings: JobSurroundings) -> None:
    job_surroundings.put("data/a.csv", "1")
    job = request(
        job_surroundings,
        job_surroundings.image("import time; time.sleep(60)"),
        StoppingCondition={"MaxRuntimeInSeconds": 1},
    )
    result = run(job_surroundings.job(job, grace=0.5))
    assert (result["TrainingJobStatus"], result["SecondaryStatus"]) == (
        "Stopped",
        "MaxRuntimeExceeded",
    )


def test_an_uncompressed_model_is_a_prefix(job_surroundings: JobSurroundings) -> None:
    job_surroundings.put("data/a.csv", "1")
    output = {"S3OutputPath": f"s3://{job_surroundings.bucket}/models", "CompressionType": "NONE"}
    job = request(job_surroundings, job_surroundings.image(TRAIN), OutputDataConfig=output)
    result = run(job_surroundings.job(job))
    uri = f"s3://{job_surroundings.bucket}/models/fit-1/output/model/"
    assert result["ModelArtifacts"]["S3ModelArtifacts"] == uri
    assert "models/fit-1/output/model/found.json" in job_surroundings.keys("models/")


def test_missing_data_fails_while_downloading(job_surroundings: JobSurroundings) -> None:
    job = request(job_surroundings, job_surroundings.image("raise SystemExit(1)"))
    with pytest.raises(ExecutionFailedError, match="No S3 objects found") as caught:
        run(job_surroundings.job(job))
    passed = [item["Status"] for item in caught.value.members["SecondaryStatusTransitions"]]
    assert passed == ["Starting", "Downloading", "Failed"]


Change = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda job: job["AlgorithmSpecification"].update(
                MetricDefinitions=[{"Name": "m", "Regex": "m=("}]
            ),
            "Regex of metric m is not valid",
        ),
        (
            lambda job: job["AlgorithmSpecification"].update(
                MetricDefinitions=[{"Name": "m", "Regex": "m=[0-9]+"}]
            ),
            "needs a group around the number",
        ),
    ],
)
def test_an_invalid_metric_definition_fails_the_job(
    job_surroundings: JobSurroundings, change: Change, message: str
) -> None:
    job = request(job_surroundings, "unused")
    change(job)
    with pytest.raises(ExecutionFailedError, match=message):
        run(job_surroundings.job(job))
