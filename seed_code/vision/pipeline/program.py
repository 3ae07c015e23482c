"""The program of the image, as the steps of the pipeline start it."""

from typing import TYPE_CHECKING, Any

from mlops_jobs.evaluation.quality import Metric
from mlops_jobs.pipelines.without_features import put_features as put_features
from mlops_jobs.pipelines.without_features import serving_environment as serving_environment
from mlops_jobs.pipelines.without_features import table_steps as table_steps

from vision import model

if TYPE_CHECKING:
    from pipeline.configuration import Configuration
    from pipeline.data import RawData
    from pipeline.placement import Instances

MODULE = "vision"
HYPERPARAMETERS = model.HYPERPARAMETERS
DISTRIBUTED = False  # a model is fitted on one instance
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


def training_version(configuration: "Configuration", data: "RawData") -> str:
    """Returns the version of everything that a model learns from, or "" if it is unknown.

    Args:
        configuration: content of `config.yaml`.
        data: the raw images.
    """
    return data.version


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
