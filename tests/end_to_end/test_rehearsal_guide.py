"""The commands of the rehearsal guide, run on a deployed project."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.conftest import ROOT, Loop

GUIDE = (ROOT / "docs/rehearsal.md").read_text()
PROJECT = "rehearsal"
# The loop has run the other commands: `run` calls the same functions in the same order.
STEPS = ("rehearse status", "rehearse invoke")
TOOLS = ("aws codepipeline", "aws sagemaker", "git clone")


def commands(*beginnings: str) -> list[str]:
    """Returns the commands of the guide with a beginning, complete and without comments."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE, re.S)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    plain = [re.sub(r"\s+#.*$", "", line) for line in lines]
    return [one for one in plain if one.startswith(beginnings)]


@pytest.mark.parametrize("command", commands(*TOOLS))
def test_the_tools_of_aws_see_the_project(loop: Loop, command: str, tmp_path: Path) -> None:
    listed = loop.aws(
        "sagemaker", "list-pipeline-executions", "--pipeline-name", f"{PROJECT}-train"
    )
    newest = listed["PipelineExecutionSummaries"][0]["PipelineExecutionArn"]
    jobs = loop.aws("sagemaker", "list-training-jobs", "--max-results", "1")
    job = jobs["TrainingJobSummaries"][0]["TrainingJobName"]
    (tmp_path / "row.csv").write_text(loop.row)

    done = subprocess.run(
        [
            "bash",
            "-c",
            command.replace("churn", PROJECT).replace("ARN", newest).replace("NAME", job),
        ],
        cwd=tmp_path,
        env=loop.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("command", commands(*STEPS))
def test_the_commands_of_the_rehearsal_report_the_project(loop: Loop, command: str) -> None:
    arguments = command.replace("churn", PROJECT).split()[1:]

    result = loop.rehearse(*arguments)

    assert result.returncode == 0, result.stdout + result.stderr


def test_the_guide_has_what_these_tests_follow() -> None:
    assert len(commands(*TOOLS)) >= 6
    assert len(commands(*STEPS)) == len(STEPS)
