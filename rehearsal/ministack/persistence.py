"""The state of ministack's own services in the state directory."""

import logging
from collections.abc import Mapping
from typing import Any

from ministack import app
from ministack.core import persistence
from ministack.services import cloudformation, sts

_LOG = logging.getLogger("rehearsal.state")
_INTERRUPTED = "The local AWS ended while the operation ran"
_ENDED = {
    "CREATE_IN_PROGRESS": "CREATE_FAILED",
    "UPDATE_IN_PROGRESS": "UPDATE_FAILED",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_COMPLETE",
    "DELETE_IN_PROGRESS": "DELETE_FAILED",
    "ROLLBACK_IN_PROGRESS": "ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS": "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE",
}


def save() -> None:
    """Writes the state of every service that has been used."""
    persistence.save_all(app._build_persistence_save_dict())


def further() -> Mapping[str, Any]:
    """Returns what ministack itself does not keep: the sessions of roles."""
    return {"sts.sessions": sts._sessions}


def end_interrupted() -> list[str]:
    """Ends the stack operations that ran when the server ended; returns what was interrupted."""
    found = []
    for stack in list(cloudformation._stacks._data.values()):
        status = stack.get("StackStatus", "")
        if status in _ENDED:
            stack["StackStatus"] = _ENDED[status]
            stack["StackStatusReason"] = f"{_INTERRUPTED} ({status})"
            found.append(f"stack {stack.get('StackName')}: {stack['StackStatus']}")
    return found
