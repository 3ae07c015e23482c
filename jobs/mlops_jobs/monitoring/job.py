"""Processing job: runs one analysis of captured traffic, or creates its baseline.

    monitor              compares the traffic of a time window with a baseline
    monitor --baseline   creates the baseline of a CSV file with a heading

The environment specifies the analysis and all locations; `settings.py` lists its variables.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlops_jobs.failure import MAX_MESSAGE_LENGTH, exit_with_message
from mlops_jobs.monitoring import model_quality
from mlops_jobs.monitoring.analyses import compare
from mlops_jobs.monitoring.baselines import baseline
from mlops_jobs.monitoring.findings import Findings, Metric
from mlops_jobs.monitoring.model import LoadModel
from mlops_jobs.monitoring.page import PAGE, render
from mlops_jobs.monitoring.publication import publish
from mlops_jobs.monitoring.settings import Settings, Window
from mlops_jobs.monitoring.traffic.label_counts import LabelCounts
from mlops_jobs.monitoring.traffic.source import read

# Published by each successful run, so that an alarm can detect a monitor that has stopped.
COMPLETED_RUNS = "completed_runs"
# One alarm on it covers all checks of a run, those for chance included. Runs without a baseline, or
# without traffic, have no verdict and do not publish it.
CONSTRAINT_VIOLATIONS = "constraint_violations"
MESSAGE = Path("/opt/ml/output/message")


def monitor(environment: Mapping[str, str], load_model: LoadModel) -> str:
    """Runs the job that compares traffic with a baseline.

    Args:
        environment: environment variables of the container.
        load_model: loads the model, if the analysis needs it.

    Returns:
        A message of the result, in the format of Model Monitor.

    Raises:
        InputError: an input cannot be read, or CloudWatch rejects the metrics.
    """
    settings = Settings.from_environment(environment)
    if settings.engine == "spark":
        return _monitor_on_spark(settings, load_model)
    return _monitor(settings, load_model, None)


def _monitor_on_spark(settings: Settings, load_model: LoadModel) -> str:
    """Runs the job on the first instance, and a worker of Spark on the others."""
    from mlops_jobs.spark.cluster import Cluster

    cluster = Cluster.of_job()
    if not cluster.is_driver:
        cluster.work()
        return f"Completed: {cluster.hosts[0]} has the result."
    with cluster.context("monitor") as context:
        return _monitor(settings, load_model, context)


def _monitor(settings: Settings, load_model: LoadModel, context: Any) -> str:
    found = compare(settings, load_model, context)
    metrics = [Metric(name=COMPLETED_RUNS, value=1.0)]
    if isinstance(found, LabelCounts):
        metrics += found.metrics()
    elif found is not None:
        _write(found, settings, _folder(settings), compared=bool(settings.baseline_constraints))
        metrics += found.metrics
        if settings.baseline_constraints:
            metrics.append(Metric(name=CONSTRAINT_VIOLATIONS, value=float(len(found.violations))))
    publish(metrics, settings, time_of_metrics(settings.window, datetime.now(UTC)))
    if found is None:
        return "Completed: There was no traffic to analyze."
    if isinstance(found, LabelCounts):
        return f"Completed: There were no labels to analyze. {'. '.join(found.texts())}."
    return _result(found)


def time_of_metrics(window: Window | None, now: datetime) -> datetime:
    """Returns the timestamp of the metrics: the end of the window, or now if it goes on.

    An alarm does not evaluate metrics of the future. A window that has not even begun means that
    the clock of this host is behind that of the schedule, whose time is then right.

    Args:
        window: the window; None for a baseline.
        now: the current time.
    """
    if window is None or window.start <= now < window.end:
        return now
    return window.end


def make_baseline(environment: Mapping[str, str], load_model: LoadModel) -> str:
    """Runs the job that creates a baseline.

    Args:
        environment: environment variables of the container.
        load_model: loads the model, if the analysis needs it.

    Returns:
        A message of the result, in the format of Model Monitor.

    Raises:
        InputError: an input cannot be read.
    """
    settings = Settings.from_environment(environment)
    _write(baseline(settings, load_model), settings, Path(settings.output_path), compared=False)
    return "Completed: Job completed successfully."


def _write(found: Findings, settings: Settings, folder: Path, *, compared: bool) -> None:
    """Writes the files of a run, and its page."""
    found.write(folder, compared=compared)
    place = settings.baseline_statistics or settings.baseline_constraints
    before = model_quality.read_document(read(place) if place else None)
    (folder / PAGE).write_text(render(found, settings, before), encoding="utf-8")


def _folder(settings: Settings) -> Path:
    folder = Path(settings.output_path)
    if settings.dated and settings.window is not None:
        return folder / f"{settings.window.end:%Y/%m/%d/%H}"
    return folder


def _result(found: Findings) -> str:
    count = len(found.violations)
    for violation in found.violations:
        print(f"{violation['constraint_check_type']}: {violation}")
    for note in found.notes:
        print(f"note: {note}")
    notes = "".join(f" {note}." for note in found.notes)
    if count:
        return (
            f"CompletedWithViolations: Job completed successfully with {count} violations.{notes}"
        )
    return f"Completed: Job completed successfully with no violations.{notes}"


def main(load_model: LoadModel, arguments: Sequence[str] | None = None) -> None:
    """Runs the job from the command line.

    Args:
        load_model: loads the model of the project from `model.tar.gz`.
        arguments: arguments of the command. Defaults to None: those of the process.
    """
    parser = argparse.ArgumentParser(prog="monitor", description=__doc__)
    parser.add_argument("--baseline", action="store_true")
    options = parser.parse_args(arguments)
    with exit_with_message(MESSAGE):
        run = make_baseline if options.baseline else monitor
        result = run(os.environ, load_model)
        print(result)
        if MESSAGE.parent.is_dir():
            MESSAGE.write_text(result[:MAX_MESSAGE_LENGTH], encoding="utf-8")
