"""The resources of a service, by account, region, kind and name."""

from __future__ import annotations

from typing import Generic, TypeVar

from rehearsal.framework.platform import Scope

R = TypeVar("R")


class Store(Generic[R]):
    """Resources by account, region, kind and name. The service's lock guards them."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[Scope, str], dict[str, R]] = {}

    def of(self, scope: Scope, kind: str = "") -> dict[str, R]:
        """Returns the resources of a kind by name, oldest first; changes of the map are kept."""
        return self._kinds.setdefault((scope, kind), {})
