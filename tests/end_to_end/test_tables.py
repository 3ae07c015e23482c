"""A push with other tables ends in an endpoint that predicts a raw row."""

import json
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Checkout
from tests.end_to_end.tables import Table, flowers, houses, subscriptions


@pytest.mark.parametrize(
    ("table", "metric", "minimum"),
    [
        pytest.param(subscriptions(), "accuracy", 0.75, id="binary with text and missing values"),
        pytest.param(flowers(), "accuracy", 0.85, id="three text labels", marks=pytest.mark.seeds),
        pytest.param(
            houses(), "r2", 0.9, id="regression without a header", marks=pytest.mark.seeds
        ),
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
    row = ",".join(f'"{value}"' if "," in value else value for value in table.raw_row())
    invoked = separate_checkout.rehearse("invoke", table.name, row)
    assert invoked.returncode == 0, invoked.stdout + invoked.stderr
