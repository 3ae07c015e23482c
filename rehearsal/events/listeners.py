"""Subscriptions of AWS services to events of another service, outside of EventBridge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from rehearsal.framework.platform import Platform, Scope

Listener = Callable[[Scope, str, Mapping[str, Any], str], None]


class EventListeners:
    """The listeners to a platform's events, such as the notification rules of pipelines.

    A listener is called with the scope, the detail type, the detail and the resource's ARN.
    """

    _instances: WeakKeyDictionary[Platform, EventListeners] = WeakKeyDictionary()

    @classmethod
    def of(cls, platform: Platform) -> EventListeners:
        """Returns the listeners that all services on a platform share."""
        return cls._instances.setdefault(platform, cls())

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Adds a listener; it must not block."""
        self._listeners.append(listener)

    def notify(self, scope: Scope, detail_type: str, detail: Mapping[str, Any], arn: str) -> None:
        """Calls all listeners."""
        for listener in self._listeners:
            listener(scope, detail_type, detail, arn)
