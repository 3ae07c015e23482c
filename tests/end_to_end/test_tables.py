"""The same push with other tables ends in an endpoint that answers a raw row.

Not in the rehearsal of the other tests: both are up at once, in processes of their own.
"""

import json
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Checkout
from tests.end_to_end.tables import Table, flowers, houses, subscriptions


@pytest.mark.parametrize(
    ("table", "metric", "least"),
    [
        pytest.param(subscriptions(), "accuracy", 0.75, id="binary with text and missing values"),
        pytest.param(flowers(), "accuracy", 0.85, id="three text labels"),
        pytest.param(houses(), "r2", 0.9, id="regression without a header"),
    ],
)
def test_a_table_of_ones_own_ends_in_an_endpoint_that_answers_a_raw_row(
    checkout: Checkout, tmp_path: Path, table: Table, metric: str, least: float
) -> None:
    told = checkout.rehearse(
        "run",
        "--keep-up",
        *("--project", table.name),
        *("--data", str(table.write(tmp_path))),
        *("--target", table.target),
        *("--problem-type", table.problem_type),
        *([] if table.header else ["--no-header"]),
    )
    assert told.returncode == 0, told.stdout[-8000:] + told.stderr[-4000:]
    summary = json.loads((checkout.folder / "build/rehearsal/summary.json").read_text())
    assert summary["problem_type"] == table.problem_type
    assert summary["held_out"][metric] >= least
    row = ",".join(f'"{value}"' if "," in value else value for value in table.raw_row())
    answered = checkout.rehearse("invoke", table.name, row)
    assert answered.returncode == 0, answered.stdout + answered.stderr
