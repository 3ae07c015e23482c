"""Training and processing jobs of several instances."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from rehearsal.services.sagemaker.jobs.processing import processing_job
from rehearsal.services.sagemaker.jobs.training import training_job
from tests.rehearsal.job_fixtures import JobSurroundings
from tests.rehearsal.services.sagemaker.jobs import test_processing_job, test_training_job
from tests.rehearsal.services.sagemaker.jobs.test_training_job import unpacked

# The surroundings of a host, in a file of its name.
FIND = """
import json, os, pathlib, socket, time
config = json.load(open(f"/opt/ml/{config}/resourceconfig.json"))
host = config["current_host"]
found = {{"config": config, "name": socket.gethostname(),
         "files": sorted(p.name for p in pathlib.Path("{data}").rglob("*") if p.is_file())}}
json.dump(found, open(f"{results}/{{host}}.json", "w"))
print(f"{{host}} loss={{host[-1]}}.5;", flush=True)
"""
TRAINING = FIND.replace("{config}", "input/config").format(
    data="/opt/ml/input/data/train", results="/opt/ml/model"
)
PROCESSING = FIND.replace("{config}", "config").format(
    data="/opt/ml/processing/input", results="/opt/ml/processing/output"
)
TOGETHER = """
import json, os, socket, sys, time
path = "/opt/ml/input/config/resourceconfig.json"
if not os.path.exists(path):
    path = "/opt/ml/config/resourceconfig.json"
config = json.load(open(path))
if config["current_host"] == "algo-1":
    with socket.create_server(("", 9000)) as server:
        near, _ = server.accept()
        print("received", near.recv(9).decode(), flush=True)
else:
    ends = time.monotonic() + 60
    while True:
        try:
            far = socket.create_connection(("algo-1", 9000), 5)
            break
        except OSError as error:
            if time.monotonic() > ends or isinstance(error, socket.gaierror):
                sys.exit(f"{type(error).__name__}: {error}")
            time.sleep(0.1)
    far.sendall(b"hello")
