"""Runs a monitor in a process whose memory is limited, so that it fails if it needs more.

python bounded.py MIB ENVIRONMENT
"""

import json
import resource
import sys
from pathlib import Path

import numpy as np

from mlops_jobs.model import Cells, Values
from mlops_jobs.monitoring import job
from mlops_jobs.problem_type import ProblemType


class Linear:
    """A model of two columns, whose attributions are the cells."""

    columns = features = ("a", "b")
    labels: tuple[str, ...] = ()
    target = "y"
    problem_type = ProblemType.REGRESSION

    def predict(self, cells: Cells) -> Values:
        """Returns the sum of the cells."""
        found: Values = np.asarray(cells, dtype=np.float64).sum(axis=0)
        return found

    def attributions(self, cells: Cells) -> Values:
        """Returns the cells of each row, and 0."""
        rows = np.asarray(cells, dtype=np.float64).T
        return np.hstack([rows, np.zeros((len(rows), 1))])[:, np.newaxis]


def load(_: Path) -> Linear:
    """Loads the model."""
    return Linear()


def main() -> None:
    """Limits the memory that is added after the imports, and runs the monitor."""
    import mlops_jobs.monitoring.analyses  # noqa: F401

    # Writable private memory, without code and reserved addresses.
    size = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    limit = size + int(sys.argv[1]) * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    print(job.monitor(json.loads(sys.argv[2]), load))  # noqa: T201  # read by the test


if __name__ == "__main__":
    main()
