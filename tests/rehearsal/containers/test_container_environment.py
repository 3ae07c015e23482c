"""Each kind of container has exactly the variables, files and user that docs/rehearsal.md lists.

AWS_DEFAULT_REGION matters most: SageMaker sets AWS_REGION alone, CodeBuild sets both.
"""

import json
import os
import re
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from rehearsal.containers.log_stream import LogStream
from rehearsal.framework.platform import Credentials
from rehearsal.framework.root_keys import RootKeys
from rehearsal.ministack.ministack import Ministack
from rehearsal.services.sagemaker.hosting.serving import model_server
from rehearsal.services.sagemaker.jobs import job
from rehearsal.services.sagemaker.jobs.processing import processing_job
from rehearsal.services.sagemaker.jobs.training import training_job
from rehearsal.services.sagemaker.jobs.transform import transform_job
from tests.rehearsal.containers.survey import SURVEY
from tests.rehearsal.job_fixtures import JobSurroundings
from tests.rehearsal.services.codebuild.build_observer import Prepare, commands_output
from tests.rehearsal.services.sagemaker.hosting.serving import SERVER, definition
from tests.rehearsal.services.sagemaker.jobs.test_processing_job import (
    request as processing_request,
)
from tests.rehearsal.services.sagemaker.jobs.test_training_job import request as training_request
from tests.rehearsal.services.sagemaker.jobs.test_training_job import unpacked
from tests.rehearsal.services.sagemaker.jobs.test_transform_job import served, transform

PAGE = Path(__file__).parents[3] / "docs/rehearsal.md"
# Variables of any Linux container, of a shell, and of the requests of the tests.
OF_LINUX = {"PATH", "HOME", "HOSTNAME", "LC_CTYPE", "PWD", "SHELL", "LANG", "SHLVL", "_", "OLDPWD"}
OF_THE_REQUEST = {"GIVEN"}


def writing(place: str, contents: tuple[str, ...]) -> str:
    """A program that writes a survey to a file; `contents` are the folders of results."""
    return f"{SURVEY}\njson.dump(survey{contents}, open({place!r}, 'w'))\n"


def section(title: str) -> str:
    text = PAGE.read_text(encoding="utf-8")
    return text.split(f"## {title}\n")[1].split("\n## ")[0]


def rows(title: str, kind: str) -> list[list[str]]:
    """The cells behind the first of each row about a kind of container."""
    lines = section(title).splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "|" in line]
    return [line[1:] for line in cells if line[0] == kind]


@pytest.fixture(scope="module")
def page() -> str:
    return section("Environment of a container")


