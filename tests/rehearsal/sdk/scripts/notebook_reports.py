"""What the scripts share: data, and shorter waits between calls of the SDK."""

import csv
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

_sleep = time.sleep
# The SDKs poll every 5 to 30 seconds, which suits instances that take minutes. Each poll takes some
# milliseconds of the processor that the job needs.
time.sleep = lambda seconds: _sleep(min(float(seconds), 0.7))


def table() -> Any:
    """Returns rows of a label and four features, of which the first two decide."""
    features = np.random.default_rng(0).normal(size=(200, 4))
    label = (features[:, 0] + features[:, 1] > 0).astype(int)
    return np.column_stack([label, features])


def write_csv(path: str, rows: Any) -> str:
    """Writes rows to a CSV file and returns its path."""
    with Path(path).open("w", newline="") as file:
        csv.writer(file).writerows(
            [cell if isinstance(cell, str) else f"{cell:.5g}" for cell in row] for row in rows
        )
    return path


def report(**facts: Any) -> None:
    """Prints facts for the test."""
    print("\nREPORT " + json.dumps(facts, default=str), flush=True)  # noqa: T201  # the output
