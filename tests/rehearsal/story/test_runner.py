"""The results of a run that succeeds, fails or is interrupted."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from rehearsal.cli import main
from rehearsal.client import local_aws, server_process
from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import BUILD_DIRECTORY, STATE_DIRECTORY
from rehearsal.story import runner, summary
from rehearsal.story.compute_time import Interval
from rehearsal.story.story import Options, Story
from rehearsal.story.summary import TrackingSummary
from tests.rehearsal.stubbed_aws import StubbedAws

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def perform(monkeypatch: pytest.MonkeyPatch, story: object) -> summary.Summary:
    monkeypatch.setattr(Story, "run", story)
    return runner.run_story(Options(), Console(file=io.StringIO()))


@pytest.mark.usefixtures("folder")
def test_a_good_run_leaves_a_summary_and_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    def story(self: Story) -> None:
        with self.board.step("platform"):
            self.summary.endpoint_name = "demo-prod"

    done = perform(monkeypatch, story)
    assert done.status == "succeeded"
    kept = json.loads(runner.SUMMARY.read_text())
    assert kept["endpoint_name"] == "demo-prod"
    assert kept["steps"][0]["path"] == ["platform"]
    assert kept["steps"][0]["status"] == "succeeded"
    assert kept["peak_memory_bytes"] > 0
    assert "succeeded" in runner.REPORT.read_text()


@pytest.mark.usefixtures("folder")
def test_a_run_begins_with_an_empty_account_and_puts_the_state_of_a_user_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state_of("the user")

    def story(self: Story) -> None:
        assert not STATE_DIRECTORY.exists()
        state_of("the run")

    for outcome in (story, _fails):
        perform(monkeypatch, outcome)
        assert (STATE_DIRECTORY / "private/services.state").read_text() == "the user"
        assert [path.name for path in BUILD_DIRECTORY.glob("aws*")] == ["aws"]


def state_of(owner: str) -> None:
    (STATE_DIRECTORY / "private").mkdir(parents=True)
    (STATE_DIRECTORY / "private/services.state").write_text(owner)


def _fails(self: Story) -> None:
    raise RehearsalError("The stacks could not be deployed.")


@pytest.mark.usefixtures("folder")
def test_a_run_that_keeps_its_local_aws_says_where_the_state_of_a_user_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state_of("the user")
    monkeypatch.setattr(Story, "run", lambda _: STATE_DIRECTORY.mkdir())
    shown = io.StringIO()
    runner.run_story(Options(), Console(file=shown, width=500), keep_up=True)
    (place,) = BUILD_DIRECTORY.glob("aws-*")
    assert (place / "private/services.state").read_text() == "the user"
    assert str(place) in shown.getvalue()


@pytest.mark.usefixtures("folder")
def test_a_run_that_fails_names_what_failed_in_both(monkeypatch: pytest.MonkeyPatch) -> None:
    def story(self: Story) -> None:
        with self.board.step("platform"), self.board.step("platform", "deploy"):
            raise RehearsalError("The stacks could not be deployed.", "no permission", "grant it")

    done = perform(monkeypatch, story)
    assert done.status == "failed"
    assert done.failure
    assert list(done.failure.where) == ["platform", "deploy"]
    assert json.loads(runner.SUMMARY.read_text())["failure"]["why"] == "no permission"
    assert "no permission" in runner.REPORT.read_text()


@pytest.mark.usefixtures("folder")
def test_an_internal_error_keeps_its_traceback_in_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def story(self: Story) -> None:
        raise KeyError("surprise")

    done = perform(monkeypatch, story)
    assert done.failure
    assert "Internal error" in done.failure.what
    assert "KeyError" in (BUILD_DIRECTORY / "internal-error.log").read_text()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("keep_up", [False, True])
def test_the_local_aws_ends_with_the_run_unless_it_is_kept(
    monkeypatch: pytest.MonkeyPatch, *, keep_up: bool
) -> None:
    stops: list[int] = []
    monkeypatch.setattr(server_process, "stop", lambda: stops.append(1))

    def run(self: Story) -> None:
        self.summary.tracking = TrackingSummary("arn", "run", "https://link", "us-east-1")

    monkeypatch.setattr(Story, "run", run)
    done = runner.run_story(Options(), Console(file=io.StringIO()), keep_up=keep_up)
    assert stops == ([] if keep_up else [1])
    # MLflow ends with it.
    assert done.tracking is not None
    assert done.tracking.link == ("https://link" if keep_up else "")


@pytest.mark.usefixtures("folder")
def test_a_second_run_at_the_same_time_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    def story(self: Story) -> None:
        runner.run_story(Options(), Console(file=io.StringIO()))

    done = perform(monkeypatch, story)
    assert done.failure
    assert "already running in this folder" in done.failure.what


INTERRUPTED = """
import subprocess, sys
from rehearsal.cli import main
from rehearsal.story import story
def run(self):
    with self.board.step("platform"):
        self.commands.run(
            ["sh", "-c", "echo ready; exec sleep 1000"],
            environment={"PATH": "/usr/bin:/bin"},
            on_line=lambda line: print(line, flush=True),
        )
