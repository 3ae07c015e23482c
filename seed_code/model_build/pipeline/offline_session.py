"""A session of the SageMaker SDK that defines a pipeline without a call to AWS.

Import this module before any other module of the SDK. It replaces private parts of the SDK, so it
accepts only the release that it was tested with: SDK 3.27.0, whose core is sagemaker-core 2.27.0.
"""

import logging
import os
import warnings
from importlib.metadata import version
from typing import Any

# The SDK would simulate the role's permissions with IAM, which the role of a build cannot call.
os.environ.setdefault("SAGEMAKER_VALIDATE_ROLE", "false")
# The SDK creates a client when it is imported, and reads the Region only from this variable.
os.environ.setdefault("AWS_DEFAULT_REGION", os.environ.get("AWS_REGION", "us-east-1"))

import boto3
from mlops_jobs.failure import InputError
from sagemaker.core.config.config_manager import SageMakerConfig
from sagemaker.core.workflow.pipeline_context import PipelineSession

TESTED_CORE = "2.27.0"

# Otherwise the SDK sends telemetry about each call to AWS by HTTP.
NO_TELEMETRY = {
    "SchemaVersion": "1.0",
    "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
}


def offline_session(*, region: str, bucket: str) -> Any:
    """Creates a pipeline session for one bucket.

    Args:
        region: AWS Region of the pipeline.
        bucket: name of the bucket for the pipeline's artifacts.

    Returns:
        A `PipelineSession` of the SDK.

    Raises:
        InputError: the installed SDK is not the tested release.
    """
    _check_release(version("sagemaker-core"))
    # The SDK turns on the logs of all libraries, which would hide the messages of the build.
    for library in ("sagemaker", "botocore", "boto3"):
        logging.getLogger(library).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="Running within a PipelineSession")
    session = PipelineSession(
        boto_session=boto3.Session(region_name=region),
        default_bucket=bucket,
        sagemaker_config=NO_TELEMETRY,
    )
    # The SDK would otherwise look up the bucket, and create it, despite `default_bucket`.
    session._default_bucket = bucket
    # The session has validated its configuration. The SDK would validate it again, with the whole
    # schema, at each of about 40 look-ups: three of the five seconds that a definition takes.
    SageMakerConfig.validate_sagemaker_config = staticmethod(_already_validated)
    return session


def _check_release(installed: str) -> None:
    if installed != TESTED_CORE:
        raise InputError(
            f"sagemaker-core: got {installed}; allowed: {TESTED_CORE}, whose private parts "
            "pipeline/offline_session.py replaces. Install pipeline/requirements.txt; to upgrade, "
            "check these replacements and change TESTED_CORE"
        )


def _already_validated(sagemaker_config: object = None) -> None:
    """Replaces the SDK's validation of its configuration."""
