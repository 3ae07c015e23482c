"""Production variants as DescribeEndpoint shows them, and the properties that an update keeps."""

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError
from rehearsal.services.sagemaker.records import Record, now


def summary(variant: Mapping[str, Any], images: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Returns the ProductionVariantSummary of a variant that serves.

    Args:
        variant: the ProductionVariant of the endpoint configuration.
        images: the specified and the resolved image of each container.
    """
    weight = variant["InitialVariantWeight"]
    shown: dict[str, Any] = {
        "VariantName": variant["VariantName"],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
    }
    if images:
        shown["DeployedImages"] = [deployed_image(*image) for image in images]
    if "ServerlessConfig" in variant:
        # Serverless endpoints report no instances.
        shown["CurrentServerlessConfig"] = variant["ServerlessConfig"]
        shown["DesiredServerlessConfig"] = variant["ServerlessConfig"]
    else:
        scaling = variant.get("ManagedInstanceScaling", {})
        count = variant.get("InitialInstanceCount", scaling.get("MinInstanceCount", 1))
        shown["CurrentInstanceCount"] = count
        shown["DesiredInstanceCount"] = count
    for member in ("RoutingConfig", "ManagedInstanceScaling"):
        if member in variant:
            shown[member] = variant[member]
    return shown


def deployed_image(specified: str, resolved: str) -> dict[str, Any]:
    """Returns the DeployedImage of an image as specified and by digest."""
    return {"SpecifiedImage": specified, "ResolvedImage": resolved, "ResolutionTime": now()}


def desired(record: Record, changes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Returns the variants of an endpoint with the weights and capacities of a request."""
    variants = {variant["VariantName"]: dict(variant) for variant in record["ProductionVariants"]}
    for change in changes:
        variant = variants.get(change["VariantName"])
        if variant is None:
            message = (
                f'Could not find variant "{change["VariantName"]}" of endpoint '
                f'"{record["EndpointArn"]}"; it has {", ".join(variants)}.'
            )
            raise AwsError("ValidationException", message)
        _apply(record, variant, change)
    return list(variants.values())


def _apply(record: Record, variant: dict[str, Any], change: Mapping[str, Any]) -> None:
    if "DesiredWeight" in change:
        variant["DesiredWeight"] = change["DesiredWeight"]
    if "DesiredInstanceCount" in change:
        if "DesiredInstanceCount" not in variant:
            message = f"Serverless variant {variant['VariantName']} has no instances to count."
            raise AwsError("ValidationException", message)
        _check_count(record, variant, change["DesiredInstanceCount"])
        variant["DesiredInstanceCount"] = change["DesiredInstanceCount"]
    update = change.get("ServerlessUpdateConfig")
    if update:
        if "DesiredServerlessConfig" not in variant:
            message = f"Variant {variant['VariantName']} is not serverless."
            raise AwsError("ValidationException", message)
        variant["DesiredServerlessConfig"] = variant["DesiredServerlessConfig"] | update


def _check_count(record: Record, variant: Mapping[str, Any], count: int) -> None:
    """Checks that a variant may have a number of instances.

    Only asynchronous endpoints, which have a queue, and variants without models scale to zero.
    """
    if count == 0 and not record.get("AsyncInferenceConfig") and "DeployedImages" in variant:
        message = (
            f"DesiredInstanceCount of variant {variant['VariantName']} must be at least 1: only "
            "asynchronous endpoints and inference components scale to zero."
        )
        raise AwsError("ValidationException", message)


def reached(variant: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a variant whose desired values have become its current ones."""
    return _with(variant, "Current", "Desired")


def stayed(variant: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a variant whose desired values are its current ones again."""
    return _with(variant, "Desired", "Current")


def _with(variant: Mapping[str, Any], changed: str, taken: str) -> dict[str, Any]:
    pairs = ("Weight", "InstanceCount", "ServerlessConfig")
    values = {
        f"{changed}{name}": variant[f"{taken}{name}"]
        for name in pairs
        if f"{taken}{name}" in variant
    }
    return {**variant, **values}


def retained(
    config: Mapping[str, Any],
    record: Record,
    current_config: Mapping[str, Any] | None,
    excluded: set[str],
) -> dict[str, Any]:
    """Returns a configuration that keeps properties of the running endpoint.

    Those are the instance counts, weights and data capture, by RetainAllVariantProperties of
    UpdateEndpoint; `excluded` are the property types that the new configuration overrides.
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


def reject_conversion(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Checks that an update keeps the kind of an endpoint, such as serverless."""
    before, after = _kind(old), _kind(new)
    if before != after:
        message = (
            f"The endpoint is {before}; an update cannot make it {after}. Create another endpoint."
        )
        raise AwsError("ValidationException", message)


def replaced_variants(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Returns the variants that an update removes, or whose instance type it changes."""
    types = {v["VariantName"]: v.get("InstanceType") for v in new["ProductionVariants"]}
    return [
        variant["VariantName"]
        for variant in old["ProductionVariants"]
        if types.get(variant["VariantName"], "none") != variant.get("InstanceType")
    ]


def _kind(config: Mapping[str, Any]) -> str:
    variants = config["ProductionVariants"]
    if config.get("AsyncInferenceConfig"):
        return "asynchronous"
    if any("ServerlessConfig" in variant for variant in variants):
        return "serverless"
    if not any(variant.get("ModelName") for variant in variants):
        return "one for inference components"
    return "a real-time one"
