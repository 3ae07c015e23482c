"""Endpoints that SageMaker cannot monitor."""

from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._problems import is_known


def exclusion_problems(endpoint: object, variant_name: str | None) -> list[str]:
    """Validates an endpoint of the same app; returns one message per unsupported feature.

    Args:
        endpoint: endpoint; one that is imported is not validated.
        variant_name: monitored variant; None for the only one.

    Source: "Data capture", "Multi-model endpoints" and "Serverless Inference", feature exclusions.
    """
    if not isinstance(endpoint, Construct):
        return []
    return [
        problem
        for child in endpoint.node.find_all()
        if isinstance(child, sagemaker.CfnEndpointConfig)
        for problem in _config_problems(child, variant_name)
    ]


def _config_problems(
    config: sagemaker.CfnEndpointConfig, variant_name: str | None
) -> Iterator[str]:
    stack = cdk.Stack.of(config)
    variants: list[dict[str, Any]] = stack.resolve(config.production_variants) or []
    shadows: list[dict[str, Any]] = stack.resolve(config.shadow_production_variants) or []
    if any(variant.get("serverlessConfig") for variant in variants):
        yield (
            "endpoint: got a serverless endpoint, which does not support data capture; use an "
            "endpoint with a real-time variant"
        )
        return
    capture = stack.resolve(config.data_capture_config) or {}
    if capture.get("enableCapture") is not True:
        yield ("endpoint: got an endpoint without data capture; give it data_capture")
    chosen = [*variants, *shadows]
    if variant_name is not None:
        names = [str(variant["variantName"]) for variant in chosen]
        chosen = [variant for variant in chosen if variant["variantName"] == variant_name]
        if not chosen and is_known(variant_name):
            yield f"variant_name: got {variant_name!r}; allowed are {', '.join(names)}"
    elif len(chosen) > 1:
        yield (
            f"endpoint: got {len(variants)} variants and {len(shadows)} shadow variants; allowed "
            "is one, because a run treats all captured data as that of one model; for several "
            "variants use a DriftMonitor with variant_name"
        )
    for variant in chosen:
        yield from _model_problems(stack, variant.get("modelName"))


def _model_problems(stack: cdk.Stack, model_name: Any) -> Iterator[str]:
    for model in stack.node.find_all():
        if not isinstance(model, sagemaker.CfnModel):
            continue
        if stack.resolve(model.attr_model_name) != model_name:
            continue
        if (stack.resolve(model.primary_container) or {}).get("mode") == "MultiModel":
            yield (
                "endpoint: got a multi-model endpoint, whose captured data mixes the models; "
                "allowed is one model"
            )
        if len(stack.resolve(model.containers) or []) > 1:
            yield (
                "endpoint: got a serial inference pipeline, whose captured data is not the input "
                "of the model; allowed is one container"
            )
