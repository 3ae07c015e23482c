"""Condition keys of services that a request carries itself, as members, fields or headers.

Source: "Actions, resources, and condition keys" of AWS KMS, AWS Lambda, Amazon SNS, Amazon S3,
AWS Systems Manager, Amazon EventBridge, AWS Step Functions and AWS CloudFormation in the service
authorization reference.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from ministack.core import iam_actions
from ministack.services import kms

from rehearsal.cloudformation.resource_requests import dig
from rehearsal.ministack.registry import patch
from rehearsal.ministack.request_scope import current_scope

_WHY = "Condition keys of a request have no value, so statements with them never apply."
_UNTIL = "ministack resolves the condition keys of the service."
_DATA_KEYS = ("GenerateDataKey", "GenerateDataKeyWithoutPlaintext")
_CRYPTO = ("Encrypt", "Decrypt", *_DATA_KEYS)
_FUNCTION = {
    "Layer": "Layers",
    "SubnetIds": "VpcConfig.SubnetIds",
    "SecurityGroupIds": "VpcConfig.SecurityGroupIds",
    "CodeSigningConfigArn": "CodeSigningConfigArn",
}
_URL = {"FunctionUrlAuthType": "AuthType"}
# The members of a request by the action and the name of the key.
MEMBERS: Mapping[str, Mapping[str, str]] = {
    "kms:CreateKey": {
        "BypassPolicyLockoutSafetyCheck": "BypassPolicyLockoutSafetyCheck",
        "KeyOrigin": "Origin",
        "KeySpec": "KeySpec",
        "KeyUsage": "KeyUsage",
        "MultiRegion": "MultiRegion",
    },
    "kms:PutKeyPolicy": {"BypassPolicyLockoutSafetyCheck": "BypassPolicyLockoutSafetyCheck"},
    "kms:CreateGrant": {
        "GrantOperations": "Operations",
        "GranteePrincipal": "GranteePrincipal",
        "RetiringPrincipal": "RetiringPrincipal",
    },
    **{f"kms:{name}": {"EncryptionAlgorithm": "EncryptionAlgorithm"} for name in _CRYPTO},
    "kms:Sign": {"MessageType": "MessageType", "SigningAlgorithm": "SigningAlgorithm"},
    "kms:Verify": {"MessageType": "MessageType", "SigningAlgorithm": "SigningAlgorithm"},
    "kms:GenerateMac": {"MacAlgorithm": "MacAlgorithm"},
    "kms:VerifyMac": {"MacAlgorithm": "MacAlgorithm"},
    "kms:ScheduleKeyDeletion": {"ScheduleKeyDeletionPendingWindowInDays": "PendingWindowInDays"},
    "kms:EnableKeyRotation": {"RotationPeriodInDays": "RotationPeriodInDays"},
    "kms:ReplicateKey": {"ReplicaRegion": "ReplicaRegion"},
    "kms:UpdatePrimaryRegion": {"PrimaryRegion": "PrimaryRegion"},
    "lambda:CreateFunction": _FUNCTION,
    "lambda:UpdateFunctionConfiguration": _FUNCTION,
    "lambda:AddPermission": {
        "EventSourceToken": "EventSourceToken",
        "FunctionUrlAuthType": "FunctionUrlAuthType",
        "Principal": "Principal",
    },
    "lambda:CreateFunctionUrlConfig": _URL,
    "lambda:UpdateFunctionUrlConfig": _URL,
    "ssm:PutParameter": {"Overwrite": "Overwrite"},
    "ssm:GetParametersByPath": {"Recursive": "Recursive"},
    "sns:Subscribe": {"Endpoint": "Endpoint", "Protocol": "Protocol"},
}
_DEFAULTS = {
    "kms:KeyOrigin": "AWS_KMS",
    "kms:KeySpec": "SYMMETRIC_DEFAULT",
    "kms:KeyUsage": "ENCRYPT_DECRYPT",
    "kms:MultiRegion": "false",
    "kms:BypassPolicyLockoutSafetyCheck": "false",
    "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    "kms:ScheduleKeyDeletionPendingWindowInDays": "30",
    "ssm:Overwrite": "false",
    "ssm:Recursive": "false",
}
_OF_KEYS = {
    "kms:KeyOrigin": "Origin",
    "kms:KeySpec": "KeySpec",
    "kms:KeyUsage": "KeyUsage",
    "kms:MultiRegion": "MultiRegion",
}
_S3_HEADERS = (
    "x-amz-content-sha256",
    "x-amz-copy-source",
    "x-amz-metadata-directive",
    "x-amz-object-ownership",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
    "if-match",
    "if-none-match",
)
_S3_LOCKS = {
    "object-lock-legal-hold": "x-amz-object-lock-legal-hold",
    "object-lock-mode": "x-amz-object-lock-mode",
    "object-lock-retain-until-date": "x-amz-object-lock-retain-until-date",
}


@patch(
    "ministack.core.iam_actions:request_tag_context",
    why=_WHY,
    until=_UNTIL,
    after="iam.other_accounts",
)
def request_context(
    previous: Callable[..., Any],
    service: str,
    iam_action: str,
    body: bytes,
    params: Mapping[str, Any],
) -> dict[str, Any]:
    found: dict[str, Any] = previous(service, iam_action, body, params)
    request = _members(body)
    namespace = iam_action.partition(":")[0]
    for name, path in MEMBERS.get(iam_action, {}).items():
        key = f"{namespace}:{name}"
        in_body = body[:1] == b"{"
        value = dig(request, path) if in_body else iam_actions._query_param(dict(params), path)
        value = _DEFAULTS.get(key) if value is None else value
        if value not in (None, [], ""):
            found[key] = _text(value)
    if service == "kms":
        found |= _of_key(iam_action, request)
    elif service == "lambda":
        found |= _of_function(iam_action, request)
    elif service == "events":
        found |= _of_rule(iam_action, request)
    elif service in ("states", "stepfunctions"):
        found |= _of_machine(iam_action, request)
    return found


@patch("ministack.core.iam_actions:s3_service_context", why=_WHY, until=_UNTIL)
def s3_context(
    previous: Callable[..., Any],
    iam_action: str,
    query_params: dict[str, Any] | None,
    path: str = "",
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    found: dict[str, Any] = previous(iam_action, query_params, path, headers)
    given, query = headers or {}, query_params or {}
    found |= {f"s3:{name}": given[name] for name in _S3_HEADERS if given.get(name)}
    found |= {f"s3:{key}": given[name] for key, name in _S3_LOCKS.items() if given.get(name)}
    if version := iam_actions._query_param(query, "versionId"):
        found["s3:versionid"] = version
    signed = "authorization" in given
    if signed or "X-Amz-Signature" in query:
        found["s3:signatureversion"] = "AWS4-HMAC-SHA256"
        found["s3:authType"] = "REST-HEADER" if signed else "REST-QUERY-STRING"
    tags = parse_qs(given.get("x-amz-tagging", ""), keep_blank_values=True)
    if tags:
        found["s3:RequestObjectTagKeys"] = list(tags)
        found |= {f"s3:RequestObjectTag/{name}": values[0] for name, values in tags.items()}
    return found


@patch(
    "ministack.core.iam_evaluator:_resolve_condition_key",
    why="The tags of a resource have no value under the key of the service, and nothing says that "
    "the principal is a service.",
    until="ministack resolves ecr:ResourceTag, ssm:resourceTag, aws:PrincipalIsAWSService and "
    "aws:PrincipalServiceName.",
    after="corrections.bucket_owner",
)
def resolve(previous: Callable[..., Any], key: str, ctx: Any) -> Any:
    value = previous(key, ctx)
    is_service = ctx.principal_type == "Service"
    if key.lower() == "aws:principalisawsservice":
        return str(is_service).lower()
    if key.lower() == "aws:principalservicename":
        return ctx.principal_arn if is_service else None
    service, _, name = key.partition(":")
    if value is None and service.lower() in ("ecr", "ssm") and name.lower().startswith("resourcet"):
        return previous(f"aws:ResourceTag/{name.partition('/')[2]}", ctx)
    return value


def _of_key(iam_action: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the keys about the KMS key that a request names, and the alias by which it does."""
    given = str(request.get("KeyId") or request.get("TargetKeyId") or "")
    found: dict[str, Any] = {}
    if ":alias/" in given or given.startswith("alias/"):
        found["kms:RequestAlias"] = given.rpartition(":")[2]
    record = kms._resolve_key(given) if given else None
    if record is not None and iam_action != "kms:CreateKey":
        for key, member in _OF_KEYS.items():
            found[key] = _text(record.get(member) or _DEFAULTS[key])
        aliases = [arn for arn, key_id in kms._aliases.items() if key_id == record["KeyId"]]
        if aliases:
            found["kms:ResourceAliases"] = [arn.rpartition(":")[2] for arn in aliases]
    return found


def _of_function(iam_action: str, request: Mapping[str, Any]) -> dict[str, Any]:
    mapping = ("lambda:CreateEventSourceMapping", "lambda:UpdateEventSourceMapping")
    name = str(request.get("FunctionName") or "")
    if iam_action not in mapping or not name:
        return {}
    if not name.startswith("arn:"):
        name = current_scope().arn("lambda", f"function:{name}")
    return {"lambda:FunctionArn": name}


def _of_rule(iam_action: str, request: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    targets = [one.get("Arn") for one in request.get("Targets") or [] if isinstance(one, dict)]
    if iam_action == "events:PutTargets" and targets:
        found["events:TargetArn"] = targets
    if iam_action.endswith(("Rule", "Targets")):
        found["events:creatorAccount"] = current_scope().account
    return found


def _of_machine(iam_action: str, request: Mapping[str, Any]) -> dict[str, Any]:
    parts = str(request.get("stateMachineArn") or "").split(":")
    if len(parts) > 7 and "Execution" in iam_action:
        return {"states:StateMachineQualifier": parts[7]}
    return {}


def _members(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body) if body[:1] == b"{" else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return [_text(one) for one in value]
    return str(value).lower() if isinstance(value, bool) else str(value)
