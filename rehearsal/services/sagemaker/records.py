"""Where the control plane keeps its resources: records shaped as Describe* answers."""

from __future__ import annotations

import datetime
import secrets
import string
from typing import Any

from rehearsal.framework.platform import Scope

Record = dict[str, Any]
"""A resource. Values are replaced, never changed in place, so that answers can share them."""

_LOWER = string.ascii_lowercase + string.digits


def now() -> datetime.datetime:
    """The present time with the resolution of SageMaker's answers, milliseconds."""
    moment = datetime.datetime.now(datetime.UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def random_id(length: int) -> str:
    """Lower-case letters and digits, as in the ids that SageMaker generates."""
    return "".join(secrets.choice(_LOWER) for _ in range(length))


class Records:
    """Resources by account, region, kind and name. The service's lock guards them."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[Scope, str], dict[str, Record]] = {}

    def of(self, scope: Scope, kind: str) -> dict[str, Record]:
        """The resources of a kind by name, oldest first; changes to the mapping are kept."""
        return self._kinds.setdefault((scope, kind), {})
