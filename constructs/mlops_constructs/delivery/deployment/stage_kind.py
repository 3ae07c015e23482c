"""Kinds of stages that the settings of a model-deploy repository can name."""

from enum import StrEnum


class StageKind(StrEnum):
    """A kind of stage: the key `kind` of `config/STAGE.yaml`.

    Source: "Model deployment options in Amazon SageMaker AI" of SageMaker's developer guide.
    """

    REAL_TIME = "real-time"
    """An endpoint on instances that always run."""

    SERVERLESS = "serverless"
    """An endpoint whose capacity starts with a request."""

    ASYNCHRONOUS = "asynchronous"
    """An endpoint with a queue, whose requests and responses are in S3."""

    COMPONENT = "component"
    """An endpoint with an inference component, which scales to zero."""

    BATCH = "batch"
    """Transform jobs on a schedule, without an endpoint."""


ALL_KINDS = tuple(StageKind)
"""Every kind."""
