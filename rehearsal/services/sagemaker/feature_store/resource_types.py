"""CloudFormation type of feature groups."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.cloudformation.resource_requests import to_api
from rehearsal.cloudformation.resource_types import (
    Identifier,
    Properties,
    ResourceFailure,
    ResourceType,
)
from rehearsal.services.sagemaker.waiting import POLL_SECONDS, wait_until_gone


def _wait_for_group(client: Any, identifier: Mapping[str, Any]) -> None:
    """Waits until a group is created and its last update has ended."""
    while True:
        group = client.describe_feature_group(**identifier)
        busy = group["FeatureGroupStatus"] == "Creating"
        update = group.get("LastUpdateStatus", {})
        if not busy and update.get("Status") != "InProgress":
            break
        time.sleep(POLL_SECONDS)
    if group["FeatureGroupStatus"] != "Created" or update.get("Status") == "Failed":
        reason = group.get("FailureReason") or update.get("FailureReason", "")
        raise ResourceFailure(f"Feature group {identifier['FeatureGroupName']}: {reason}")


def _bring(client: Any, identifier: Identifier, before: Properties, after: Properties) -> None:
    """Updates a group step by step: UpdateFeatureGroup accepts one kind of change at a time."""
    shape = client.meta.service_model.operation_model("UpdateFeatureGroup").input_shape
    for change in _changes(before, after) if before else ():
        client.update_feature_group(**identifier, **to_api(shape, change, ""))
        _wait_for_group(client, identifier)


def _changes(before: Properties, after: Properties) -> Iterator[dict[str, Any]]:
    known = {entry["FeatureName"]: entry for entry in before["FeatureDefinitions"]}
    now = {entry["FeatureName"]: entry for entry in after["FeatureDefinitions"]}
    changed = [name for name, entry in known.items() if now.get(name) != entry]
    if changed:
        raise ResourceFailure(
            f"Features cannot be removed or changed: {', '.join(sorted(changed))} (InvalidRequest)"
        )
    if additions := [entry for name, entry in now.items() if name not in known]:
        yield {"FeatureAdditions": additions}
    old, new = (given.get("OnlineStoreConfig", {}).get("TtlDuration") for given in (before, after))
    if old != new:
        yield {"OnlineStoreConfig": {"TtlDuration": new or {}}}
    default = {"ThroughputMode": "OnDemand"}
    throughput = after.get("ThroughputConfig", default)
    if before.get("ThroughputConfig", default) != throughput:
        yield {"ThroughputConfig": throughput}


RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::SageMaker::FeatureGroup",
        service="sagemaker",
        create="CreateFeatureGroup",
        describe="DescribeFeatureGroup",
        delete="DeleteFeatureGroup",
        identifier=("FeatureGroupName",),
        ref="FeatureGroupName",
        attributes={
            "CreationTime": "CreationTime",
            "FeatureGroupStatus": "FeatureGroupStatus",
        },
        name_property="FeatureGroupName",
        bring=_bring,
        wait=_wait_for_group,
        wait_deleted=wait_until_gone("describe_feature_group"),
    ),
]
