"""Processing job: answers one question about captured traffic, or makes the baseline for it.

    monitor              compares the traffic of a time with a baseline
    monitor --baseline   makes the baseline of a CSV file with a heading

What is asked, and where everything is, is in the environment; `settings.py` lists it.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tabular.failure import exit_with_message
from tabular.monitor.baselining import baseline
from tabular.monitor.findings import Findings, Metric
from tabular.monitor.publication import publish
from tabular.monitor.questions import compare
from tabular.monitor.settings import Settings, Window

# Of each run that did not fail: without it, one that has stopped would look like one that is well.
COMPLETED_RUNS = "completed_runs"
MESSAGE = Path("/opt/ml/output/message")


def monitor(environment: Mapping[str, str]) -> str:
    """Runs the job that compares.

    Args:
        environment: of the container.

    Returns:
        How it ended, in the words of Model Monitor.

    Raises:
        InputError: if something cannot be read, or CloudWatch refuses the metrics.
    """
    settings = Settings.from_environment(environment)
    found = compare(settings)
    metrics = [Metric(name=COMPLETED_RUNS, value=1.0)]
    if found is not None:
        found.write(_folder(settings), compared=bool(settings.baseline_constraints))
        metrics += found.metrics
    publish(metrics, settings, time_of_metrics(settings.window, datetime.now(UTC)))
    if found is None:
        return "Completed: There was no traffic to look at."
    return _ending(found)


def time_of_metrics(window: Window | None, now: datetime) -> datetime:
    """When the time that was looked at had ended; of one that goes on, now.

    An alarm does not look at metrics of the future.
    """
    return now if window is None else min(window.end, now)


def make_baseline(environment: Mapping[str, str]) -> str:
    """Runs the job that makes a baseline; the parameters are those of `monitor`."""
    settings = Settings.from_environment(environment)
    baseline(settings).write(Path(settings.output_path), compared=False)
    return "Completed: Job completed successfully."


def _folder(settings: Settings) -> Path:
    folder = Path(settings.output_path)
    if settings.dated and settings.window is not None:
        return folder / f"{settings.window.end:%Y/%m/%d/%H}"
    return folder


def _ending(found: Findings) -> str:
    count = len(found.violations)
    for violation in found.violations:
        print(f"{violation['constraint_check_type']}: {violation}")
    if count:
        return f"CompletedWithViolations: Job completed successfully with {count} violations."
    return "Completed: Job completed successfully with no violations."


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the job from the command line."""
    parser = argparse.ArgumentParser(prog="tabular monitor", description=__doc__)
    parser.add_argument("--baseline", action="store_true")
    options = parser.parse_args(arguments)
    with exit_with_message(MESSAGE):
        run = make_baseline if options.baseline else monitor
        ending = run(os.environ)
        print(ending)
        if MESSAGE.parent.is_dir():
            MESSAGE.write_text(ending, encoding="utf-8")
