"""The guide for apps of other repositories: its files and commands, in a folder of its own.

It takes a minute: the CDK CLI bootstraps an account and deploys an app twice as a user does.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.client.local_aws import find
from rehearsal.containers.interpreter import running_interpreter

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs/rehearse-any-cdk-app.md").read_text()
DOWN = "rehearse down"
TIMEOUT_SECONDS = 900


def files() -> dict[str, str]:
    """The files of the guide: a name in backquotes begins the line above each block."""
    blocks = re.findall(r"^`([\w.]+)`,[^`]*?\n\n```\w+\n(.*?)```", GUIDE, re.S | re.M)
    assert [name for name, _ in blocks] == ["Dockerfile", "program.py", "app.py", "cdk.json"]
    return dict(blocks)


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE, re.S)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    assert lines[-1] == DOWN
    return lines[:-1]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder outside of the checkout with the files; its local AWS ends with the test."""
    there = tmp_path / "another repository"
    there.mkdir()
    for name, text in files().items():
        minor = running_interpreter().minor_version
        (there / name).write_text(text.replace("python:3.11-slim", f"python:{minor}-slim"))
    yield there
    run(there, [DOWN])


def run(folder: Path, lines: list[str]) -> subprocess.CompletedProcess[str]:
    programs = [str(Path(sys.executable).parent), str(ROOT / "node_modules/.bin")]
    foreign = ("AWS_", "PYTHONPATH", "UV_CACHE_DIR")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    path = os.pathsep.join([*programs, os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-c", "\n".join(["set -euo pipefail", *lines])],
        cwd=folder,
        env={**own, "PATH": path, "COLUMNS": "100", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def test_an_app_of_another_repository_brings_an_image_a_pipeline_and_an_endpoint(
    folder: Path,
) -> None:
    done = run(folder, commands())

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert (folder / "prediction.txt").read_text() == "42.0"
    aws = find(folder / "build/rehearsal/aws")
    assert aws is not None
    executions = _ended_executions(aws.client("sagemaker"))
    assert [one["PipelineExecutionStatus"] for one in executions] == ["Succeeded"], executions
    outputs = aws.client("cloudformation").describe_stacks(StackName="Doubling")["Stacks"][0]
    bucket = next(one["OutputValue"] for one in outputs["Outputs"] if one["OutputKey"] == "Bucket")
    key = "results/result.txt"
    stored = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    assert stored == b"processed\n"
    images = aws.client("ecr").describe_images(repositoryName="my-image")["imageDetails"]
    assert [one["imageTags"] for one in images] == [["1"]]


def _ended_executions(sagemaker: Any) -> list[dict[str, str]]:
    while True:
        found: list[dict[str, str]] = sagemaker.list_pipeline_executions(PipelineName="doubling")[
            "PipelineExecutionSummaries"
        ]
        if all(one["PipelineExecutionStatus"] != "Executing" for one in found):
            return found
        time.sleep(0.2)
