"""An observer of a build, and the lines of its log."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rehearsal.services.codebuild.engine.plan import Uploaded
from rehearsal.services.codebuild.engine.run import BuildRun


class Observer:
    """Records the progress of a run."""

    def __init__(self) -> None:
        self.phases: dict[str, str] = {}
        self.failures: dict[str, tuple[str, str]] = {}
        self.variables: dict[str, str] = {}
        self.artifacts: dict[str | None, Uploaded] = {}
        self.status = ""

    def phase_started(self, phase: str) -> None:
        self.phases[phase] = "IN_PROGRESS"

    def phase_ended(self, phase: str, status: str, code: str, message: str) -> None:
        self.phases[phase] = status
        if code:
            self.failures[phase] = (code, message)

    def source_resolved(self, version: str) -> None: ...

    def exported(self, variables: Mapping[str, str]) -> None:
        self.variables = dict(variables)

    def uploaded(self, identifier: str | None, artifact: Uploaded) -> None:
        self.artifacts[identifier] = artifact

    def ended(self, status: str) -> None:
        self.status = status


Prepare = Callable[..., tuple[BuildRun, Observer]]


def commands_output(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("[Container]")]
