"""The condition key `codecommit:References`: the branch that a request changes.

From "Actions, resources, and condition keys for AWS CodeCommit" in the service authorization
reference, and "Limit pushes and merges to branches" in CodeCommit's User Guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REFERENCES = "codecommit:References"
BRANCH = "refs/heads/"
_BRANCH_NAMED = ("CreateBranch", "CreateCommit", "DeleteBranch", "DeleteFile", "PutFile")


def reference_keys(operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the condition key of a request that names a branch."""
    if operation in _BRANCH_NAMED and request.get("branchName"):
        return {REFERENCES: f"{BRANCH}{request['branchName']}"}
    return {}
