"""The command smspark-submit of SageMaker's Spark images.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/use-spark-processing-container.html
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from .spark_submit import Application, SubmitError, submit

CONFIGURATION = Path("/opt/ml/processing/input/conf/configuration.json")
MESSAGE = Path("/opt/ml/output/message")


def main(words: list[str] | None = None) -> None:
    """Runs an application and ends with its exit code."""
    options = _parser().parse_args(words)
    try:
        code = submit(_application(options))
    except SubmitError as error:
        _fail(f"smspark-submit: {error}")
        code = 1
    else:
        if code:
            _fail(f"spark-submit ended with the exit code {code}")
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="smspark-submit", allow_abbrev=False)
    parser.add_argument("--class", dest="main_class", default="")
    for name in ("jars", "py-files", "files"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--local-spark-event-logs-dir", type=Path)
    parser.add_argument("--spark-event-logs-s3-uri", default="")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser


def _application(options: argparse.Namespace) -> Application:
    properties = {}
    logs = options.spark_event_logs_s3_uri
    if options.local_spark_event_logs_dir is not None:
        options.local_spark_event_logs_dir.mkdir(parents=True, exist_ok=True)
        logs = options.local_spark_event_logs_dir.as_uri()
    if logs:
        properties = {"spark.eventLog.enabled": "true", "spark.eventLog.dir": logs}
    given = {"py-files": options.py_files, "jars": options.jars, "files": options.files}
    return Application(
        program=options.program,
        arguments=options.arguments,
        main_class=options.main_class,
        files={name: [one for one in text.split(",") if one] for name, text in given.items()},
        properties=properties,
        options=["--verbose"] if options.verbose else [],
        configurations=_configurations(),
    )


def _configurations() -> list[Any]:
    if not CONFIGURATION.exists():
        return []
    try:
        found = json.loads(CONFIGURATION.read_text())
    except ValueError as error:
        raise SubmitError(f"configuration.json is not JSON: {error}") from error
    return found if isinstance(found, list) else [found]


def _fail(reason: str) -> None:
    print(reason, file=sys.stderr, flush=True)  # noqa: T201  # the job's log
    if MESSAGE.parent.is_dir():
        MESSAGE.write_text(reason)


if __name__ == "__main__":
    main()
