"""A Spark job of EMR Serverless: `python -m stand_in.emr DESCRIPTION`.

The description is JSON with the members `program`, `arguments`, `parameters` and `configurations`.

Source: https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-spark.html
"""

import argparse
import json
import shlex
import sys
from collections.abc import Mapping
from typing import Any

from .spark_submit import Application, SubmitError, submit

# Options about a cluster: the container has one process.
_OF_CLUSTERS = (
    *("master", "deploy-mode", "num-executors", "executor-cores", "executor-memory"),
    *("driver-cores", "total-executor-cores", "queue", "principal", "keytab"),
)


def main() -> None:
    """Runs the job and ends with its exit code."""
    try:
        code = submit(application_of(json.loads(sys.argv[1])))
    except SubmitError as error:
        sys.exit(f"spark-submit: {error}")
    sys.exit(code)


def application_of(job: Mapping[str, Any]) -> Application:
    """Returns the application of a job.

    Raises:
        SubmitError: an option of spark-submit is not supported.
    """
    given = _options(str(job.get("parameters") or ""))
    properties = {}
    for text in given.conf:
        name, equals, value = text.partition("=")
        if not equals:
            raise SubmitError(f"--conf: got {text!r}, expected NAME=VALUE")
        properties[name] = value
    files = {
        option: _listed(text) + _listed(properties.pop(name, ""))
        for option, text, name in (
            ("py-files", given.py_files, "spark.submit.pyFiles"),
            ("jars", given.jars, "spark.jars"),
            ("files", given.files, "spark.files"),
        )
    }
    if given.driver_memory:
        properties["spark.driver.memory"] = given.driver_memory
    if given.name:
        properties["spark.app.name"] = given.name
    return Application(
        program=str(job["program"]),
        arguments=[str(one) for one in job.get("arguments") or ()],
        main_class=given.main_class,
        files=files,
        properties=properties,
        configurations=list(job.get("configurations") or ()),
    )


def _options(text: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="spark-submit", allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--conf", "-c", action="append", default=[])
    parser.add_argument("--class", dest="main_class", default="")
    for name in ("jars", "py-files", "files", "driver-memory", "name"):
        parser.add_argument(f"--{name}", default="")
    for name in _OF_CLUSTERS:
        parser.add_argument(f"--{name}")
    parser.add_argument("--verbose", "-v", action="store_true")
    try:
        given, unknown = parser.parse_known_args(shlex.split(text))
    except (argparse.ArgumentError, ValueError) as error:
        raise SubmitError(f"sparkSubmitParameters: {error}") from error
    if unknown:
        raise SubmitError(
            f"sparkSubmitParameters: the rehearsal does not support {unknown[0]}; it has --conf, "
            "--class, --jars, --py-files, --files, --name and --driver-memory"
        )
    return given


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


if __name__ == "__main__":
    main()