@pytest.fixture(scope="module")
def reaching(page: str) -> set[str]:
    """The variables with AWS's addresses."""
    _, _, after = page.partition("replace both")
    names = re.findall(r"`([A-Z0-9_]+)`", after.split("\n\n")[0])
    return set(names) - {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"}


def listed(page: str, kind: str) -> set[str]:
    """The variables of a kind of container without a remark when they are there."""
    row = re.search(rf"^\| {kind} \| (.*?)(;.*)? \|$", page, re.MULTILINE)
    assert row is not None
    return set(re.findall(r"`([A-Z0-9_]+\*?)`", row[1]))


def check_files(found: dict[str, Any], kind: str, names: dict[str, str]) -> None:
    """Checks paths and content of /opt/ml against the page.

    Args:
        found: the survey of a container.
        kind: the kind of container on the page.
        names: the value of each word in capital letters of the page's paths.
    """
    paths, members = {}, {}
    for path, what, *_ in rows("Files of a container", kind):
        real = path.strip("`")
        for word, value in names.items():
            real = real.replace(word, value)
        paths[real] = what.split(",")[0].split(" of ")[0].split(" with ")[0]
        if "object with" in what:
            members[real] = set(re.findall(r"`(\w+)`", what.split("object with")[1]))
    assert found["paths"] == paths
    assert {path: set(found["files"][path]) for path in members} == members


def check_process(found: dict[str, Any], kind: str, host_name: str) -> None:
    """Checks user, working directory and host name against the page."""
    ((user, directory, named, *_),) = rows("User, host name and end of a container", kind)
    assert (user, directory) == ("`root`", "`WORKDIR` of the image, else `/`")
    assert (found["user"], found["working directory"]) == (0, "/")
    assert found["host name"] == host_name
    assert named in (f"`{host_name}`", "`ContainerHostname` of the model, else `model`")


def own(environment: dict[str, str], reaching: set[str]) -> set[str]:
    return set(environment) - OF_LINUX - OF_THE_REQUEST - reaching


def test_the_platform_reaches_aws_by_what_the_page_lists(
    tmp_path: Path, reaching: set[str]
) -> None:
    platform = Ministack(
        endpoint_url="https://127.0.0.1:1",
        certificate=tmp_path / "cert",
        ca_bundle=tmp_path / "bundle",
        state_directory=tmp_path,
        root_keys=RootKeys.random(),
    )
    environment = platform.environment(Credentials("k", "s", "t", "arn"), "eu-central-1")
    assert set(environment) == reaching | {"AWS_REGION"}
    assert environment["AWS_REGION"] == "eu-central-1"


def test_a_processing_job(job_surroundings: JobSurroundings, page: str, reaching: set[str]) -> None:
    job_surroundings.put("data/a.txt", "1")
    contents = ("/opt/ml/processing/input/data", "/opt/ml/processing/output")
    program = writing("/opt/ml/processing/output/found.json", contents)
    request = processing_request(
        job_surroundings,
        job_surroundings.image(program),
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    processing_job.run(job_surroundings.job(request))
    found = json.loads(job_surroundings.get("out/found.json"))
    assert own(found["environment"], reaching) == listed(page, "processing job")
    names = {"INPUT": "/opt/ml/processing/input/data", "OUTPUT": "/opt/ml/processing/output"}
    check_files(found, "processing job", names)
    check_process(found, "processing job", "algo-1")
    config = found["files"]["/opt/ml/config/processingjobconfig.json"]
    assert config["AppSpecification"]["ContainerEntrypoint"] is None
    assert config["AppSpecification"]["ContainerArguments"] == ["--mode", "x"]
    assert config["Environment"] == {"GIVEN": "yes"}
    assert config["ProcessingOutputConfig"]["KmsKeyId"] is None
    assert config["ProcessingResources"]["ClusterConfig"] == {
        "InstanceCount": 1,
        "InstanceType": "ml.m5.large",
        "VolumeSizeInGB": 10,
        "VolumeKmsKeyId": None,
    }
    assert set(config["ProcessingInputs"][0]["S3Input"]) == {
        *("LocalPath", "S3Uri", "S3DataDistributionType", "S3DataType", "S3InputMode"),
        *("S3CompressionType", "S3DownloadMode"),
    }


def test_a_training_job(job_surroundings: JobSurroundings, page: str, reaching: set[str]) -> None:
    job_surroundings.put("data/a.csv", "1")
    contents = ("/opt/ml/input/data/train", "/opt/ml/input/data/streamed", "/opt/ml/model")
    program = writing("/opt/ml/model/found.json", contents)
    output = {"S3OutputPath": f"s3://{job_surroundings.bucket}/watched"}
    request = training_request(
        job_surroundings,
        job_surroundings.image(program),
        CheckpointConfig={"S3Uri": f"s3://{job_surroundings.bucket}/checkpoints"},
        DebugHookConfig=output,
        TensorBoardOutputConfig=output,
    )
    streamed = {"ChannelName": "streamed", "InputMode": "FastFile"}
    request["InputDataConfig"].append(request["InputDataConfig"][0] | streamed)
    training_job.run(job_surroundings.job(request))
    model = unpacked(job_surroundings.get("models/fit-1/output/model.tar.gz"))
    found = json.loads(model["found.json"])
    assert own(found["environment"], reaching) == listed(page, "training job")
    names = {"FASTFILE_CHANNEL": "streamed", "CHANNEL": "train"}
    check_files(found, "training job", names)
    check_process(found, "training job", "algo-1")
    config = {Path(path).stem: content for path, content in found["files"].items()}
    assert config["hyperparameters"] == {"depth": "3"}
    assert config["inputdataconfig"]["train"] == config["inputdataconfig"]["streamed"]
    assert config["inputdataconfig"]["train"] == {
        "ContentType": "text/csv",
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    groups = config["resourceconfig"]["instance_groups"]
    assert set(groups[0]) == {"instance_group_name", "instance_type", "hosts"}


def test_a_transform_job(job_surroundings: JobSurroundings, page: str, reaching: set[str]) -> None:
    job_surroundings.put("in/a.csv", "survey")
    transform_job.run(
        job_surroundings.job(
            transform(
                job_surroundings,
                BatchStrategy="MultiRecord",
                MaxPayloadInMB=3,
                MaxConcurrentTransforms=2,
            ),
            grace=0,
        ),
        served(definition(job_surroundings, SURVEY + SERVER)),
    )
    found = json.loads(job_surroundings.get("out/a.csv.out"))
    assert own(found["environment"], reaching) == listed(page, "batch transform")
    check_files(found, "batch transform", {})
    check_process(found, "batch transform", "model")


STEADY = """
import signal, time
for name in ("SIGTERM", "SIGINT"):
    def stop(number, frame, name=name):
        print("stopped by", name, flush=True)
        raise SystemExit(0)
    signal.signal(getattr(signal, name), stop)
print("ready auc=1", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("kind", ["processing job", "training job"])
def test_a_stopped_job_gets_the_signal_of_the_page(
    job_surroundings: JobSurroundings, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    lines: list[str] = []
    stop = threading.Event()

    def write(_: LogStream, line: str) -> None:
        lines.append(line)
        if line.startswith("ready"):
            stop.set()

    monkeypatch.setattr(LogStream, "write", write)
    job_surroundings.put("data/a.csv", "1")
    make, run = {
        "processing job": (processing_request, processing_job.run),
        "training job": (training_request, training_job.run),
    }[kind]
    request = make(job_surroundings, job_surroundings.image(STEADY))
    run(job_surroundings.job(request, stop=stop, grace=20))
    first = rows("User, host name and end of a container", kind)[0][3].strip("`")
    assert signal.Signals[first]
    assert f"stopped by {first}" in lines


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [
        ("processing job", job.STOP_GRACE),
        ("training job", job.STOP_GRACE),
        ("endpoint", model_server.STOP_GRACE),
    ],
)
def test_sigkill_follows_after_the_time_of_the_page(kind: str, seconds: float) -> None:
    assert rows("User, host name and end of a container", kind)[0][4] == f"{seconds:g} s"


@pytest.mark.parametrize("isolated", [False, True])
def test_an_endpoint(
    job_surroundings: JobSurroundings, page: str, reaching: set[str], isolated: bool
) -> None:
    container = definition(job_surroundings, SURVEY + SERVER)
    if isolated:
        container["ContainerHostname"] = "churn"
    server = job_surroundings.server(container, isolated=isolated)
    server.start()
    try:
        surveyed: dict[str, Any] = json.loads(server.invoke(b"survey")[2])
    finally:
        server.stop(grace=0)
    found = surveyed["environment"]
    check_files(surveyed, "endpoint", {})
    check_process(surveyed, "endpoint", "churn" if isolated else "model")
    assert own(found, reaching) == listed(page, "endpoint")
    assert found["AWS_REGION"] == "us-east-1"
    assert bool(reaching & set(found)) is not isolated


def test_a_build(
    prepare_build: Prepare,
    build_lines: list[str],
    page: str,
    reaching: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    commands = 'env, "echo USER=$(id -u)", "cd $CODEBUILD_SRC_DIR && echo SOURCE=$PWD"'
    run, observer = prepare_build(f"version: 0.2\nphases: {{build: {{commands: [{commands}]}}}}")
    run.run()
    assert observer.status == "SUCCEEDED", observer.failures
    output = [line for line in commands_output(build_lines) if re.match(r"[A-Z0-9_]+=", line)]
    found = dict(line.split("=", 1) for line in output)
    ((user, directory, *_),) = rows("User, host name and end of a container", "build")
    assert (user, found.pop("USER")) == ("`root`", "0")
    assert directory == "`$CODEBUILD_SRC_DIR`"
    assert found["PWD"] == found["CODEBUILD_SRC_DIR"] == found.pop("SOURCE")
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "us-east-1"
    assert (found["CI"], found["NPM_CONFIG_PREFIX"]) == ("true", "/root/.npm-global")
    expected = listed(page, "build")
    assert "CODEBUILD_*" in expected
    set_by_codebuild = {name for name in own(found, reaching) if name not in os.environ}
    others = {name for name in set_by_codebuild if not name.startswith("CODEBUILD_")}
    assert others | {"CI", "NPM_CONFIG_PREFIX"} == expected - {"CODEBUILD_*"}
