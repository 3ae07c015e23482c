"""Processing job: logs a pipeline execution to an MLflow App.

    python -m mlops_jobs.tracking.job --app ARN --execution ARN --experiment churn ...

It needs the network, unlike the jobs that train, and the permissions to track on the App. MLflow
that is away, or denied, does not end the pipeline: the job prints one line, counts in
`tracking.json` what was logged, and succeeds.
"""

import argparse
import importlib
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mlops_jobs import aws
from mlops_jobs.failure import InputError
from mlops_jobs.tracking.run import (
    EXECUTION_TAG,
    PACKAGE_TAG,
    Execution,
    Outcome,
    TrackingRun,
    in_one_line,
    measures_of,
)
from mlops_jobs.tracking.trials import trials_of

INPUT = Path("/opt/ml/processing/input")
OUTPUT = Path("/opt/ml/processing/output/tracking")
COMMIT_TAG = "mlflow.source.git.commit"
_CLIENT_SETTINGS = {
    # MLflow that is away must not hold up the pipeline for the half hour of MLflow's defaults.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "4",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "120",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}


def track(client: Any, sagemaker: Any, options: argparse.Namespace) -> Outcome:
    """Logs the execution.

    Args:
        client: an `mlflow.MlflowClient`.
        sagemaker: boto3 client of SageMaker.
        options: arguments of the job.

    Returns:
        The parts that were logged.
    """
    report = _report(options.evaluation)
    execution = Execution(
        experiment=options.experiment,
        arn=options.execution,
        data_uri=options.data,
        parameters=dict(options.parameter),
        tags={
            COMMIT_TAG: options.commit,
            EXECUTION_TAG: options.execution,
            "data_uri": options.data,
            **({PACKAGE_TAG: options.package} if options.package else {}),
        },
        metrics=measures_of(report),
        folders={"evaluation": options.evaluation},
        trials=tuple(trials_of(sagemaker, options.tuning_job)) if options.tuning_job else (),
        successful=bool(options.package),
    )
    return TrackingRun(client, execution).log()


def _report(folder: Path) -> object:
    file = folder / "evaluation.json"
    if not file.is_file():
        return {}
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{file.name}: got {error}; it must be JSON") from error


def _client(app_arn: str) -> Any:
    for name, value in _CLIENT_SETTINGS.items():
        os.environ.setdefault(name, value)
    if region := os.environ.get(aws.REGION):
        os.environ.setdefault("AWS_DEFAULT_REGION", region)  # the clients of MLflow read this one
    try:
        import mlflow

        importlib.import_module("sagemaker_mlflow")  # the plug-in that signs requests
    except ImportError as error:
        raise InputError(
            f"got no package {error.name}; install mlops-jobs[tracking] into the image"
        ) from error
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    mlflow.set_tracking_uri(app_arn)
    return mlflow.MlflowClient(app_arn)


def _parameter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError(f"got {text!r}; allowed: NAME=VALUE")
    return name, value


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the job from the command line.

    Args:
        arguments: arguments of the command. Defaults to None: those of the process.
    """
    parser = argparse.ArgumentParser(
        prog="tracking", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--app", required=True, help="ARN of the MLflow App")
    parser.add_argument("--execution", required=True, help="ARN of the pipeline execution")
    parser.add_argument("--experiment", required=True, help="name of the experiment")
    parser.add_argument("--commit", required=True)
    parser.add_argument("--data", required=True, help="S3 URI of the training data")
    parser.add_argument("--tuning-job", default="", help="name of the tuning job")
    parser.add_argument("--package", default="", help="ARN of the registered model package")
    parser.add_argument(
        "--parameter", type=_parameter, action="append", default=[], metavar="NAME=VALUE"
    )
    parser.add_argument("--evaluation", type=Path, default=INPUT / "evaluation")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder of tracking.json")
    options = parser.parse_args(arguments)
    outcome = _outcome(options)
    options.output.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(outcome), indent=1)
    (options.output / "tracking.json").write_text(text, encoding="utf-8")
    if outcome.reason:
        logged = f"logged {outcome.logged} of {outcome.parts} parts"
        print(f"tracking: {logged}; {outcome.reason}; the pipeline goes on", flush=True)
    else:
        print(f"tracking: logged run {outcome.run_id} of {options.experiment}", flush=True)


def _outcome(options: argparse.Namespace) -> Outcome:
    try:
        return track(_client(options.app), aws.client("sagemaker"), options)
    # Whatever is away, denied or malformed: a model is not lost because its run was not logged.
    except Exception as error:
        return Outcome(parts=1, reason=in_one_line(error))


if __name__ == "__main__":
    main()
