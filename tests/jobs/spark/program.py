"""Runs preprocessing on Spark, as an instance of a job, for each list of arguments.

    python program.py '{"host": "127.0.0.1", "hosts": ["127.0.0.1"], "port": 7077, "runs": [[...]]}'

Prints a line of JSON for each run: the message of an error, or null.
"""

import json
import sys
import tempfile
from pathlib import Path

from mlops_jobs.failure import InputError
from mlops_jobs.spark.cluster import Cluster
from mlops_jobs.table import preprocess
from mlops_jobs.table.features import Feature
from mlops_jobs.table.spark_passes import SparkPasses
from tests.jobs.spark.tables import FEATURES


def run(context: object, arguments: list[str], features: list[Feature]) -> str | None:
    """Preprocesses one table and returns the message of an error."""
    options = preprocess.parser().parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        passes = SparkPasses(preprocess.raw_table(options), context, Path(folder))
        try:
            preprocess.preprocess(options, features, passes)
        except InputError as error:
            return str(error)
    return None


def main() -> None:
    """Runs the driver or a worker."""
    given = json.loads(sys.argv[1])
    cluster = Cluster(host=given["host"], hosts=tuple(given["hosts"]), port=given["port"])
    if not cluster.is_driver:
        cluster.work()
        return
    with cluster.context("tests") as context:
        for arguments, computed in given["runs"]:
            error = run(context, arguments, FEATURES if computed else [])
            print(json.dumps({"error": error}), flush=True)  # noqa: T201  # read by the test


if __name__ == "__main__":
    main()
