"""Access keys that ministack takes for a root by their form alone, and requests without one.

Source: https://docs.aws.amazon.com/general/latest/gr/root-vs-iam.html
"""

import dataclasses
import secrets
from collections.abc import Callable
from typing import Any

from ministack.core import iam_evaluator, lambda_runtime
from ministack.services import sts

from rehearsal.framework.root_keys import is_root_key
from rehearsal.ministack.registry import patch
from rehearsal.ministack.runtime import Runtime

_WHY = "Any 12-digit access key, `test` and none at all are a root, with any secret."
_UNTIL = "ministack checks the secret of a root."


@patch("ministack.core.iam_evaluator:is_root_access_key", why=_WHY, until=_UNTIL)
def is_root_access_key(previous: Callable[[str], bool], access_key_id: str) -> bool:
    return is_root_key(access_key_id)


@patch(
    "ministack.core.iam_evaluator:_is_root_key",
    why="The signature of a root is never verified.",
    until=_UNTIL,
)
def unverified(previous: Callable[[str], bool], access_key_id: str) -> bool:
    return False


@patch("ministack.core.iam_evaluator:resolve_credential", why=_WHY, until=_UNTIL)
def resolve(
    previous: Callable[..., Any],
    access_key_id: str,
    account_id: str | None = None,
    session_token: Any = iam_evaluator._SESSION_TOKEN_NOT_CHECKED,
    *,
    runtime: Runtime,
) -> Any:
    found = previous(access_key_id, account_id, session_token)
    if not is_root_key(access_key_id) or isinstance(found, iam_evaluator.CredentialResolutionError):
        return found
    secret = runtime.platform.root_credentials(access_key_id).secret_access_key
    return dataclasses.replace(found, secret_access_key=secret)


@patch(
    "ministack.core.iam_evaluator:enforce",
    why="An unsigned request to S3 or to the URL of a function is evaluated as the root.",
    until="ministack evaluates unsigned requests by the policy of the resource.",
)
def enforce(
    previous: Callable[..., Any],
    access_key_id: str,
    iam_action: str,
    service: str,
    region: str,
    resource_arn: str = "*",
    service_context: dict[str, Any] | None = None,
) -> Any:
    unsigned = not access_key_id and iam_evaluator._anonymous.get()
    if not unsigned or iam_evaluator._served_unsigned(service, iam_action):
        return previous(
            access_key_id,
            iam_action,
            service,
            region,
            resource_arn=resource_arn,
            service_context=service_context,
        )
    return _enforce_unsigned(iam_action, service, region, resource_arn, service_context or {})


def _enforce_unsigned(
    action: str, service: str, region: str, resource_arn: str, service_context: dict[str, Any]
) -> Any:
    """Evaluates the policy of the resource, as nothing else can allow an unsigned request."""
    context = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Anonymous",
        principal_account="",
        action=action,
        resource_arn=resource_arn,
        region=region,
        service_context={key.lower(): value for key, value in service_context.items()},
    )
    found = iam_evaluator._resource_policy(service, resource_arn)
    if found is not None and found[0]:
        result = iam_evaluator.evaluate_resource_policy(found[0], context)
        if result.decision == "Allow":
            return None
    return iam_evaluator.AuthError("AccessDenied", "Access Denied")


@patch(
    "ministack.core.lambda_runtime:execution_credentials",
    why="The keys of a function are computed from its ARN, so anyone can compute them.",
    until="ministack gives functions random keys.",
)
def execution_credentials(
    previous: Callable[[dict[str, Any]], dict[str, str]], config: dict[str, Any]
) -> dict[str, str]:
    account, _ = lambda_runtime._account_region_from_function_config(config)
    role = config.get("Role", "").rsplit("/", 1)[-1]
    session = config.get("FunctionName", "")[:64]
    key_id, secret = "ASIA" + secrets.token_hex(8).upper(), secrets.token_hex(20)
    token = secrets.token_hex(32)
    sts.register_session(
        key_id,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
            "UserId": f"{role}:{session}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        },
    )
    return {
        "AWS_ACCESS_KEY_ID": key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_SESSION_TOKEN": token,
    }
