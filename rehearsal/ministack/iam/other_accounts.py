"""Resources of other accounts, which a request names by an ARN or by the id of a registry.

Their policy is evaluated beside the policies of the caller, and the request is served in the
account that owns them.

Sources: "Cross-account policy evaluation logic" in IAM's guide; "Allowing users in other accounts
to use a KMS key"; "Private repository policies" of ECR; "Granting Lambda function access to
other accounts"; "Access AWS Secrets Manager secrets from a
different account".
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import kms, secretsmanager

from rehearsal.containers.aws_images.accounts import PUBLISHERS
from rehearsal.framework.platform import AwsError, Scope
from rehearsal.ministack.corrections.resource_arns import operation_of, request_of
from rehearsal.ministack.iam import identity
from rehearsal.ministack.iam.key_grants import ENCRYPTION_CONTEXT, RETIRED_GRANT, grant_of
from rehearsal.ministack.registry import patch
from rehearsal.ministack.request_scope import current_scope, in_scope
from rehearsal.ministack.routing import Handler, Response

_SERVICES = {"kms", "ecr", "lambda", "secretsmanager"}
_INVOCATION = re.compile(r"/2015-03-31/functions/(arn:aws:lambda:[^/]+)/invocations")
_WHY = "A key, repository, secret or function of another account seems not to exist."
_UNTIL = "ministack serves resources to other accounts by their policies."
# The operations whose reference has "Cross-account use: Yes", but for ReEncrypt*: its two keys may
# belong to different accounts.
_KEY_OPERATIONS = {
    "CreateGrant",
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "GetKeyRotationStatus",
    "GetPublicKey",
    "ListGrants",
    "RetireGrant",
    "RevokeGrant",
    "Sign",
    "Verify",
    "VerifyMac",
}


_PULLED_BY_ALL = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            }
        ],
    }
)


@patch("ministack.core.iam_evaluator:_resource_policy", why=_WHY, until=_UNTIL)
def policy(previous: Callable[..., Any], service: str, resource_arn: str) -> Any:
    if service not in _SERVICES or resource_arn.count(":") < 5:
        return previous(service, resource_arn)
    region, account = resource_arn.split(":")[3:5]
    if account in ("", get_account_id()):
        return previous(service, resource_arn)
    if service == "ecr" and account in PUBLISHERS:
        return _PULLED_BY_ALL, account
    with in_scope(Scope(account, region)):
        found = previous(service, resource_arn)
    # Nothing allows another account to use a resource that does not exist.
    return found or ("", account)


@patch(
    "ministack.core.iam_evaluator:enforce",
    why="A root is allowed everything, also with resources of other accounts.",
    until=_UNTIL,
    after="iam.root_access",
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
    denied = previous(
        access_key_id,
        iam_action,
        service,
        region,
        resource_arn=resource_arn,
        service_context=service_context,
    )
    account = get_account_id()
    foreign = resource_arn.count(":") >= 5 and resource_arn.split(":")[4] not in ("", account)
    if denied is not None or not foreign or service not in _SERVICES:
        return denied
    if not iam_evaluator.is_root_access_key(access_key_id):
        return None
    ctx = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:iam::{account}:root",
        principal_type="Account",
        principal_account=account,
        action=iam_action,
        resource_arn=resource_arn,
        region=region,
        service_context={key.lower(): value for key, value in (service_context or {}).items()},
        principal_keys={},
    )
    allowed = iam_evaluator.EvalResult("Allow", ctx.principal_arn, "", "Root")
    found = iam_evaluator._resource_policy(service, resource_arn)
    result = iam_evaluator.combine_resource_policy(allowed, ctx, *found, required=True)
    return None if result.decision == "Allow" else result


@patch(
    "ministack.core.iam_actions:extract_resource_arn",
    why=_WHY,
    until=_UNTIL,
    after="corrections.resource_arns",
)
def extract(
    previous: Callable[..., str],
    service: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    query_params: Mapping[str, Any],
    region: str,
    account_id: str,
) -> str:
    arguments = service, method, path, headers, body, query_params, region
    if service == "ecr" and (registry := request_of(body).get("registryId")):
        arn = previous(*arguments, str(registry))
        return f"arn:aws:ecr:{region}:{registry}:repository/*" if arn == "*" else arn
    arn = previous(*arguments, account_id)
    if service == "kms" and operation_of(headers) == "RetireGrant":
        grant = grant_of(request_of(body), region)
        return str(grant["KeyId"]) if grant else arn
    if service == "kms" and operation_of(headers) == "Decrypt" and ":key/" in arn:
        owner = _key_owner(arn.rpartition("/")[2], region)
        if owner and not request_of(body).get("KeyId"):
            return f"arn:aws:kms:{region}:{owner}:key/{arn.rpartition('/')[2]}"
    return arn


def _key_owner(key_id: str, region: str) -> str | None:
    """Returns the account of the key that a ciphertext names by its id."""
    for account, place, name in list(kms._keys._data):
        if (place, name) == (region, key_id):
            return str(account)
    return None


@patch(
    "ministack.core.iam_actions:request_tag_context",
    why="Requests to KMS lack kms:CallerAccount and the keys of the encryption context.",
    until="ministack computes the condition keys of KMS.",
    after="corrections.stack_condition_keys",
)
def context(
    previous: Callable[..., dict[str, Any]],
    service: str,
    iam_action: str,
    body: bytes,
    params: dict[str, Any],
) -> dict[str, Any]:
    keys = previous(service, iam_action, body, params)
    if service != "kms":
        return keys
    pairs = request_of(body).get("EncryptionContext")
    given = pairs if isinstance(pairs, Mapping) else {}
    if iam_action == "kms:RetireGrant" and (
        grant := grant_of(request_of(body), current_scope().region)
    ):
        keys = {**keys, RETIRED_GRANT: grant["GrantId"]}
    return {
        **keys,
        "kms:CallerAccount": get_account_id(),
        **{f"kms:EncryptionContext:{name}": value for name, value in given.items()},
        **({"kms:EncryptionContextKeys": list(given), ENCRYPTION_CONTEXT: given} if given else {}),
    }


@patch("ministack.app:SERVICE_HANDLERS[kms]", why=_WHY, until=_UNTIL)
async def serve_key(
    previous: Handler,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: Any,
) -> Response:
    caller = current_scope()
    owner = _owner_of_key(operation_of(headers), request_of(body), caller)
    with in_scope(Scope(owner, caller.region)):
        response = await previous(method, path, headers, body, query_params)
        if operation_of(headers) == "CreateGrant" and response[0] == 200:
            grant = kms._grants[json.loads(response[2])["GrantId"]]
            grant["IssuingAccount"] = f"arn:aws:iam::{caller.account}:root"
    return response


def _owner_of_key(operation: str, request: Mapping[str, Any], caller: Scope) -> str:
    if operation not in _KEY_OPERATIONS:
        return caller.account
    named = str(request.get("KeyId") or "")
    if named.startswith("arn:") and named.count(":") >= 5:
        return named.split(":")[4]
    if operation == "RetireGrant" and (grant := grant_of(request, caller.region)):
        return str(grant["KeyId"].split(":")[4])
    if operation == "Decrypt" and not named:
        key_id = iam_actions._kms_key_id_from_ciphertext(request.get("CiphertextBlob"))
        return _key_owner(key_id, caller.region) or caller.account
    return caller.account


@patch("ministack.app:SERVICE_HANDLERS[ecr]", why=_WHY, until=_UNTIL)
async def serve_repository(
    previous: Handler,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: Any,
) -> Response:
    caller = current_scope()
    owner = str(request_of(body).get("registryId") or caller.account)
    with in_scope(Scope(owner, caller.region)):
        return await previous(method, path, headers, body, query_params)


@patch("ministack.app:SERVICE_HANDLERS[lambda]", why=_WHY, until=_UNTIL, after="iam.pass_role")
async def invoke(
    previous: Handler,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: Any,
) -> Response:
    caller, named = current_scope(), _INVOCATION.fullmatch(unquote(path))
    if named is None or named[1].count(":") < 6 or named[1].split(":")[3] != caller.region:
        return await previous(method, path, headers, body, query_params)
    with in_scope(Scope(named[1].split(":")[4], caller.region)):
        return await previous(method, path, headers, body, query_params)


@patch("ministack.app:SERVICE_HANDLERS[secretsmanager]", why=_WHY, until=_UNTIL)
async def serve_secret(
    previous: Handler,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: Any,
) -> Response:
    caller, arn = current_scope(), str(request_of(body).get("SecretId") or "")
    if not arn.startswith("arn:") or arn.split(":")[4] == caller.account:
        return await previous(method, path, headers, body, query_params)
    owner = Scope(arn.split(":")[4], caller.region)
    try:
        if operation_of(headers) == "GetSecretValue":
            _authorize_decryption(headers, query_params, arn, owner)
    except AwsError as error:
        content = {"__type": error.code, "message": error.message}
        return 400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(content).encode()
    with in_scope(owner):
        return await previous(method, path, headers, body, query_params)


def _authorize_decryption(
    headers: dict[str, str], query_params: Any, arn: str, owner: Scope
) -> None:
    """Checks that the caller may use the key of a secret, which AWS's own key never allows.

    Raises:
        AwsError: the secret has no key that other accounts can use, or KMS denies the use.
    """
    with in_scope(owner):
        _, secret = secretsmanager._resolve(arn)
        key = kms._resolve_key((secret or {}).get("KmsKeyId") or "")
    if secret is None:
        return
    if key is None:
        raise AwsError(
            "InvalidRequestException",
            "You can't access a secret from a different AWS account if you encrypt the secret "
            "with the default KMS service key.",
        )
    found = identity.access_key(identity.caller_key_id(headers, query_params))
    if found is not None:
        through = f"secretsmanager.{owner.region}.amazonaws.com"
        keys = {"kms:ViaService": through, "kms:CallerAccount": get_account_id()}
        keys["kms:EncryptionContext:SecretARN"] = arn
        identity.authorize(found.principal_arn, "kms:Decrypt", key["Arn"], owner, keys)
