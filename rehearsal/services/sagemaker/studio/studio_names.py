"""Paths of what is named within a Studio domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def app_path(request: Mapping[str, Any]) -> str:
    """What stands behind `app/` in the ARN of an app: domain, owner, type and name."""
    owner = request.get("SpaceName") or request.get("UserProfileName") or ""
    return f"{request['DomainId']}/{owner}/{request['AppType'].lower()}/{request['AppName']}"
