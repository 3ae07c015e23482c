"""A session of the SageMaker SDK in which a pipeline is defined without a call to AWS.

Import it before any other module of the SDK. What it works around was found in SDK 3.27.0.
"""

import logging
import os
import warnings
from typing import Any

# The SDK would ask IAM whether the role may do what jobs need; a build's role may not ask.
os.environ.setdefault("SAGEMAKER_VALIDATE_ROLE", "false")
# It makes a client while it is imported, and finds the region only by this name.
os.environ.setdefault("AWS_DEFAULT_REGION", os.environ.get("AWS_REGION", "us-east-1"))

import boto3
from sagemaker.core.config.config_manager import SageMakerConfig
from sagemaker.core.workflow.pipeline_context import PipelineSession

# Otherwise it reports each call to AWS by HTTP.
NO_TELEMETRY = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
}


def offline_session(*, region: str, bucket: str) -> Any:
    """A pipeline session for one bucket.

    Args:
        region: of the pipeline.
        bucket: where the pipeline keeps its artifacts.
    """
    # The SDK turns the logs of all libraries on; a build's log is for people.
    for library in ("sagemaker", "botocore", "boto3"):
        logging.getLogger(library).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="Running within a PipelineSession")
    session = PipelineSession(
        boto_session=boto3.Session(region_name=region),
        default_bucket=bucket,
        sagemaker_config=NO_TELEMETRY,
    )
    # Else it looks for the bucket, and creates it, though it was told its name.
    session._default_bucket = bucket
    # The session has checked its configuration. The SDK would check it again at each of about 40
    # look-ups, together with the whole schema: three of the five seconds that a definition takes.
    SageMakerConfig.validate_sagemaker_config = staticmethod(_checked_already)
    return session


def _checked_already(sagemaker_config: object = None) -> None:
    """Stands in for the SDK's check of its configuration."""
