"""A run of the story from its first to its last second: signals, memory, clean end, results."""

from __future__ import annotations

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
    """Runs the story and leaves nothing behind but its summary and report.

    `keep_up` leaves the local AWS running; one that ran before is always left. Failures and
    interruptions are told in the summary (`status`, `failure`), not raised.
    """
    with _alone():
        ran_before = local_aws.find() is not None
        commands, board = Commands(), Board(console)
        story = Story(options, board, commands)
        memory = MemoryMeter(_processes)
        memory.start()
        with _interruptible():
            try:
                with board:
                    _tell(story)
            finally:
                _ignore_signals()  # however often Ctrl-C is pressed, the clean end finishes
                memory.stop()
                story.summary.peak_memory_bytes = memory.peak_bytes
                commands.close()
                if not (keep_up or ran_before):
                    server_process.stop()
        _write(story)
        return story.summary


def _tell(story: Story) -> None:
    """Runs the story; whatever happens to it ends in its summary."""
    try:
        story.run()
        story.finish("succeeded")
    except KeyboardInterrupt:
        story.finish("interrupted", RehearsalError("The run was interrupted."))
    except Exception as error:
        story.finish("failed", explain(error) or internal_error(error))


def internal_error(error: BaseException) -> RehearsalError:
    """What a person is told of an error that nobody foresaw; the traceback goes to a file."""
    path = BUILD_DIRECTORY / "mistake.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(traceback.format_exception(error)))
    return RehearsalError(
        "The rehearsal made a mistake of its own.",
        f"{type(error).__name__}: {error}",
        f"Please report it with {path}.",
    )


def _write(story: Story) -> None:
    story.summary.write(SUMMARY)
    answered = story.predictions
    report.write(
        REPORT,
        story.summary,
        story.evaluation,
        answered.actual if answered else (),
        answered.predicted if answered else (),
    )


def _processes() -> list[int]:
    running = local_aws.find()
    return [os.getpid(), *([running.pid] if running else [])]


@contextmanager
def _interruptible() -> Iterator[None]:
    """Makes the first signal that asks us to end raise KeyboardInterrupt, as Ctrl-C does.

    Further ones are ignored, until the end of the process: it is near.
    """
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
def _alone() -> Iterator[None]:
    """Refuses a second run in this folder: the end of one would end the other's local AWS."""
    path = BUILD_DIRECTORY / "run.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RehearsalError(
                "A rehearsal runs in this folder already.",
                "",
                "Wait for its end, or use another clone of the repository.",
            ) from error
        yield
