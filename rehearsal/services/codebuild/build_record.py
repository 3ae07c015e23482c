"""The record of a build, which BatchGetBuilds returns, and its events."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.framework.platform import Platform, Scope
from rehearsal.services.codebuild.engine.plan import Uploaded

_SOURCE = "aws.codebuild"
_DATE = "%b %d, %Y %I:%M:%S %p"


class BuildRecord:
    """A build in the form of the API; the observer of its run.

    Source: https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html
    """

    def __init__(self, platform: Platform, scope: Scope, build: dict[str, Any]) -> None:
        self._platform = platform
        self._scope = scope
        self._build = build
        self._lock = threading.Lock()
        self.over = threading.Event()

    def begin(self) -> None:
        """Starts the first phase, and emits the event of the new build."""
        self.phase_started("SUBMITTED")
        self._emit_state()

    def describe(self) -> dict[str, Any]:
        with self._lock:
            return deepcopy(self._build)

    @property
    def in_progress(self) -> bool:
        return not self.over.is_set()

    def phase_started(self, phase: str) -> None:
        with self._lock:
            self._build["currentPhase"] = phase
            self._build["phases"].append(
                {"phaseType": phase, "phaseStatus": "IN_PROGRESS", "startTime": utc_now()}
            )

    def phase_ended(self, phase: str, status: str, code: str, message: str) -> None:
        now = utc_now()
        with self._lock:
            record = self._build["phases"][-1]
            if record["phaseType"] != phase:
                raise RuntimeError(f"phase {phase} ended while {record['phaseType']} was running")
            record |= {
                "phaseStatus": status,
                "endTime": now,
                "durationInSeconds": round((now - record["startTime"]).total_seconds()),
                "contexts": [{"statusCode": code, "message": message}],
            }
        self._emit_phase(dict(record))

    def source_resolved(self, version: str) -> None:
        with self._lock:
            self._build["resolvedSourceVersion"] = version

    def exported(self, variables: Mapping[str, str]) -> None:
        with self._lock:
            self._build["exportedEnvironmentVariables"] = [
                {"name": name, "value": value} for name, value in variables.items()
            ]

    def uploaded(self, identifier: str | None, artifact: Uploaded) -> None:
        with self._lock:
            targets = [self._build["artifacts"], *self._build.get("secondaryArtifacts", [])]
            for target in targets:
                if target.get("artifactIdentifier") == identifier:
                    target["location"] = artifact.location
                    if artifact.sha256:
                        target |= {"sha256sum": artifact.sha256, "md5sum": artifact.md5}

    def ended(self, status: str) -> None:
        now = utc_now()
        with self._lock:
            self._build["phases"].append({"phaseType": "COMPLETED", "startTime": now})
            self._build |= {
                "currentPhase": "COMPLETED",
                "buildStatus": status,
                "buildComplete": True,
                "endTime": now,
            }
        self.over.set()
        self._emit_state()

    def interrupted(self, reason: str) -> None:
        """Ends a build whose run ended with the server."""
        with self._lock:
            phases = self._build["phases"]
            open_phase = phases[-1]["phaseType"] if phases and "endTime" not in phases[-1] else ""
        if open_phase and open_phase != "COMPLETED":
            self.phase_ended(open_phase, "FAULT", "INTERNAL_SERVICE_ERROR", reason)
        self.ended("FAULT")

    def _emit_state(self) -> None:
        build = self.describe()
        detail = {
            "build-status": build["buildStatus"],
            "project-name": build["projectName"],
            "build-id": build["arn"],
            "current-phase": build["currentPhase"],
            "current-phase-context": "[]",
            "version": "1",
            "additional-information": self._information(build),
        }
        self._emit("CodeBuild Build State Change", detail, build["arn"])

    def _emit_phase(self, phase: dict[str, Any]) -> None:
        build = self.describe()
        detail = {
            "completed-phase": phase["phaseType"],
            "completed-phase-status": phase["phaseStatus"],
            "completed-phase-context": _contexts(phase),
            "completed-phase-duration-seconds": phase["durationInSeconds"],
            "completed-phase-start": phase["startTime"].strftime(_DATE),
            "completed-phase-end": phase["endTime"].strftime(_DATE),
            "project-name": build["projectName"],
            "build-id": build["arn"],
            "version": "1",
            "additional-information": self._information(build),
        }
        self._emit("CodeBuild Build Phase Change", detail, build["arn"])

    def _emit(self, detail_type: str, detail: dict[str, Any], arn: str) -> None:
        self._platform.emit_event(
            self._scope, source=_SOURCE, detail_type=detail_type, detail=detail, resources=[arn]
        )

    def _information(self, build: dict[str, Any]) -> dict[str, Any]:
        logs = build.get("logs", {})
        return {
            "build-number": build["buildNumber"],
            "build-complete": build["buildComplete"],
            "initiator": build["initiator"],
            "build-start-time": build["startTime"].strftime(_DATE),
            "timeout-in-minutes": build["timeoutInMinutes"],
            "source": {
                key: build["source"][key] for key in ("type", "location") if key in build["source"]
            },
            "source-version": build.get("sourceVersion", ""),
            "artifact": {"location": build["artifacts"].get("location", "")},
            "cache": {"type": build["cache"]["type"]},
            "environment": {
                "image": build["environment"]["image"],
                "type": build["environment"]["type"],
                "compute-type": build["environment"]["computeType"],
                "privileged-mode": build["environment"].get("privilegedMode", False),
                "environment-variables": build["environment"].get("environmentVariables", []),
            },
            "logs": {
                "group-name": logs.get("groupName", ""),
                "stream-name": logs.get("streamName", ""),
                "deep-link": logs.get("deepLink", ""),
            },
            "phases": [_event_phase(phase) for phase in build["phases"]],
        }


def _event_phase(phase: dict[str, Any]) -> dict[str, Any]:
    shown = {
        "phase-type": phase["phaseType"],
        "phase-status": phase.get("phaseStatus"),
        "phase-context": [_contexts(phase)],
        "start-time": phase["startTime"].strftime(_DATE),
        "end-time": phase["endTime"].strftime(_DATE) if "endTime" in phase else None,
        "duration-in-seconds": phase.get("durationInSeconds"),
    }
    return {key: value for key, value in shown.items() if value is not None}


def _contexts(phase: dict[str, Any]) -> str:
    contexts = [item for item in phase.get("contexts", []) if item["statusCode"]]
    return json.dumps([f"{item['statusCode']}: {item['message']}" for item in contexts])