"""
ON_FIRST = "import json\nfirst = json.load(open('/opt/ml/input/config/resourceconfig.json'))"
ON_FIRST += "['current_host'] == 'algo-1'\n"


def training(surroundings: JobSurroundings, program: str, **changes: Any) -> dict[str, Any]:
    request = test_training_job.request(surroundings, surroundings.image(program))
    request["ResourceConfig"]["InstanceCount"] = 2
    return {**request, **changes}


def processing(surroundings: JobSurroundings, program: str, **changes: Any) -> dict[str, Any]:
    request = test_processing_job.request(surroundings, surroundings.image(program))
    request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    return {**request, **changes}


def put(surroundings: JobSurroundings, prefix: str, count: int) -> None:
    for number in range(count):
        surroundings.put(f"{prefix}/{number}.csv", str(number))


def model(surroundings: JobSurroundings) -> dict[str, bytes]:
    return unpacked(surroundings.get("models/fit-1/output/model.tar.gz"))


class TestTraining:
    def test_each_host_has_its_name_in_the_configuration(
        self, job_surroundings: JobSurroundings
    ) -> None:
        put(job_surroundings, "data", 1)
        result = training_job.run(job_surroundings.job(training(job_surroundings, TRAINING)))
        assert result["TrainingJobStatus"] == "Completed"
        found = {name: json.loads(text) for name, text in model(job_surroundings).items()}
        assert sorted(found) == ["algo-1.json", "algo-2.json"]
        hosts = ["algo-1", "algo-2"]
        for host in hosts:
            one = found[f"{host}.json"]
            assert one["name"] == host
            assert one["config"] == {
                "current_host": host,
                "hosts": hosts,
                "network_interface_name": "eth0",
                "current_instance_type": "ml.m5.large",
                "current_group_name": "homogeneousCluster",
                "instance_groups": [
                    {
                        "instance_group_name": "homogeneousCluster",
                        "instance_type": "ml.m5.large",
                        "hosts": hosts,
                    }
                ],
            }

    def test_hosts_have_separate_log_streams_and_metrics_are_read_from_all(
        self, job_surroundings: JobSurroundings
    ) -> None:
        put(job_surroundings, "data", 1)
        request = training(job_surroundings, TRAINING, TrainingJobName="streams")
        result = training_job.run(job_surroundings.job(request))
        for number in (1, 2):
            lines = job_surroundings.log_lines(training_job.LOG_GROUP, f"streams/algo-{number}-")
            assert lines == [f"algo-{number} loss={number}.5;"]
        (loss,) = result["FinalMetricDataList"]
        assert loss["Value"] in (1.5, 2.5)

    @pytest.mark.parametrize(
        ("distribution", "expected"),
        [
            ("FullyReplicated", [["0.csv", "1.csv", "2.csv"]] * 2),
            ("ShardedByS3Key", [["0.csv", "2.csv"], ["1.csv"]]),
        ],
    )
    def test_hosts_read_all_objects_or_their_shard(
        self, job_surroundings: JobSurroundings, distribution: str, expected: list[list[str]]
    ) -> None:
        put(job_surroundings, "data", 3)
        request = training(job_surroundings, TRAINING)
        source = request["InputDataConfig"][0]["DataSource"]["S3DataSource"]
        source["S3DataDistributionType"] = distribution
        training_job.run(job_surroundings.job(request))
        found = model(job_surroundings)
        assert [json.loads(found[name])["files"] for name in sorted(found)] == expected

    def test_a_host_without_an_object_has_an_empty_channel(
        self, job_surroundings: JobSurroundings
    ) -> None:
        put(job_surroundings, "data", 1)
        request = training(job_surroundings, TRAINING)
        source = request["InputDataConfig"][0]["DataSource"]["S3DataSource"]
        source["S3DataDistributionType"] = "ShardedByS3Key"
        training_job.run(job_surroundings.job(request))
        assert json.loads(model(job_surroundings)["algo-2.json"])["files"] == []

    @pytest.mark.parametrize("isolated", [False, True])
    def test_hosts_communicate_in_isolated_jobs_too(
        self, job_surroundings: JobSurroundings, isolated: bool
    ) -> None:
        put(job_surroundings, "data", 1)
        request = training(job_surroundings, TOGETHER, EnableNetworkIsolation=isolated)
        request["TrainingJobName"] = f"together-{isolated}"
        assert training_job.run(job_surroundings.job(request))["TrainingJobStatus"] == "Completed"
        lines = job_surroundings.log_lines(training_job.LOG_GROUP, f"together-{isolated}/algo-1-")
        assert lines == ["received hello"]

    def test_file_of_several_hosts_is_the_one_of_the_last_and_is_reported(
        self, job_surroundings: JobSurroundings
    ) -> None:
        put(job_surroundings, "data", 1)
        program = ON_FIRST + (
            "open('/opt/ml/model/same', 'w').write('first' if first else 'second')\n"
            "open(f'/opt/ml/model/other-{first}', 'w').write('x')"
        )
        request = training(job_surroundings, program, TrainingJobName="fit-1")
        training_job.run(job_surroundings.job(request))
        assert model(job_surroundings) == {
            "same": b"second",
            "other-True": b"x",
            "other-False": b"x",
        }
        lines = job_surroundings.log_lines(training_job.LOG_GROUP, "fit-1/algo-2-")
        assert "/opt/ml/model/same was written by several hosts" in lines[-1]

    @pytest.mark.parametrize("culprit", ["first", "not first"])
    def test_failure_of_one_host_stops_the_others_and_is_the_reason(
        self, job_surroundings: JobSurroundings, culprit: str
    ) -> None:
        put(job_surroundings, "data", 1)
        program = ON_FIRST + (
            f"import sys, time\nif {culprit}:\n"
            "    open('/opt/ml/output/failure', 'w').write('a column is missing')\n"
            "    sys.exit(4)\n"
            "time.sleep(600)"
        )
        with pytest.raises(ExecutionFailedError) as caught:
            training_job.run(job_surroundings.job(training(job_surroundings, program), grace=1))
        assert caught.value.reason == "AlgorithmError: a column is missing, exit code: 4"

    def test_stop_reaches_all_hosts_and_keeps_their_models(
        self, job_surroundings: JobSurroundings
    ) -> None:
        put(job_surroundings, "data", 1)
        stop = threading.Event()
        program = ON_FIRST + (
            "import signal, sys, time\n"
            "def end(*_):\n"
            "    open(f'/opt/ml/model/{first}', 'w').write('half')\n"
            "    sys.exit(0)\n"
            "signal.signal(signal.SIGTERM, end)\nprint('loss=1;', flush=True)\ntime.sleep(600)"
        )
        seen = []

        def progress(changes: Any) -> None:
            seen.append(changes)
            if sum("FinalMetricDataList" in one for one in seen) == 2:
                stop.set()

        request = training(job_surroundings, program)
        result = training_job.run(job_surroundings.job(request, stop=stop, progress=progress))
        assert result["TrainingJobStatus"] == "Stopped"
        assert sorted(model(job_surroundings)) == ["False", "True"]

    def test_checkpoints_of_all_hosts_are_restored_on_each(
        self, job_surroundings: JobSurroundings
    ) -> None:
        put(job_surroundings, "data", 1)
        uri = f"s3://{job_surroundings.bucket}/checkpoints"
        program = ON_FIRST + (
            "import os\nfound = sorted(os.listdir('/opt/ml/checkpoints'))\nprint(found)\n"
            "open(f'/opt/ml/checkpoints/{first}', 'w').write('x')"
        )
        for name in ("earlier", "later"):
            request = training(
                job_surroundings, program, TrainingJobName=name, CheckpointConfig={"S3Uri": uri}
            )
            training_job.run(job_surroundings.job(request))
        assert job_surroundings.keys("checkpoints/") == ["checkpoints/False", "checkpoints/True"]
        lines = job_surroundings.log_lines(training_job.LOG_GROUP, "later/")
        assert lines == ["['False', 'True']"] * 2

    def test_uncompressed_model_has_the_files_of_all_hosts(
        self, job_surroundings: JobSurroundings
    ) -> None:
        put(job_surroundings, "data", 1)
        request = training(job_surroundings, TRAINING)
        request["OutputDataConfig"]["CompressionType"] = "NONE"
        training_job.run(job_surroundings.job(request))
        prefix = "models/fit-1/output/model"
        assert job_surroundings.keys(prefix) == [f"{prefix}/algo-1.json", f"{prefix}/algo-2.json"]


class TestProcessing:
    def test_outputs_of_all_hosts_are_uploaded(self, job_surroundings: JobSurroundings) -> None:
        put(job_surroundings, "data", 3)
        request = processing(job_surroundings, PROCESSING)
        request["ProcessingInputs"][0]["S3Input"]["S3DataDistributionType"] = "ShardedByS3Key"
        result = processing_job.run(job_surroundings.job(request))
        assert result["ProcessingJobStatus"] == "Completed"
        found = {
            key.rpartition("/")[2]: json.loads(job_surroundings.get(key))
            for key in job_surroundings.keys()  # noqa: SIM118  a method of this name
            if key.endswith(".json")
        }
        assert {name: one["config"] for name, one in found.items()} == {
            f"{host}.json": {"current_host": host, "hosts": ["algo-1", "algo-2"]}
            for host in ("algo-1", "algo-2")
        }
        assert [found[name]["files"] for name in sorted(found)] == [["0.csv", "2.csv"], ["1.csv"]]

    def test_hosts_communicate(self, job_surroundings: JobSurroundings) -> None:
        put(job_surroundings, "data", 1)
        request = processing(job_surroundings, TOGETHER, ProcessingJobName="together")
        processing_job.run(job_surroundings.job(request))
        lines = job_surroundings.log_lines(processing_job.LOG_GROUP, "together/algo-1-")
        assert lines == ["received hello"]

    def test_hosts_of_an_isolated_job_do_not(self, job_surroundings: JobSurroundings) -> None:
        put(job_surroundings, "data", 1)
        request = processing(
            job_surroundings, TOGETHER, NetworkConfig={"EnableNetworkIsolation": True}
        )
        with pytest.raises(ExecutionFailedError, match="gaierror"):
            processing_job.run(job_surroundings.job(request, grace=1))

    def test_message_of_the_failed_host_is_the_reason(
        self, job_surroundings: JobSurroundings
    ) -> None:
        put(job_surroundings, "data", 1)
        program = (
            "import json, sys, time\n"
            "host = json.load(open('/opt/ml/config/resourceconfig.json'))['current_host']\n"
            "open('/opt/ml/output/message', 'w').write(f'said by {host}')\n"
            "if host == 'algo-2':\n    sys.exit(3)\ntime.sleep(600)"
        )
        request = processing(job_surroundings, program)
        with pytest.raises(ExecutionFailedError) as caught:
            processing_job.run(job_surroundings.job(request, grace=1))
        assert caught.value.reason == "AlgorithmError: said by algo-2, exit code: 3"
        assert caught.value.members["ExitMessage"] == "said by algo-2"


class TestStandIns:
    @pytest.mark.parametrize(
        ("repository", "account", "tag"),
        [
            ("sagemaker-spark-processing", "173754725891", "3.5-cpu-py39-v1.0"),
            ("sagemaker-model-monitor-analyzer", "156813124566", "latest"),
            ("sagemaker-clarify-processing", "205585389593", "1.0"),
        ],
    )
    def test_of_one_process_are_rejected_before_they_are_built(
        self, job_surroundings: JobSurroundings, repository: str, account: str, tag: str
    ) -> None:
        uri = f"{account}.dkr.ecr.us-east-1.amazonaws.com/{repository}:{tag}"
        request = processing(job_surroundings, PROCESSING)
        request["AppSpecification"]["ImageUri"] = uri
        with pytest.raises(
            ExecutionFailedError, match=f"AWS's image {repository} on one instance.*InstanceCount 2"
        ):
            processing_job.run(job_surroundings.job(request))
