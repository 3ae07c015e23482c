"""A record as Feature Store's runtime answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.service import Request
from rehearsal.services.sagemaker.feature_store.feature_values import reject
from rehearsal.services.sagemaker.feature_store.online_store import StoredRecord

Group = Mapping[str, Any]


def wanted_features(group: Group, names: Sequence[str] | None) -> list[str]:
    """The features that a request asks for, in the order of the schema."""
    known = [entry["FeatureName"] for entry in group["FeatureDefinitions"]]
    unknown = set(names or ()) - set(known)
    if unknown:
        reject(f"Features {', '.join(sorted(unknown))} do not exist in the feature group.")
    return [name for name in known if not names or name in names]


def answer(
    group: Group, record: StoredRecord, wanted: Sequence[str], request: Request
) -> dict[str, Any]:
    """The wanted features that a record has, and when it expires if that is asked for."""
    values = [
        {"FeatureName": name, _member(record.values[name]): record.values[name]}
        for name in wanted
        if name in record.values
    ]
    found: dict[str, Any] = {"Record": values}
    if request.get("ExpirationTimeResponse") == "Enabled" and record.expires_at:
        found["ExpiresAt"] = record.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return found


def _member(value: Any) -> str:
    return "ValueAsStringList" if isinstance(value, list) else "ValueAsString"
