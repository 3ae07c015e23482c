"""How the tests of the adapter look into ministack."""

from __future__ import annotations

import importlib
from typing import Any

CLOUDFORMATION = "ministack.services.cloudformation"


def named(module: str, name: str) -> Any:
    """What a module of ministack calls by a name, private or not."""
    return getattr(importlib.import_module(module), name)
