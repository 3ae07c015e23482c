"""An execution of the build pipeline whose model is deployed while its last steps still run."""

import time
from dataclasses import dataclass

from rehearsal.client.pipeline_watcher import PipelineWatcher, WatchedExecution

LOOK_SECONDS = 1.0


@dataclass
class Training:
    """An execution that has registered its model package, and is followed to its end later.

    A reviewer can approve a package as soon as the registry has it; the steps after it run on.

    Args:
        watcher: watcher of executions, with the board.
        watched: the state in which the package was registered.
        chapter: path of the rows of the board.
        ends_chapter: True if the row of the chapter ends with the execution.
    """

    watcher: PipelineWatcher
    watched: WatchedExecution
    chapter: tuple[str, ...]
    ends_chapter: bool

    def __post_init__(self) -> None:
        self._looked = time.monotonic()
        self._end_chapter()

    @property
    def package(self) -> str:
        """ARN of the model package."""
        return self.watched.model_package

    def look(self) -> None:
        """Shows the state on the board, at most once in `LOOK_SECONDS`, until the execution ends.

        Other work calls it while it waits.
        """
        now = time.monotonic()
        if self.watched.execution.status.ended or now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        seen = self.watched
        name, execution_id = seen.execution.pipeline, seen.execution.execution_id
        self.watched = self.watcher.look(name, execution_id, self.chapter, seen=seen)
        self._end_chapter()

    def finish(self) -> WatchedExecution:
        """Waits for the end of the execution and returns its state; a failure is not raised."""
        found = self.watched.execution
        if not found.status.ended:
            with self.watcher.board.begun(*self.chapter):
                self.watched = self.watcher.follow(
                    found.pipeline, found.execution_id, self.chapter, seen=self.watched
                )
            self._end_chapter()
        return self.watched

    def _end_chapter(self) -> None:
        execution = self.watched.execution
        if self.ends_chapter and execution.status.ended:
            ended = max(action.updated for action in execution.actions).timestamp()
            self.watcher.board.update(self.chapter, execution.status, ended=ended)
