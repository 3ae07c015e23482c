"""A push with other tables ends in an endpoint that predicts a raw row."""

import json
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Checkout, Loop
from tests.end_to_end.tables import Table, flowers, houses, subscriptions


def predicts(checkout: Checkout, project: str, row: str) -> None:
    """Sends a row to the endpoint of a project."""
    invoked = checkout.rehearse("invoke", project, row)
    assert invoked.returncode == 0, invoked.stdout + invoked.stderr


def test_a_binary_table_with_text_and_missing_values_ends_in_an_endpoint(loop: Loop) -> None:
    assert loop.row == subscriptions().request()
    assert loop.summary["problem_type"] == "binary"
    assert loop.summary["held_out"]["accuracy"] >= 0.75
    predicts(loop, "rehearsal", loop.row)


@pytest.mark.seeds
@pytest.mark.parametrize(
    ("table", "metric", "minimum"),
    [
        pytest.param(flowers(), "accuracy", 0.85, id="three text labels"),
        pytest.param(houses(), "r2", 0.9, id="regression without a header"),
    ],
)
def test_a_table_of_a_user_ends_in_an_endpoint_that_predicts_a_raw_row(
    separate_checkout: Checkout, tmp_path: Path, table: Table, metric: str, minimum: float
) -> None:
    result = separate_checkout.rehearse(
        "run",
        "--keep-up",
        *("--project", table.name),
        *("--data", str(table.write(tmp_path))),
        *("--target", table.target),
        *("--problem-type", table.problem_type),
        *([] if table.header else ["--no-header"]),
    )
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-4000:]
    summary = json.loads((separate_checkout.folder / "build/rehearsal/summary.json").read_text())
    assert summary["problem_type"] == table.problem_type
    assert summary["held_out"][metric] >= minimum
    predicts(separate_checkout, table.name, table.request())
