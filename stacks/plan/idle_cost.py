"""Cost of the resources of a stack while nobody uses them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class IdleCost:
    """Cost of the resources of one kind.

    Args:
        name: the resources.
        number: number of billed units.
        monthly: cost in US dollars for 730 hours.
    """

    name: str
    number: int
    monthly: float


@cache
def price_list() -> Mapping[str, Any]:
    """Returns the price list: prices, the region that they apply to, and the day of reading."""
    found: Mapping[str, Any] = json.loads(Path(__file__).with_name("idle_costs.json").read_text())
    return found


def idle_costs(resources: Mapping[str, Any]) -> Iterator[IdleCost]:
    """Yields the cost of the resources of a template that have one while idle.

    Storage, requests and run time are not included: they depend on use.

    Args:
        resources: resources of a template by their logical ids.
    """
    for price in price_list()["prices"]:
        number = sum(_units(one, price) for one in resources.values())
        if number:
            each = price.get("monthly") or price["hourly"] * price_list()["hours_per_month"]
            yield IdleCost(name=price["name"], number=number, monthly=round(number * each, 2))


def _units(resource: Mapping[str, Any], price: Mapping[str, Any]) -> int:
    if resource["Type"] != price["type"]:
        return 0
    properties = resource.get("Properties", {})
    if any(properties.get(key) != value for key, value in price.get("only", {}).items()):
        return 0
    return len(properties.get(price["per"], ())) if "per" in price else 1
