"""The state of ministack's own services in the state directory."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import persistence
from ministack.services import cloudformation, sts

from rehearsal.ministack.registry import patch

_INTERRUPTED = "The local AWS ended while the operation ran"
_TYPES = "A record with a time, a decimal or a set makes the whole service not be written."
_TYPES_UNTIL = "ministack writes each value that its services hold."
_DATETIME, _DECIMAL, _SET = "__datetime__", "__decimal__", "__set__"
_ATTEMPTS = 20
_ENDED = {
    "CREATE_IN_PROGRESS": "CREATE_FAILED",
    "UPDATE_IN_PROGRESS": "UPDATE_FAILED",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_COMPLETE",
    "DELETE_IN_PROGRESS": "DELETE_FAILED",
    "ROLLBACK_IN_PROGRESS": "ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS": "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE",
}


class StateFiles:
    """The files of ministack's services, one each."""

    def __init__(self) -> None:
        self._written: dict[str, str] = {}

    def save(self) -> list[str]:
        """Writes the state of each service that has been used and has changed.

        Returns:
            A sentence about each service whose state was not written.
        """
        problems = []
        for name, get_state in app._build_persistence_save_dict().items():
            try:
                text = _dump(name, get_state)
            except Exception as error:  # of one service, which must not keep the others back
                problems.append(f"{name}: {type(error).__name__}: {error}")
                continue
            if text is not None and text != self._written.get(name):
                _write(Path(persistence.STATE_DIR) / f"{name}.json", text)
                self._written[name] = text
        return problems


def _dump(name: str, get_state: Callable[[], Any]) -> str | None:
    for attempt in range(_ATTEMPTS):
        try:
            state = get_state()
            if state is None:
                return None
            version = persistence._state_format_version(name)
            content = {"__ministack_format__": version, "payload": state}
            return json.dumps(content, default=persistence._json_default)
        except RuntimeError:
            # A request has changed a record meanwhile ("changed size during iteration").
            if attempt == _ATTEMPTS - 1:
                raise
    return None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.tmp")
    draft.write_text(text)
    draft.replace(path)


@patch("ministack.core.persistence:_json_default", why=_TYPES, until=_TYPES_UNTIL)
def to_json(previous: Callable[[Any], Any], obj: Any) -> Any:
    match obj:
        case datetime():
            return {_DATETIME: obj.isoformat()}
        case Decimal():
            return {_DECIMAL: str(obj)}
        case set() | frozenset():
            return {_SET: list(obj)}
        case Path():
            return str(obj)
    return previous(obj)


@patch("ministack.core.persistence:_json_object_hook", why=_TYPES, until=_TYPES_UNTIL)
def from_json(previous: Callable[[dict[str, Any]], Any], obj: dict[str, Any]) -> Any:
    if len(obj) == 1:
        (key, value), *_ = obj.items()
        if key == _DATETIME:
            return datetime.fromisoformat(value)
        if key == _DECIMAL:
            return Decimal(value)
        if key == _SET:
            return set(value)
    return previous(obj)


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
