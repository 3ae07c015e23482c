"""The resources of a service, by account, region, kind and name, and what outlives the server.

Every `Store` is kept in the state directory, and so are the attributes that a class of a service
names in `KEPT`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from rehearsal.framework.platform import Scope

R = TypeVar("R")


class Store(Generic[R]):
    """Resources by account, region, kind and name. The service's lock guards them."""

    KEPT = ("_kinds",)

    def __init__(self) -> None:
        self._kinds: dict[tuple[Scope, str], dict[str, R]] = {}

    def of(self, scope: Scope, kind: str = "") -> dict[str, R]:
        """Returns the resources of a kind by name, oldest first; changes of the map are kept."""
        return self._kinds.setdefault((scope, kind), {})

    def kinds(self) -> list[dict[str, R]]:
        """Returns the resources of every kind, account and region."""
        return list(self._kinds.values())

    def everywhere(self, kind: str = "") -> Iterator[tuple[Scope, R]]:
        """Yields the resources of a kind in all accounts and regions, with their scope."""
        for (scope, known), resources in list(self._kinds.items()):
            if known == kind:
                for resource in list(resources.values()):
                    yield scope, resource


class Transient:
    """The base of objects that end with the server, such as the run of a build.

    A kept record that refers to one refers to None after the next start.
    """
