"""The state of ministack's services in files."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ministack import app
from ministack.core import persistence as stock
from ministack.core.responses import AccountRegionScopedDict

from rehearsal.ministack import persistence
from tests.rehearsal.ministack import patched

VALUES = {
    "time": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    "price": Decimal("1.20"),
    "names": {"a", "b"},
    "bytes": b"\xff",
    "plain": {"a": [1, None, "x"]},
}


@pytest.fixture
def state_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """The state of the services, as their functions return it."""
    patched.install(monkeypatch, "persistence")
    monkeypatch.setattr(stock, "STATE_DIR", str(tmp_path))
    monkeypatch.setattr(stock, "PERSIST_STATE", True)
    found: dict[str, Any] = {}

    def functions() -> dict[str, Any]:
        return {name: (lambda value=value: value()) for name, value in found.items()}

    monkeypatch.setattr(app, "_build_persistence_save_dict", functions)
    return found


def test_every_value_of_a_record_is_read_as_it_was_written(state_of: dict[str, Any]) -> None:
    records = AccountRegionScopedDict()
    records["stack"] = VALUES
    state_of["cloudformation"] = lambda: {"stacks": records}
    assert persistence.StateFiles().save() == []
    found = stock.load_state("cloudformation")
    assert found is not None
    assert found["stacks"]["stack"] == VALUES


def test_a_service_that_cannot_be_written_is_named_and_the_others_are_written(
    state_of: dict[str, Any], tmp_path: Path
) -> None:
    state_of["first"] = lambda: {"a": object()}
    state_of["second"] = lambda: {"a": 1}
    state_of["unused"] = lambda: None
    (problem,) = persistence.StateFiles().save()
    assert problem.startswith("first: TypeError")
    assert [path.name for path in tmp_path.iterdir()] == ["second.json"]


def test_records_that_change_meanwhile_are_read_again(
    state_of: dict[str, Any], tmp_path: Path
) -> None:
    changing = [True, True]

    def read() -> dict[str, Any]:
        if changing:
            changing.pop()
            raise RuntimeError("dictionary changed size during iteration")
        return {"a": 1}

    state_of["iam"] = read
    assert persistence.StateFiles().save() == []
    assert json.loads((tmp_path / "iam.json").read_text())["payload"] == {"a": 1}


def test_only_what_changed_is_written(state_of: dict[str, Any], tmp_path: Path) -> None:
    files = persistence.StateFiles()
    state_of["iam"] = lambda: {"a": 1}
    files.save()
    (tmp_path / "iam.json").unlink()
    files.save()
    assert not (tmp_path / "iam.json").exists()
    state_of["iam"] = lambda: {"a": 2}
    files.save()
    assert (tmp_path / "iam.json").exists()
