"""Resources that are retained when a stack is deleted, but not when its creation fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.synthesis import FILES, synthesis, title


@pytest.mark.parametrize("file", FILES, ids=title)
def test_a_creation_that_fails_leaves_nothing_behind(file: Path) -> None:
    """`Retain` would keep them in that case too, and the next attempt would fail."""
    resources = synthesis(file).template["Resources"]
    policies = {name: one.get("DeletionPolicy") for name, one in resources.items()}
    assert [name for name, policy in policies.items() if policy == "Retain"] == []
