"""The train build: updates the SageMaker Pipeline, runs it and waits for the registered model.

    python -m pipeline.run [--parameter NAME=VALUE] ...

Ends with status 1 and the reason of the failed step if no model was registered.
"""

import argparse
import gc
import json
import sys
from pathlib import Path
from typing import Any

from mlops_jobs.failure import InputError
from mlops_jobs.pipelines.execution import ExecutionError, Follower, put_pipeline, start

from pipeline.configuration import Configuration, read_configuration
from pipeline.program import BASELINE, put_features, training_version
from pipeline.project import Project


def run(options: argparse.Namespace) -> str:
    """Runs the pipeline.

    Args:
        options: options of the command line.

    Returns:
        The ARN of the model package that was registered, or of the newest one if commit and data
        are the same.

    Raises:
        InputError: configuration or data are not valid; nothing was changed.
        ExecutionError: the pipeline ended without a registered model.
    """
    configuration = read_configuration(options.config)
    project = Project.from_environment()
    # The checks above fail at once; the imports below take seconds.
    import boto3

    from pipeline.champion import champion_parameters, trained_already
    from pipeline.data import prepare
    from pipeline.warm_start import warm_start_parents

    session = boto3.Session(region_name=project.region)
    data = prepare(configuration, project, session.client("s3"))
    sagemaker = session.client("sagemaker")
    version = training_version(configuration, data)
    if not options.parameter and (
        found := trained_already(sagemaker, project, data=data.uri, version=version)
    ):
        return found
    print(f"training on {data.uri}: {data.problem_type} target {data.target!r}", flush=True)

    # A tenth of the time would be spent on a search for garbage among thousands of classes.
    gc.disable()
    from pipeline.definition import Definition

    gc.enable()
    metric = data.metric(configuration.objective.metric)
    pipeline = Definition(
        configuration=configuration,
        project=project,
        data=data,
        warm_start=warm_start_parents(sagemaker, project, configuration, metric),
    )
    definition = pipeline.to_json()
    if options.definition:
        options.definition.write_text(json.dumps(json.loads(definition), indent=1))
    put_features(configuration, options.config.parent, project, sagemaker)
    print(f"updated {put_pipeline(sagemaker, project, definition)}", flush=True)
    s3 = session.client("s3")
    parameters = champion_parameters(sagemaker, s3, project) | dict(options.parameter)
    execution_arn = start(sagemaker, project, parameters)
    print(f"started {execution_arn}", flush=True)
    try:
        package_arn = Follower(sagemaker, execution_arn).follow()
    except ExecutionError as error:
        report = _read_report(s3, project, execution_arn)
        _print_report(report, configuration)
        champion = (report or {}).get("champion", {})
        if champion.get("accepted", True):
            raise
        raise ExecutionError(f"{error} The model is {champion['verdict']}") from error
    _print_report(_read_report(s3, project, execution_arn), configuration)
    print(f"registered {package_arn}")
    return package_arn


def _read_report(s3: Any, project: Project, execution_arn: str) -> dict[str, Any] | None:
    """Returns the evaluation of the execution; None if it wrote none."""
    from botocore.exceptions import ClientError

    key = f"runs/{execution_arn.rpartition('/')[2]}/evaluation/evaluation.json"
    try:
        body = s3.get_object(Bucket=project.artifact_bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404", "AccessDenied", "403"):
            return None
        raise
    report: dict[str, Any] = json.loads(body)
    return report


def _print_report(report: dict[str, Any] | None, configuration: Configuration) -> None:
    """Prints the metrics on the held-out rows, and the comparison with the deployed model."""
    if report is None:
        print("the execution wrote no evaluation")
        return
    groups = [report[name] for name in report if name.endswith("_metrics")]
    values = {
        name: measure["value"]
        for group in groups
        for name, measure in group.items()
        if isinstance(measure, dict) and "value" in measure
    }
    objective = configuration.objective
    needed = (
        f"better than {BASELINE}"
        if objective.threshold is None
        else f"threshold of {objective.metric}: {objective.threshold:g}"
    )
    print(f"on held-out rows ({needed}):")
    for name, value in values.items():
        print(f"  {name} {value:.5f}")
    if "champion" in report:
        print(f"  deployed model: {report['champion']['verdict']}")


def _parameter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError(f"got {text!r}; allowed: NAME=VALUE")
    return name, value


def main() -> None:
    """Runs the train build from the command line."""
    parser = argparse.ArgumentParser(
        prog="pipeline.run", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=Path("config.yaml"))
    parser.add_argument(
        "--parameter",
        type=_parameter,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="replaces the default of a pipeline parameter, for example InputData=s3://...",
    )
    parser.add_argument("--definition", type=Path, help="also write the definition to this file")
    parser.add_argument("--package-arn", type=Path, help="write the package's ARN to this file")
    options = parser.parse_args()
    try:
        package_arn = run(options)
    except (InputError, ExecutionError) as error:
        sys.exit(f"error: {error}")
    if options.package_arn:
        options.package_arn.write_text(package_arn)


if __name__ == "__main__":
    main()
