"""The run of one build through its phases.

Source: https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details.html
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rehearsal.containers.build_log import BuildLog
from rehearsal.framework.platform import Platform
from rehearsal.framework.store import Transient
from rehearsal.services.codebuild.engine.buildspec import PHASES
from rehearsal.services.codebuild.engine.phases import BuildPhases, PhaseFailedError
from rehearsal.services.codebuild.engine.plan import BuildObserver, BuildPlan
from rehearsal.services.codebuild.engine.shell import BuildStoppedError, BuildTimedOutError
from rehearsal.services.codebuild.engine.workspace import BuildWorkspace

_LOG = logging.getLogger(__name__)
_SECONDS = 60


class BuildRun(Transient):
    """One build; `run` blocks until it has ended, `stop` ends it early from another thread.

    Args:
        plan: the build.
        platform: the AWS around the service.
        observer: records the progress of the build.
    """

    def __init__(self, plan: BuildPlan, platform: Platform, observer: BuildObserver) -> None:
        self._observer = observer
        self._stopped = threading.Event()
        self._log = BuildLog()
        self._workspace = BuildWorkspace(
            plan.volume, plan.build_uuid, environment=os.environ, home=Path.home()
        )
        self._phases = BuildPhases(
            plan,
            platform,
            observer,
            log=self._log,
            workspace=self._workspace,
            stopped=self._stopped,
            deadline=time.monotonic() + plan.timeout_minutes * _SECONDS,
        )

    def stop(self) -> None:
        """Stops the build."""
        self._stopped.set()

    def run(self) -> None:
        """Runs the phases, and reports the status of the build to the observer."""
        self._observer.phase_ended("SUBMITTED", "SUCCEEDED", "", "")
        self._observer.phase_started("QUEUED")
        self._observer.phase_ended("QUEUED", "SUCCEEDED", "", "")
        try:
            status = self._run_phases()
        finally:
            self._observer.phase_started("FINALIZING")
            self._phases.close()
            self._log.close()
            self._workspace.remove()
            self._observer.phase_ended("FINALIZING", "SUCCEEDED", "", "")
        self._observer.ended(status)

    def _run_phases(self) -> str:
        """Returns the status of the build, that of the first phase that did not succeed."""
        work = self._phases
        status = "SUCCEEDED"
        for name, step in (
            ("PROVISIONING", work.provision),
            ("DOWNLOAD_SOURCE", work.download_source),
        ):
            status = self._phase(name, step)
            if status != "SUCCEEDED":
                return status
        for name in PHASES:
            ended = self._phase(name.upper(), partial(work.run_commands, name))
            if status == "SUCCEEDED":
                status = ended
            if ended != "SUCCEEDED" and not work.continues_after(name, ended):
                return status
        ended = self._phase("UPLOAD_ARTIFACTS", work.upload_artifacts)
        return ended if status == "SUCCEEDED" else status

    def _phase(self, name: str, step: Callable[[], None]) -> str:
        status, code, message = "SUCCEEDED", "", ""
        self._observer.phase_started(name)
        try:
            if self._stopped.is_set():
                raise BuildStoppedError
            step()
        except PhaseFailedError as error:
            status, code, message = "FAILED", error.code, error.message
        except BuildStoppedError:
            status, code, message = "STOPPED", "BUILD_STOPPED", "The build was stopped."
        except BuildTimedOutError:
            status, code, message = "TIMED_OUT", "BUILD_TIMED_OUT", "Build has timed out."
        except Exception as error:
            _LOG.exception("Phase %s failed", name)
            status, code = "FAULT", "INTERNAL_SERVICE_ERROR"
            message = f"{type(error).__name__}: {error}"
        self._log.container(f"Phase complete: {name} State: {status}")
        self._log.container(f"Phase context status code: {code} Message: {message}")
        self._observer.phase_ended(name, status, code, message)
        return status
