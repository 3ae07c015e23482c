"""The program of the image, as the steps of the pipeline start it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_jobs.evaluation.quality import Metric
from mlops_jobs.failure import InputError

from pipeline.flights import EVENT_TIME
from tabular import model

if TYPE_CHECKING:
    from pipeline.configuration import Configuration
    from pipeline.data import RawData
    from pipeline.jobs import Jobs
    from pipeline.placement import Instances
    from pipeline.project import Project

MODULE = "tabular"
HYPERPARAMETERS = model.HYPERPARAMETERS
DISTRIBUTED = hasattr(model, "connect")  # several instances may fit one model
OUTPUTS = ("train", "validation", "test", "rows", "report")  # of Preprocess
CHANNELS = ("train", "validation")  # of the training jobs
CONTENT_TYPES = ("text/csv", "application/json")  # of requests
BASELINE = "a model without features"  # it must be beaten where there is no threshold


def preprocess_arguments(configuration: "Configuration", raw: "RawData") -> list[str]:
    """Returns the arguments of the preprocessing job.

    Args:
        configuration: content of `config.yaml`.
        raw: the raw table.
    """
    data, split = configuration.data, configuration.split
    # The step Features writes another file than the table.
    delimiter, encoding = (
        (data.delimiter, data.encoding) if configuration.features is None else (",", "utf-8")
    )
    arguments = [
        "preprocess",
        f"--target=name:{raw.target}",
        f"--problem-type={raw.problem_type}",
        f"--header={'true' if data.header else 'false'}",
        f"--delimiter={delimiter}",
        f"--encoding={encoding}",
        f"--warnings={data.warnings}",
        f"--validation-share={split.validation}",
        f"--test-share={split.test}",
        f"--seed={split.seed}",
    ]
    by = (("time", time_column(configuration)), ("group", split.group))
    arguments += [f"--{key}={column}" for key, column in by if column]
    if data.positive_label is not None:
        arguments.append(f"--positive-label={data.positive_label}")
    if configuration.processing.engine == "spark":
        arguments.append("--engine=spark")
    return arguments + [f"--drop={column}" for column in data.drop]


def time_column(configuration: "Configuration") -> str:
    """Returns the column whose newest values are held out; "" for another split.

    Args:
        configuration: content of `config.yaml`.
    """
    data, split = configuration.data, configuration.split
    # The flights change with the season.
    return split.time or ("" if data.uri or split.group else EVENT_TIME)


def job_settings(configuration: "Configuration") -> dict[str, object]:
    """Returns what a training job receives beside the hyperparameters of the model.

    Args:
        configuration: content of `config.yaml`.
    """
    found = configuration.decision.criterion.hyperparameters()
    # The newest rows determine the trees for rows that are newer still, not for a later table.
    refit = configuration.split.refit and not time_column(configuration)
    return found | ({"refit": 1} if refit else {})


def preprocess_instances(configuration: "Configuration") -> "Instances":
    """Returns the instances of the preprocessing job.

    Args:
        configuration: content of `config.yaml`.
    """
    # Their module reads the configuration, which reads the hyperparameters above.
    from pipeline.placement import Instances

    chosen = configuration.processing
    return Instances(count=chosen.instances, volume=chosen.volume, hours=chosen.hours)


def training_version(configuration: "Configuration", data: "RawData") -> str:
    """Returns the version of everything that a model learns from, or "" if it is unknown.

    Args:
        configuration: content of `config.yaml`.
        data: the raw table.
    """
    # Records of a feature group arrive without another version of the table.
    return "" if configuration.features is not None else data.version


def evaluate_arguments(configuration: "Configuration", metric: Metric, champion: Any) -> list[Any]:
    """Returns the arguments of the job that evaluates the model.

    Args:
        configuration: content of `config.yaml`.
        metric: metric of the project.
        champion: ARN of the deployed version, or `none`: a pipeline parameter.
    """
    return [
        "evaluate",
        f"--metric={metric.name}",
        f"--margin={configuration.objective.margin:g}",
        *(f"--slice={column}" for column in configuration.evaluation.slices),
        *_bias_arguments(configuration),
        "--champion-version",
        champion,
    ]


def baseline_arguments(configuration: "Configuration") -> list[str]:
    """Returns the arguments of the job that creates the baselines of the model.

    Args:
        configuration: content of `config.yaml`.
    """
    return ["baseline", *_bias_arguments(configuration)]


def _bias_arguments(configuration: "Configuration") -> list[str]:
    bias = configuration.bias
    return [
        *(f"--facet={facet}" for facet in bias.arguments()),
        *(f"--favorable={label}" for label in bias.favorable),
    ]


def put_features(
    configuration: "Configuration", folder: Path, project: "Project", sagemaker: Any
) -> None:
    """Creates or extends the feature group, if the project has one.

    Args:
        configuration: content of `config.yaml`.
        folder: folder of `config.yaml`.
        project: resources of the project.
        sagemaker: boto3 client of SageMaker.

    Raises:
        InputError: the schema is not valid, or does not match the group.
    """
    if configuration.features is None:
        return
    from pipeline.features.feature_group import FeatureGroup
    from pipeline.features.schema_file import read_schema

    schema = read_schema(folder, configuration.features.group)
    if configuration.features.online is not None and not schema.online:
        raise InputError(
            f"features.online: got a look-up in {configuration.features.group}, whose schema has "
            "no online store; set online: true there for a new group, or remove features.online"
        )
    print(FeatureGroup(sagemaker, project, configuration.features.group, schema).put(), flush=True)


def table_steps(
    configuration: "Configuration",
    project: "Project",
    jobs: "Jobs",
    data_uri: Any,
    folder: Callable[[str], Any],
) -> tuple[list[Any], Any]:
    """Returns the steps before Preprocess, and the URI of the table that it reads.

    Args:
        configuration: content of `config.yaml`.
        project: resources of the project.
        jobs: creates the jobs.
        data_uri: pipeline variable with the URI of the raw table.
        folder: returns a pipeline variable with the URI of the folder of a name for outputs.
    """
    if configuration.features is None:
        return [], data_uri
    from pipeline.features.steps import feature_steps

    return feature_steps(
        configuration.features,
        configuration.data,
        project,
        jobs,
        module=MODULE,
        engine=configuration.processing.engine,
        instances=preprocess_instances(configuration),
        data_uri=data_uri,
        folder=folder,
    )


def serving_environment(configuration: "Configuration", project: "Project") -> dict[str, str]:
    """Returns the environment variables of the model's container.

    Args:
        configuration: content of `config.yaml`.
        project: resources of the project.
    """
    features = configuration.features
    if features is None or features.online is None:
        return {}
    from pipeline.features.feature_group import group_name

    looked_up = {
        "group": group_name(project, features.group),
        "entity": features.entity,
        "features": list(features.columns),
        **features.online.model_dump(),
    }
    if project.feature_reader_role_arn:
        looked_up |= {"role": project.feature_reader_role_arn, "region": project.region}
    return {"ONLINE_FEATURES": json.dumps(looked_up)}
