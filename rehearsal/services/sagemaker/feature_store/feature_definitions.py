"""The stores of a feature group, and the error of a request that does not fit them."""

from collections.abc import Mapping
from typing import Any, NoReturn

from rehearsal.framework.platform import AwsError


def has_online_store(record: Mapping[str, Any]) -> bool:
    """Returns True if a feature group has an online store."""
    return bool(record.get("OnlineStoreConfig", {}).get("EnableOnlineStore"))


def reject(message: str) -> NoReturn:
    """Raises SageMaker's error for a request that violates a rule."""
    raise AwsError("ValidationException", f"Validation Error: {message}")
