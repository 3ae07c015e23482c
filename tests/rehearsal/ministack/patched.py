"""Access of tests to ministack: its names, and single patches without a server."""

import importlib
from typing import Any

import pytest

from rehearsal.ministack.registry import CLOUDFORMATION as CLOUDFORMATION
from rehearsal.ministack.registry import PATCHES, Target


def named(module: str, name: str) -> Any:
    """Returns the value of a name in a module of ministack."""
    return getattr(importlib.import_module(module), name)


def install(monkeypatch: pytest.MonkeyPatch, *sources: str) -> None:
    """Installs the patches that some modules of `rehearsal.ministack` declare, for one test."""
    for source in sources:
        importlib.import_module(f"rehearsal.ministack.{source}")
    chosen = PATCHES.only(*sources)
    for patch in chosen.patches:
        target = patch.target
        if target.keys:
            table = Target(target.module, target.name, target.keys[:-1]).read()
            monkeypatch.setitem(table, target.keys[-1], target.read())
        else:
            module = importlib.import_module(target.module)
            monkeypatch.setattr(module, target.name, target.read())
    chosen.install()
