"""Runs the story: signals, memory measurement, cleanup, summary and report."""

import dataclasses
import fcntl
import os
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from rehearsal.client import local_aws, server_process
from rehearsal.client.errors import RehearsalError, explain
from rehearsal.client.local_aws import BUILD_DIRECTORY
from rehearsal.client.process_tree import Commands, MemoryMeter
from rehearsal.client.progress import Board
from rehearsal.story import report
from rehearsal.story.story import Options, Story
from rehearsal.story.summary import Summary

SUMMARY = BUILD_DIRECTORY / "summary.json"
REPORT = BUILD_DIRECTORY / "report.html"
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_story(options: Options, console: Console, *, keep_up: bool = False) -> Summary:
    """Runs the story and returns its summary, which is also written with the report.

    Failures and interruptions are not raised but reported in the summary (`status`, `failure`). A
    local AWS that ran before the story keeps running.

    Args:
        options: the options of the run.
        console: the console that shows the progress.
        keep_up: keeps the local AWS running. Defaults to False: it is stopped.

    Raises:
        RehearsalError: another run is in progress in this folder.
    """
    with _exclusive_run():
        ran_before = local_aws.find() is not None
        # A run begins with an empty account; what a user has made in another one is not touched.
        earlier = None if ran_before else server_process.set_aside()
        commands, board = Commands(), Board(console)
        story = Story(options, board, commands)
        memory = MemoryMeter(_processes)
        memory.start()
        with _interruptible():
            try:
                with board:
                    _run_chapters(story)
            finally:
                _ignore_signals()  # further Ctrl-C must not interrupt the cleanup
                memory.stop()
                story.summary.peak_memory_bytes = memory.peak_bytes
                commands.close()
                if not (keep_up or ran_before):
                    server_process.stop()
                    _forget_link(story.summary)
                    if earlier is not None:
                        earlier.rename(local_aws.STATE_DIRECTORY)
                elif earlier is not None:
                    console.print(_kept(earlier), soft_wrap=True, highlight=False)
        _write(story)
        return story.summary


def _forget_link(summary: Summary) -> None:
    """Removes the link to MLflow: its App ended with the local AWS of the run."""
    if summary.tracking is not None:
        summary.tracking = dataclasses.replace(summary.tracking, link="")


def _kept(earlier: Path) -> str:
    return (
        f"The state of the earlier local AWS is kept in {earlier}. To continue with it: "
        f"`rehearse down --delete`, `mv {earlier} {local_aws.STATE_DIRECTORY}`, `rehearse up`."
    )


def _run_chapters(story: Story) -> None:
    """Runs the story; its outcome is recorded in its summary."""
    try:
        story.run()
        story.finish("succeeded")
    except KeyboardInterrupt:
        story.finish("interrupted", RehearsalError("The run was interrupted."))
    except Exception as error:
        story.finish("failed", explain(error) or internal_error(error))


def internal_error(error: BaseException) -> RehearsalError:
    """Returns the message for an unexpected error; writes the traceback to a file."""
    path = BUILD_DIRECTORY / "internal-error.log"
    what, why = "Internal error in the rehearsal.", f"{type(error).__name__}: {error}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(traceback.format_exception(error)))
    except OSError as problem:
        return RehearsalError(
            what, why, f"Its traceback cannot be written to {path}: {problem.strerror}."
        )
    return RehearsalError(what, why, f"Report it with the traceback in {path}.")


def _write(story: Story) -> None:
    story.summary.write(SUMMARY)
    predictions = story.predictions
    report.write(
        REPORT,
        story.summary,
        story.reports,
        predictions.actual if predictions else (),
        predictions.predicted if predictions else (),
    )


def _processes() -> list[int]:
    running = local_aws.find()
    return [os.getpid(), *([running.pid] if running else [])]


@contextmanager
def _interruptible() -> Iterator[None]:
    """Raises KeyboardInterrupt at the first SIGINT, SIGTERM or SIGHUP and ignores further ones."""
    interrupted = False

    def interrupt(*_: object) -> None:
        nonlocal interrupted
        interrupted = True
        _ignore_signals()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        if not interrupted:
            for number, handler in before.items():
                signal.signal(number, handler)


def _ignore_signals() -> None:
    for number in ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def _exclusive_run() -> Iterator[None]:
    """Rejects a second run in this folder: the end of one would stop the local AWS of the other."""
    path = BUILD_DIRECTORY / "run.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RehearsalError(
                "A rehearsal is already running in this folder.",
                "",
                "Wait until it ends, or use another clone of the repository.",
            ) from error
        yield
