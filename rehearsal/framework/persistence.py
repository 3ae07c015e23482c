"""Keeps the records of services in the state directory, so that they survive the server.

The walk starts at the services and follows the attributes of their parts. An attribute that the
class of its owner names in `KEPT` is kept. All of them are one pickle, so that a record that two
services share is still one record afterwards.
"""

from __future__ import annotations

import io
import os
import pickle
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping, MutableSequence, MutableSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.framework.platform import Platform
from rehearsal.framework.store import Transient

_LOCKS = (type(threading.Lock()), type(threading.RLock()))
_OURS = ("rehearsal.", "toy_services")
_ATTEMPTS = 20
# Classes of other packages that records consist of; nothing else is loaded from a file.
_ALLOWED = {
    "builtins": {"set", "frozenset", "bytearray", "complex", "range", "slice"},
    "collections": {"OrderedDict", "defaultdict", "deque", "Counter"},
    "datetime": {"datetime", "date", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "dateutil.tz.tz": {"tzutc", "tzlocal"},  # botocore parses times with them
    "pathlib": {"Path", "PosixPath", "PurePosixPath"},
    "pathlib._local": {"Path", "PosixPath", "PurePosixPath"},
    "re": {"_compile"},
    "uuid": {"UUID"},
    "zoneinfo": {"ZoneInfo"},
}


class StateError(Exception):
    """State that cannot be restored; the text has the reason."""


@dataclass(frozen=True)
class _Slot:
    """A kept attribute of an object."""

    owner: object
    attribute: str

    @property
    def value(self) -> Any:
        return getattr(self.owner, self.attribute)


class KeptState:
    """The kept attributes of services.

    Args:
        roots: the objects at which the walk starts, by names that do not change.
        platform: the AWS around the services.
        further: further collections to keep, by name. Defaults to none.

    Raises:
        TypeError: an object has no attribute of a name in its `KEPT`.
    """

    def __init__(
        self,
        roots: Mapping[str, object],
        platform: Platform,
        further: Mapping[str, Any] | None = None,
    ) -> None:
        self._slots: dict[str, _Slot] = {}
        self._anchors: dict[int, str] = {id(platform): "platform"}
        self._objects: dict[str, object] = {"platform": platform}
        self._further = dict(further or {})
        for name, root in roots.items():
            self._walk(name, root)

    @property
    def names(self) -> list[str]:
        """The names of the kept attributes: the path from a service to each of them."""
        return [*self._slots, *self._further]

    def save(self, path: Path, known: bytes = b"") -> bytes:
        """Writes the state to a file, unless it is the `known` content; returns the content.

        Raises:
            StateError: the records did not stop changing, or one of them cannot be written.
        """
        content = self._dump()
        if content != known:
            draft = path.with_suffix(".draft")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
                f.write(content)
                f.flush()
                os.fsync(f.fileno())
            draft.replace(path)
        return content

    def load(self, path: Path) -> None:
        """Restores the state of a file into the objects of this process.

        Raises:
            StateError: another version wrote the file, or it is damaged. Nothing is restored.
        """
        try:
            found = _Unpickler(io.BytesIO(path.read_bytes()), self._objects).load()
        except Exception as error:  # whatever another version has written
            raise StateError(f"{type(error).__name__}: {error}") from error
        if not isinstance(found, dict) or (unknown := sorted(found.keys() - set(self.names))):
            raise StateError(f"This version does not keep {', '.join(unknown)}.")
        for name, value in found.items():
            target = self._further[name] if name in self._further else self._slots[name].value
            _fill(target, value)

    def _dump(self) -> bytes:
        for attempt in range(_ATTEMPTS):
            content = io.BytesIO()
            kept = {name: slot.value for name, slot in self._slots.items()}
            pickler = _Pickler(content, self._anchors)
            try:
                pickler.dump({**kept, **self._further})
            except RuntimeError as error:
                # A worker has changed a record meanwhile ("changed size during iteration").
                if attempt == _ATTEMPTS - 1:
                    raise StateError(str(error)) from error
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                raise StateError(str(error)) from error
            else:
                return content.getvalue()
        raise StateError("The records do not stop changing.")

    def _walk(self, name: str, found: object) -> None:
        pending = [(name, found)]
        while pending:
            path, owner = pending.pop()
            if id(owner) in self._anchors:
                continue
            self._anchors[id(owner)] = path
            self._objects[path] = owner
            for attribute in _kept(type(owner)):
                if not hasattr(owner, attribute):
                    raise TypeError(f"{type(owner).__name__} has no {attribute}, which it keeps")
                self._slots[f"{path}.{attribute}"] = _Slot(owner, attribute)
            for attribute, value in vars(owner).items():
                if isinstance(value, _LOCKS):
                    self._anchors.setdefault(id(value), f"{path}.{attribute}")
                    self._objects.setdefault(f"{path}.{attribute}", value)
                if attribute not in _kept(type(owner)):
                    pending += list(_parts(f"{path}.{attribute}", value))


def _kept(owner: type) -> tuple[str, ...]:
    return tuple(name for base in owner.__mro__ for name in vars(base).get("KEPT", ()))


def _parts(path: str, value: Any) -> Iterator[tuple[str, object]]:
    """Yields the objects of the rehearsal that an attribute refers to."""
    found = {"": value} if not isinstance(value, list | tuple) else dict(enumerate(value))
    for index, one in found.items():
        ours = type(one).__module__.startswith(_OURS) and hasattr(one, "__dict__")
        if ours and not isinstance(one, type | Transient):
            yield f"{path}.{index}".removesuffix("."), one


def _fill(target: Any, value: Any) -> None:
    """Replaces the content of a collection, which others may share."""
    target.clear()
    if isinstance(target, MutableMapping | MutableSet):
        target |= value
    elif isinstance(target, MutableSequence):
        target.extend(value)
    else:
        raise StateError(f"{type(target).__name__} cannot be kept.")


def _event(is_set: bool) -> threading.Event:
    made = threading.Event()
    if is_set:
        made.set()
    return made


class _Pickler(pickle.Pickler):
    """Writes records; references to parts of services, and locks, become names."""

    def __init__(self, file: io.BytesIO, anchors: Mapping[int, str]) -> None:
        super().__init__(file, protocol=5)
        self._anchors = anchors

    def persistent_id(self, obj: Any) -> tuple[str, Any] | None:
        if id(obj) in self._anchors:
            return ("part", self._anchors[id(obj)])
        if isinstance(obj, Transient | threading.Thread):
            return ("none", None)
        if isinstance(obj, _LOCKS):
            return ("lock" if isinstance(obj, _LOCKS[0]) else "rlock", None)
        if isinstance(obj, threading.Condition):
            return ("condition", None)
        if isinstance(obj, threading.Event):
            return ("event", obj.is_set())
        return None


class _Unpickler(pickle.Unpickler):
    """Reads records, of classes of the rehearsal and of plain values only."""

    def __init__(self, file: io.BytesIO, objects: Mapping[str, object]) -> None:
        super().__init__(file)
        self._objects = objects

    def persistent_load(self, pid: tuple[str, Any]) -> Any:
        kind, value = pid
        if kind == "part":
            return self._objects[value]
        made: dict[str, Callable[[], Any]] = {
            "none": lambda: None,
            "lock": threading.Lock,
            "rlock": threading.RLock,
            "condition": threading.Condition,
            "event": lambda: _event(value),
        }
        return made[kind]()

    def find_class(self, module: str, name: str) -> Any:
        if name in _ALLOWED.get(module, ()):
            return super().find_class(module, name)
        if module.startswith(_OURS):
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a record")
