"""The programs of monitoring with the model of the model-build seed."""

from collections.abc import Mapping

from tabular.__main__ import load_model

from mlops_jobs.monitoring import job


def monitor(environment: Mapping[str, str]) -> str:
    """Compares traffic with a baseline."""
    return job.monitor(environment, load_model)


def make_baseline(environment: Mapping[str, str]) -> str:
    """Creates a baseline."""
    return job.make_baseline(environment, load_model)
