"""What UpdateFeatureGroup changes of a feature group."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.services.sagemaker.feature_store.feature_definitions import (
    check_additions,
    check_throughput,
    has_online_store,
    reject,
)
from rehearsal.services.sagemaker.records import Record, now

_ON_DEMAND_AGAIN = datetime.timedelta(hours=24)


def _add_features(group: Record, additions: list[Mapping[str, Any]]) -> None:
    check_additions(group, additions)
    group["FeatureDefinitions"] = [*group["FeatureDefinitions"], *additions]


def _change_time_to_live(group: Record, given: Mapping[str, Any]) -> None:
    """A duration without a value takes the time to live away."""
    if not has_online_store(group):
        reject("the feature group has no online store.")
    config = {
        name: value for name, value in group["OnlineStoreConfig"].items() if name != "TtlDuration"
    }
    duration = given.get("TtlDuration") or {}
    if (duration.get("Unit") is None) != (duration.get("Value") is None):
        reject("TtlDuration needs Unit and Value, or neither to remove it.")
    if duration.get("Value") is not None:
        config["TtlDuration"] = duration
    group["OnlineStoreConfig"] = config


def _change_throughput(group: Record, given: Mapping[str, Any]) -> None:
    before = group["ThroughputConfig"]
    mode = given.get("ThroughputMode", before["ThroughputMode"])
    kept = before if mode == "Provisioned" == before["ThroughputMode"] else {}
    config = {**kept, **given, "ThroughputMode": mode}
    check_throughput({**group, "ThroughputConfig": config})
    if mode == "OnDemand" != before["ThroughputMode"]:
        last = group.get("_on_demand_since")
        if last is not None and now() - last < _ON_DEMAND_AGAIN:
            reject("a feature group can be switched to OnDemand once in a 24 hour period.")
        group["_on_demand_since"] = now()
    group["ThroughputConfig"] = config


#: By the member of the request that says it.
CHANGES: Mapping[str, Callable[[Record, Any], None]] = {
    "FeatureAdditions": _add_features,
    "OnlineStoreConfig": _change_time_to_live,
    "ThroughputConfig": _change_throughput,
}
