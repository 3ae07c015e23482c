"""The guide that adds an operation to the rehearsal, with its code in a server."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.docs.synthesis import ROOT
from tests.rehearsal.conftest import Aws, wait_until_ready

OPERATION, COMPOSITION, CALLS = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs/extend-the-rehearsal.md").read_text(), re.S
)
EXTENDED = f"""
from operation import AccountNotifications
from rehearsal.services.budgets import Budgets


class Extended(Budgets):
    def __init__(self, platform):
        super().__init__(platform)
        {COMPOSITION.strip()}
"""
MAX_LINES = 30


def _server(folder: Path, service: str) -> Iterator[Aws]:
    (folder / "operation.py").write_text(OPERATION)
    (folder / "extended.py").write_text(EXTENDED)
    state = folder / "state"
    command = [sys.executable, "-m", "rehearsal.server.main", "--state-directory", str(state)]
    process = subprocess.Popen(
        [*command, "--service", service],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Aws(wait_until_ready(process, state), state)
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def extended(tmp_path: Path) -> Iterator[Aws]:
    yield from _server(tmp_path, "extended:Extended")


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Aws]:
    yield from _server(tmp_path, "rehearsal.services.budgets:Budgets")


def test_the_operation_of_the_guide_works(extended: Aws) -> None:
    exec(CALLS, {"aws": extended})  # noqa: S102  # our own guide

    nobody = extended.person("nobody").client(
        "budgets", endpoint_url=extended.endpoint["url"], verify=extended.endpoint["ca_bundle"]
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        nobody.describe_budget_notifications_for_account(AccountId="111111111111")


def test_the_operation_is_not_supported_before(plain: Aws) -> None:
    with pytest.raises(ClientError, match="DescribeBudgetNotificationsForAccount"):
        plain.client("budgets").describe_budget_notifications_for_account(AccountId="111111111111")


def test_an_operation_is_short() -> None:
    assert len(OPERATION.splitlines() + COMPOSITION.splitlines()) <= MAX_LINES
