"""Names of resources in requests and ARNs."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.framework.platform import Scope

LINEAGE_GROUP = "sagemaker-default-lineage-group"


def known_name(name_or_arn: str, kind: str, known: Iterable[str]) -> str:
    """Returns the name of a resource in the case of its creation; ARNs have it in lower case.

    Args:
        name_or_arn: the name or the ARN of a request.
        kind: the resource type in ARNs, such as `model-package`.
        known: the names of the existing resources.

    Returns:
        The name, or the name of the request if there is no such resource.
    """
    if not name_or_arn.startswith("arn:"):
        return name_or_arn
    name = name_or_arn.partition(f":{kind}/")[2]
    return next((found for found in known if found.lower() == name.lower()), name)


def app_path(request: Mapping[str, Any]) -> str:
    """Returns the path of a Studio app in its ARN: domain, owner, type and name."""
    owner = request.get("SpaceName") or request.get("UserProfileName") or ""
    return f"{request['DomainId']}/{owner}/{request['AppType'].lower()}/{request['AppName']}"


def artifact_id(scope: Scope, uri: str) -> str:
    """Returns the id of the lineage artifact of a URI, of which there is at most one."""
    text = f"{scope.account} {scope.region} {uri}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def lineage_group_arn(scope: Scope) -> str:
    """Returns the ARN of the lineage group of an account and region."""
    return scope.arn("sagemaker", f"lineage-group/{LINEAGE_GROUP}")
