"""The programs of monitoring with the model of the model-build seed."""

from collections.abc import Mapping
from pathlib import Path

from tabular import model

from mlops_jobs.archive import load_archive
from mlops_jobs.monitoring import job
from mlops_jobs.table.model import TabularModel


def load_model(archive: Path) -> TabularModel:
    """Loads the model of an archive, as the commands of an image do."""
    return load_archive(archive, model.load)


def monitor(environment: Mapping[str, str]) -> str:
    """Compares traffic with a baseline."""
    return job.monitor(environment, load_model)


def make_baseline(environment: Mapping[str, str]) -> str:
    """Creates a baseline."""
    return job.make_baseline(environment, load_model)
