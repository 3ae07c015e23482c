"""Runs Evidently's drift preset over two CSV files, in the environment that has Evidently.

    python tests/bench/evidently_drift.py REFERENCE CURRENT

Prints seconds and CPU seconds of the report alone: pandas has loaded both files before.
"""

import json
import sys
import time
import warnings
from importlib import import_module


def main() -> None:
    """Measures one report."""
    warnings.simplefilter("ignore")
    pandas, evidently = import_module("pandas"), import_module("evidently")
    presets = import_module("evidently.presets")
    reference, current = (pandas.read_csv(path) for path in sys.argv[1:3])
    start, used = time.perf_counter(), time.process_time()
    report = evidently.Report([presets.DataDriftPreset()])
    report.run(evidently.Dataset.from_pandas(current), evidently.Dataset.from_pandas(reference))
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - used
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds}))  # noqa: T201


if __name__ == "__main__":
    main()
