"""Descriptions of KMS keys, with the members that AWS always has in them.

Sources: KeyMetadata, GetKeyRotationStatus and CreateAlias (names that begin with alias/aws/ are
reserved for AWS managed keys) in the KMS API reference.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import kms

from rehearsal.ministack.registry import patch

_RESERVED = ":alias/aws/"


@patch(
    "ministack.services.kms:_key_metadata",
    why="A description has no AWSAccountId, and AWS's managed keys have KeyManager CUSTOMER.",
    until="ministack describes the account and the manager of a key.",
)
def key_metadata(
    previous: Callable[[Mapping[str, Any]], dict[str, Any]], rec: Mapping[str, Any]
) -> dict[str, Any]:
    described = previous(rec)
    managed = any(
        key_id == rec["KeyId"] and _RESERVED in alias for alias, key_id in kms._aliases.items()
    )
    described["AWSAccountId"] = rec["Arn"].split(":")[4]
    described["KeyManager"] = "AWS" if managed else "CUSTOMER"
    return described


@patch(
    "ministack.services.kms:_get_key_rotation_status",
    why="The status has no KeyId, and a period where the key is not rotated.",
    until="ministack returns KeyId, and RotationPeriodInDays only while rotation is enabled.",
)
def rotation_status(previous: Callable[[Any], Any], data: Any) -> Any:
    status, headers, body = previous(data)
    key = kms._resolve_key(data.get("KeyId", ""))
    if status != 200 or key is None:
        return status, headers, body
    found = {**json.loads(body), "KeyId": key["Arn"]}
    if not found["KeyRotationEnabled"]:
        del found["RotationPeriodInDays"]
    return status, headers, json.dumps(found).encode()
