"""The program of the image, as the steps of the pipeline start it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_jobs.evaluation.quality import Metric

from vision import model

if TYPE_CHECKING:
    from pipeline.configuration import Configuration
    from pipeline.data import RawData
    from pipeline.jobs import Jobs
    from pipeline.placement import Instances
    from pipeline.project import Project

MODULE = "vision"
HYPERPARAMETERS = model.HYPERPARAMETERS
OUTPUTS = ("train", "validation", "test", "rows")  # of Preprocess
CHANNELS = ("train", "validation")  # of the training jobs
CONTENT_TYPES = ("text/csv", "application/json", "image/png", "image/jpeg")  # of requests
BASELINE = "a model that does not look at the images"  # to be beaten where there is no threshold


def preprocess_arguments(configuration: "Configuration", raw: "RawData") -> list[str]:
    """Returns the arguments of the preprocessing job.

    Args:
        configuration: content of `config.yaml`.
        raw: the raw images.
    """
    data, split = configuration.data, configuration.split
    return [
        "preprocess",
        f"--height={data.size[0]}",
        f"--width={data.size[1]}",
        f"--channels={data.channels}",
        f"--validation-share={split.validation}",
        f"--test-share={split.test}",
        f"--seed={split.seed}",
    ]


def job_settings(_: "Configuration") -> dict[str, object]:
    """Returns what a training job receives beside the hyperparameters of the model: nothing."""
    return {}


def preprocess_instances(configuration: "Configuration") -> "Instances":
    """Returns the instances of the preprocessing job.

    Args:
        configuration: content of `config.yaml`.
    """
    # Their module reads the configuration, which reads the hyperparameters above.
    from pipeline.placement import ONE_INSTANCE

    return ONE_INSTANCE


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
        "--champion-version",
        champion,
    ]


def baseline_arguments(configuration: "Configuration") -> list[str]:
    """Returns the arguments of the job that creates the baselines of the model.

    Args:
        configuration: content of `config.yaml`.
    """
    return ["baseline"]


def put_features(
    configuration: "Configuration", folder: Path, project: "Project", sagemaker: Any
) -> None:
    """Does nothing: an image has no features of a feature group.

    Args:
        configuration: content of `config.yaml`.
        folder: folder of `config.yaml`.
        project: resources of the project.
        sagemaker: boto3 client of SageMaker.
    """


def table_steps(
    configuration: "Configuration",
    project: "Project",
    jobs: "Jobs",
    data_uri: Any,
    folder: Callable[[str], Any],
) -> tuple[list[Any], Any]:
    """Returns no steps before Preprocess, and the URI of the raw data.

    Args:
        configuration: content of `config.yaml`.
        project: resources of the project.
        jobs: creates the jobs.
        data_uri: pipeline variable with the URI of the raw data.
        folder: returns a pipeline variable with the URI of the folder of a name for outputs.
    """
    return [], data_uri


def serving_environment(configuration: "Configuration", project: "Project") -> dict[str, str]:
    """Returns the environment variables of the model's container: none.

    Args:
        configuration: content of `config.yaml`.
        project: resources of the project.
    """
    return {}
