"""Serverless endpoints."""

from mlops_constructs.hosting import Endpoint, ServerlessVariant

from model_deploy import settings

from .stage_resources import StageResources


def serverless_endpoint(resources: StageResources, stage: settings.Serverless) -> Endpoint:
    """Defines a serverless endpoint.

    Args:
        resources: resources of the stage.
        stage: its settings.
    """
    variant = ServerlessVariant(
        # Serverless endpoints do not support network isolation.
        model=resources.model("Model", stage.version, isolated=False),
        memory_mb=stage.memory_mb,
        max_concurrency=stage.max_concurrency,
        provisioned_concurrency=stage.provisioned_concurrency,
    )
    return Endpoint(resources.stack, "Endpoint", endpoint_name=resources.name, variants=[variant])