story.Story.run = run
sys.argv = ["rehearse", "run"]
main.main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_that_the_run_started(
    folder: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-u", "-c", INTERRUPTED],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout
        while "ready" not in process.stdout.readline():
            assert process.poll() is None
        for _ in range(3):
            process.send_signal(number)
            time.sleep(0.05)
        _, printed = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "was stopped" in printed
    assert "Traceback" not in printed
    assert json.loads((folder / runner.SUMMARY).read_text())["status"] == "interrupted"


def test_time_from_push_to_prediction_is_split_into_compute_and_rest() -> None:
    intervals = [Interval("job", "a", 110, 130), Interval("build", "b", 100, 115)]
    time_spent = summary.time_spent(90.0, intervals, 100, 150)
    assert time_spent == summary.TimeSummary(90.0, 50, 20, 15, 30, 20, 66.7)
    assert summary.time_spent(3.0, [], None, None) == summary.TimeSummary(3.0)


def test_metrics_are_the_numbers_of_the_evaluation() -> None:
    evaluation = {
        "version": 0.0,
        "binary_classification_metrics": {
            "auc": {"value": 0.99, "standard_deviation": "NaN"},
            "confusion_matrix": {"0": {"0": 1}},
        },
    }
    assert summary.metrics(evaluation) == {"auc": 0.99}
    assert summary.metrics({}) == {}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["status", "demo"], "The local AWS is not running."),
        (["logs", "demo", "--pipeline", "other"], "Got --pipeline other."),
        (["run", "--target", "y"], "require --data"),
        (["run", "--data", "none.csv", "--target", "y"], "none.csv does not exist"),
        (["env"], "The local AWS is not running."),
    ],
)
def test_an_error_is_one_message(
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["rehearse", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 1
    printed = capsys.readouterr().err
    assert message in printed
    assert "Traceback" not in printed


def test_help_names_every_command() -> None:
    printed = CliRunner().invoke(main.app, ["--help"]).output
    for command in ("run", "up", "env", "deploy", "project", "push", "approve", "invoke"):
        assert command in printed


@pytest.mark.usefixtures("folder")
def test_down_without_a_running_local_aws_is_no_error() -> None:
    result = CliRunner().invoke(main.app, ["down"])
    assert result.exit_code == 0
    assert "was not running" in result.output


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("running", "message"),
    [
        (None, "Everything that the run started was stopped."),
        (StubbedAws(), "The local AWS at https://127.0.0.1:1 keeps running"),
    ],
)
def test_an_interruption_says_what_keeps_running(
    monkeypatch: pytest.MonkeyPatch, running: StubbedAws | None, message: str
) -> None:
    done = summary.begin("demo")
    done.status = "interrupted"
    monkeypatch.setattr(main, "run_story", lambda *_, **__: done)
    monkeypatch.setattr(local_aws, "find", lambda: running)
    shown = io.StringIO()
    monkeypatch.setattr(main, "err", Console(file=shown, width=500))
    result = CliRunner().invoke(main.app, ["run", "--keep-up"])
    assert result.exit_code == 130
    assert message in shown.getvalue()
    assert ("was stopped" in shown.getvalue()) == (running is None)
