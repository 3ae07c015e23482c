"""Rules for the artifact stores of a pipeline and the regions of its actions.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-create-cross-region.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def store_problems(declaration: Mapping[str, Any], region: str) -> list[str]:
    """Returns one message per problem of the artifact stores of a pipeline in `region`."""
    stores = declaration.get("artifactStores")
    if stores is not None and region not in stores:
        return [f"artifactStores has none for the region {region} of the pipeline"]
    return []


def region_problems(
    declaration: Mapping[str, Any], action: Mapping[str, Any], region: str
) -> list[str]:
    """Returns one message per problem of an action's region, for a pipeline in `region`."""
    wanted = action.get("region", region)
    if wanted == region:
        return []
    if action["actionTypeId"]["category"] == "Source":
        return [f"a source action cannot be in another region ({wanted}) than its pipeline"]
    if "artifactStores" not in declaration:
        return [
            f"the action is in the region {wanted}, its pipeline in {region}: specify "
            "artifactStores for both regions instead of artifactStore"
        ]
    if wanted not in declaration["artifactStores"]:
        return [f"artifactStores has none for the region {wanted}"]
    return []
