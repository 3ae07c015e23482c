"""Separation of duties in all examples: no role approves the models that it creates."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.synthesis import FILES, synthesis, title
from tests.model_approval import approving_statements, boundaries

REVIEWERS = {
    "personas": ("Reviewer",),
    # A policy that reviewers attach to their roles.
    "model_package_group": ("Approves",),
}


@pytest.mark.parametrize("file", FILES, ids=title)
def test_only_reviewers_can_approve_a_model_and_change_nothing_else_of_it(file: Path) -> None:
    template = synthesis(file).template
    limits = boundaries(template)
    approving = {
        logical_id: how
        for logical_id, how in approving_statements(template).items()
        if logical_id not in limits
    }

    others = {
        logical_id
        for logical_id in approving
        if not logical_id.startswith(REVIEWERS.get(file.stem, ("no reviewer",)))
    }
    assert not others
    assert set(approving.values()) <= {"decides"}
