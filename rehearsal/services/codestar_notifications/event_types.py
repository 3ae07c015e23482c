"""Event types of notification rules, and the events of pipelines that belong to them.

Source: https://docs.aws.amazon.com/dtconsole/latest/userguide/concepts.html#events-ref-pipeline
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PREFIX = "codepipeline-pipeline"
_KINDS = {
    "CodePipeline Pipeline Execution State Change": "pipeline-execution",
    "CodePipeline Stage Execution State Change": "stage-execution",
    "CodePipeline Action Execution State Change": "action-execution",
}
_STATES = {
    "pipeline-execution": ("canceled", "failed", "resumed", "started", "succeeded", "superseded"),
    "stage-execution": ("canceled", "failed", "resumed", "started", "succeeded"),
    "action-execution": ("canceled", "failed", "started", "succeeded"),
    "manual-approval": ("failed", "needed", "succeeded"),
}
# States of events that event types call by another name.
_NAMES = {"stopped": "canceled", "abandoned": "canceled"}

EVENT_TYPES = {
    f"{_PREFIX}-{kind}-{state}": f"{kind.replace('-', ' ').capitalize()}: {state.capitalize()}"
    for kind, states in _STATES.items()
    for state in states
}
"""The names of all event types of pipelines, by their ids."""


def event_types(detail_type: str, detail: Mapping[str, Any]) -> list[str]:
    """Returns the event types of an event; none for an event without one."""
    kind = _KINDS[detail_type]
    state = str(detail["state"]).lower()
    found = [f"{_PREFIX}-{kind}-{_NAMES.get(state, state)}"]
    if kind == "action-execution" and detail["type"]["category"] == "Approval":
        state = "needed" if state == "started" else state
        found.append(f"{_PREFIX}-manual-approval-{state}")
    return [identifier for identifier in found if identifier in EVENT_TYPES]
