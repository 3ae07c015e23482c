"""The part of feature groups in a pipeline whose kind of model has no features of a group."""

from collections.abc import Callable
from typing import Any


def put_features(configuration: object, folder: object, project: object, sagemaker: object) -> None:
    """Creates no feature group.

    Args:
        configuration: content of `config.yaml`.
        folder: folder of `config.yaml`.
        project: resources of the project.
        sagemaker: boto3 client of SageMaker.
    """


def table_steps(
    configuration: object,
    project: object,
    jobs: object,
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


def serving_environment(configuration: object, project: object) -> dict[str, str]:
    """Returns the environment variables of the model's container: none.

    Args:
        configuration: content of `config.yaml`.
        project: resources of the project.
    """
    return {}
