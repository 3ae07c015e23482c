"""Each kind of container has exactly the variables that docs/rehearsal.md lists.

AWS_DEFAULT_REGION matters most: SageMaker sets AWS_REGION alone, CodeBuild sets both.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from rehearsal.framework.platform import Credentials
from rehearsal.framework.root_keys import RootKeys
from rehearsal.ministack.ministack import Ministack
from rehearsal.services.sagemaker.jobs.processing import processing_job
from rehearsal.services.sagemaker.jobs.training import training_job
from rehearsal.services.sagemaker.jobs.transform import transform_job
from tests.rehearsal.job_fixtures import JobSurroundings
from tests.rehearsal.services.codebuild.build_observer import Prepare, commands_output
from tests.rehearsal.services.sagemaker.hosting.serving import definition
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
WRITE = "import json, os\njson.dump(dict(os.environ), open({place!r}, 'w'))\n"


@pytest.fixture(scope="module")
def page() -> str:
    text = PAGE.read_text(encoding="utf-8")
    return text.split("## Environment of a container")[1].split("\n## ")[0]


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
    program = WRITE.format(place="/opt/ml/processing/output/found.json")
    processing_job.run(
        job_surroundings.job(processing_request(job_surroundings, job_surroundings.image(program)))
    )
    found = json.loads(job_surroundings.get("out/found.json"))
    assert own(found, reaching) == listed(page, "processing job")


def test_a_training_job(job_surroundings: JobSurroundings, page: str, reaching: set[str]) -> None:
    job_surroundings.put("data/a.csv", "1")
    program = WRITE.format(place="/opt/ml/model/found.json")
    training_job.run(
        job_surroundings.job(training_request(job_surroundings, job_surroundings.image(program)))
    )
    model = unpacked(job_surroundings.get("models/fit-1/output/model.tar.gz"))
    assert own(json.loads(model["found.json"]), reaching) == listed(page, "training job")


def test_a_transform_job(job_surroundings: JobSurroundings, page: str, reaching: set[str]) -> None:
    job_surroundings.put("in/a.csv", "environment")
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
        served(definition(job_surroundings)),
    )
    found = json.loads(job_surroundings.get("out/a.csv.out"))
    assert own(found, reaching) == listed(page, "batch transform")


@pytest.mark.parametrize("isolated", [False, True])
def test_an_endpoint(
    job_surroundings: JobSurroundings, page: str, reaching: set[str], isolated: bool
) -> None:
    server = job_surroundings.server(definition(job_surroundings), isolated=isolated)
    server.start()
    try:
        found: dict[str, Any] = json.loads(server.invoke(b"environment")[2])
    finally:
        server.stop(grace=0)
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
    run, observer = prepare_build("version: 0.2\nphases: {build: {commands: [env]}}")
    run.run()
    assert observer.status == "SUCCEEDED", observer.failures
    output = [line for line in commands_output(build_lines) if re.match(r"[A-Z0-9_]+=", line)]
    found = dict(line.split("=", 1) for line in output)
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "us-east-1"
    assert (found["CI"], found["NPM_CONFIG_PREFIX"]) == ("true", "/root/.npm-global")
    expected = listed(page, "build")
    assert "CODEBUILD_*" in expected
    set_by_codebuild = {name for name in own(found, reaching) if name not in os.environ}
    others = {name for name in set_by_codebuild if not name.startswith("CODEBUILD_")}
    assert others | {"CI", "NPM_CONFIG_PREFIX"} == expected - {"CODEBUILD_*"}
