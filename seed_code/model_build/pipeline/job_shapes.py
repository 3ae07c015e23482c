"""Shapes with which steps pass files to each other."""

from typing import Any

from sagemaker.core.parameter import ContinuousParameter, IntegerParameter
from sagemaker.core.shapes import (
    Channel,
    DataSource,
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
    S3DataSource,
)

from pipeline.program import HYPERPARAMETERS

PROCESSING = "/opt/ml/processing"


def processing_input(name: str, uri: Any) -> Any:
    """Mounts objects on S3 as files below `/opt/ml/processing/input/<name>`.

    Args:
        name: name of the input.
        uri: S3 URI, or a pipeline variable with it.

    Returns:
        The `ProcessingInput` of the SDK.
    """
    return ProcessingInput(
        input_name=name,
        s3_input=ProcessingS3Input(
            s3_uri=uri,
            local_path=f"{PROCESSING}/input/{name}",
            s3_data_type="S3Prefix",
            s3_input_mode="File",
            s3_data_distribution_type="FullyReplicated",
        ),
    )


def processing_output(name: str, uri: Any) -> Any:
    """Uploads files below `/opt/ml/processing/output/<name>` to S3 when the job ends.

    Args:
        name: name of the output.
        uri: S3 URI, or a pipeline variable with it.

    Returns:
        The `ProcessingOutput` of the SDK.
    """
    return ProcessingOutput(
        output_name=name,
        s3_output=ProcessingS3Output(
            s3_uri=uri, local_path=f"{PROCESSING}/output/{name}", s3_upload_mode="EndOfJob"
        ),
    )


def output_uri(step: Any, name: str) -> Any:
    """Returns the S3 URI of an output; a cached step has the URI of the run that was reused.

    Args:
        step: the processing step.
        name: name of the output.

    Returns:
        A pipeline variable with the URI.
    """
    return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri


def channel(name: str, uri: Any) -> Any:
    """Mounts objects on S3 as files below `/opt/ml/input/data/<name>`.

    Args:
        name: name of the channel.
        uri: S3 URI, or a pipeline variable with it.

    Returns:
        The `Channel` of the SDK.
    """
    # The tuner rejects training.configs.InputData, which the trainer accepts (SDK 3.27).
    source = S3DataSource(
        s3_data_type="S3Prefix", s3_uri=uri, s3_data_distribution_type="FullyReplicated"
    )
    return Channel(
        channel_name=name, input_mode="File", data_source=DataSource(s3_data_source=source)
    )


def parameter_range(name: str, low: float, high: float) -> Any:
    """Returns the range in which the tuner varies a hyperparameter.

    Args:
        name: name of the hyperparameter.
        low: minimum.
        high: maximum.

    Returns:
        A parameter range of the SDK.
    """
    known = HYPERPARAMETERS[name]
    scaling = "Logarithmic" if known.logarithmic else "Auto"
    if known.whole:
        return IntegerParameter(int(low), int(high), scaling)
    return ContinuousParameter(low, high, scaling)
