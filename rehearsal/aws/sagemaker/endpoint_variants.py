"""Production variants as DescribeEndpoint shows them, and what an update keeps of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.aws.platform import AwsError
from rehearsal.aws.sagemaker.records import Record, now


def summary(variant: Mapping[str, Any], images: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A variant that serves, as a ProductionVariantSummary.

    Args:
        variant: ProductionVariant of the endpoint configuration.
        images: Specified and resolved image of each container.
    """
    weight = variant["InitialVariantWeight"]
    answer: dict[str, Any] = {
        "VariantName": variant["VariantName"],
        "DeployedImages": [
            {"SpecifiedImage": given, "ResolvedImage": resolved, "ResolutionTime": now()}
            for given, resolved in images
        ],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
    }
    if "ServerlessConfig" in variant:
        # Serverless endpoints report no instances.
        answer["CurrentServerlessConfig"] = variant["ServerlessConfig"]
        answer["DesiredServerlessConfig"] = variant["ServerlessConfig"]
    else:
        answer["CurrentInstanceCount"] = variant["InitialInstanceCount"]
        answer["DesiredInstanceCount"] = variant["InitialInstanceCount"]
    if "RoutingConfig" in variant:
        answer["RoutingConfig"] = variant["RoutingConfig"]
    return answer


def desired(record: Record, changes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The variants of an endpoint with the weights and capacities that a caller asks for."""
    variants = {variant["VariantName"]: dict(variant) for variant in record["ProductionVariants"]}
    for change in changes:
        variant = variants.get(change["VariantName"])
        if variant is None:
            message = (
                f'Could not find variant "{change["VariantName"]}" of endpoint '
                f'"{record["EndpointArn"]}"; it has {", ".join(variants)}.'
            )
            raise AwsError("ValidationException", message)
        _apply(variant, change)
    return list(variants.values())


def _apply(variant: dict[str, Any], change: Mapping[str, Any]) -> None:
    if "DesiredWeight" in change:
        variant["DesiredWeight"] = change["DesiredWeight"]
    if "DesiredInstanceCount" in change:
        if "DesiredInstanceCount" not in variant:
            message = f"Serverless variant {variant['VariantName']} has no instances to count."
            raise AwsError("ValidationException", message)
        variant["DesiredInstanceCount"] = change["DesiredInstanceCount"]
    update = change.get("ServerlessUpdateConfig")
    if update:
        if "DesiredServerlessConfig" not in variant:
            message = f"Variant {variant['VariantName']} is not serverless."
            raise AwsError("ValidationException", message)
        variant["DesiredServerlessConfig"] = variant["DesiredServerlessConfig"] | update


def reached(variant: Mapping[str, Any]) -> dict[str, Any]:
    """A variant that has become what was desired."""
    pairs = ("Weight", "InstanceCount", "ServerlessConfig")
    current = {
        f"Current{name}": variant[f"Desired{name}"] for name in pairs if f"Desired{name}" in variant
    }
    return {**variant, **current}


def retained(
    config: Mapping[str, Any],
    record: Record,
    current_config: Mapping[str, Any] | None,
    excluded: set[str],
) -> dict[str, Any]:
    """A configuration that keeps instance counts, weights and capture of the running endpoint.

    That is RetainAllVariantProperties of UpdateEndpoint; `excluded` are the property types that the
    new configuration overrides.
    """
    running = {variant["VariantName"]: variant for variant in record["ProductionVariants"]}
    variants = []
    for given in config["ProductionVariants"]:
        variant, now_running = dict(given), running.get(given["VariantName"], {})
        if "DesiredInstanceCount" not in excluded and "InitialInstanceCount" in variant:
            count = now_running.get("DesiredInstanceCount", variant["InitialInstanceCount"])
            variant["InitialInstanceCount"] = count
        if "DesiredWeight" not in excluded:
            weight = now_running.get("DesiredWeight", variant["InitialVariantWeight"])
            variant["InitialVariantWeight"] = weight
        variants.append(variant)
    kept = {**config, "ProductionVariants": variants}
    if "DataCaptureConfig" not in excluded and current_config is not None:
        kept.pop("DataCaptureConfig", None)
        if "DataCaptureConfig" in current_config:
            kept["DataCaptureConfig"] = current_config["DataCaptureConfig"]
    return kept
