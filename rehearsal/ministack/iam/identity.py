"""Credentials, roles and policies in ministack's IAM and STS."""

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core import iam_actions, iam_evaluator, router
from ministack.services import iam, sts

from rehearsal.cloudformation.stack_permissions import Role
from rehearsal.framework.platform import AccessKey, AwsError, Context, Credentials, Scope
from rehearsal.framework.protocols.protocol import HttpRequest
from rehearsal.framework.root_keys import is_root_key
from rehearsal.ministack.iam.role_trust import role_of, trusts_service
from rehearsal.ministack.request_scope import in_scope

_SESSION_SECONDS = 12 * 3600


def access_key(access_key_id: str) -> AccessKey | None:
    """Returns the secret of a key of a root, user or session, or None if it is not valid now."""
    owner = key_owner(access_key_id)
    if owner is None:
        return None
    credential = iam_evaluator.resolve_credential(access_key_id, owner)
    if isinstance(credential, iam_evaluator.CredentialResolutionError):
        return None
    return AccessKey(
        credential.secret_access_key, credential.session_token, credential.principal_arn
    )


def caller_key_id(headers: Mapping[str, str], query: Mapping[str, list[str]]) -> str:
    """Returns the access key id with which a request is signed."""
    key: str = router.extract_access_key_id(dict(headers), dict(query))
    return key


def assume_role(
    role_arn: str, *, service_principal: str, session_name: str, source_arn: str | None = None
) -> Credentials:
    """Returns session credentials of a role for an AWS service that the role trusts.

    Raises:
        AwsError: AccessDenied, if the role does not exist or does not trust the service.
    """
    role = role_of(role_arn)
    if role is None or not trusts_service(role, role_arn, service_principal, source_arn):
        raise AwsError(
            "AccessDenied",
            f"{service_principal} is not authorized to perform: sts:AssumeRole on resource: "
            f"{role_arn}. The role must exist and its trust policy must name {service_principal}.",
            403,
        )
    account, name = _account(role_arn), role_arn.rsplit("/", 1)[-1]
    credentials = Credentials(
        access_key_id="ASIA" + secrets.token_hex(8).upper(),
        secret_access_key=secrets.token_hex(20),
        session_token=secrets.token_hex(32),
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/{session_name[:64]}",
    )
    sts.register_session(
        credentials.access_key_id,
        {
            "Arn": credentials.principal_arn,
            "UserId": f"{role.get('RoleId', name)}:{session_name[:64]}",
            "SecretAccessKey": credentials.secret_access_key,
            "SessionToken": credentials.session_token,
            "Expiration": time.time() + _SESSION_SECONDS,
            "AccountId": account,
            "PrincipalType": "AssumedRole",
        },
    )
    return credentials


def authorize_request(
    http: HttpRequest,
    *,
    action: str,
    resource_arn: str,
    scope: Scope,
    context_keys: Mapping[str, Any],
) -> None:
    """Evaluates IAM for the caller of an HTTP request, with session and resource policies.

    Raises:
        AwsError: IAM denies the action.
    """
    with in_scope(scope):
        denied = iam_evaluator.enforce(
            caller_key_id(http.headers, http.query),
            action,
            action.split(":", 1)[0],
            scope.region,
            resource_arn=resource_arn,
            service_context=dict(context_keys),
        )
    if denied is None:
        return
    if isinstance(denied, iam_evaluator.AuthError):
        raise AwsError(denied.code, denied.message, 403)
    raise _denied(action, denied.principal_arn, resource_arn, denied.decision == "Deny")


def authorize(
    principal_arn: str,
    action: str,
    resource_arn: str,
    scope: Scope,
    keys: Mapping[str, Any] | None = None,
) -> None:
    """Evaluates IAM for a principal: identity policies, boundary and the policy of the resource.

    Raises:
        AwsError: AccessDeniedException, if IAM denies the action.
    """
    if principal_arn.endswith(":root"):
        return
    account = _account(principal_arn)
    policies, limits, principal_keys = policies_of(principal_arn, account)
    context = iam_evaluator.EvalContext(
        principal_arn=principal_arn,
        principal_type="User" if ":user/" in principal_arn else "AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource_arn,
        region=scope.region,
        service_context={key.lower(): value for key, value in (keys or {}).items()},
        principal_keys=principal_keys,
        secure_transport=True,  # it represents a request over TLS
    )
    with in_scope(scope):
        result = iam_evaluator.evaluate(context, policies, *limits)
        service = action.split(":", 1)[0]
        found = iam_evaluator._resource_policy(service, resource_arn)
        if found is not None:
            required = service in iam_evaluator._POLICY_REQUIRED
            result = iam_evaluator.combine_resource_policy(
                result, context, *found, required=required, limits=limits
            )
    if result.decision != "Allow":
        raise _denied(action, principal_arn, resource_arn, result.decision == "Deny")


def check_pass_role(context: Context, role_arn: str, service_principal: str) -> None:
    """Checks iam:PassRole of the caller on a role, and that the role trusts the service.

    A condition on `aws:SourceArn` is evaluated when the service assumes the role, as its resource
    is not known yet.

    Raises:
        AwsError: the caller must not pass the role, or the role is missing or trusts another
            service.
    """
    role = role_of(role_arn)
    if role is None:
        raise AwsError("ValidationException", f"Role {role_arn} does not exist")
    passed = {"iam:PassedToService": service_principal}
    authorize(context.caller_arn, "iam:PassRole", role_arn, context.scope, passed)
    if not trusts_service(role, role_arn, service_principal, None, source_known=False):
        raise AwsError(
            "ValidationException",
            f"Role {role_arn} cannot be assumed by {service_principal}: its trust policy does not "
            "name that service",
        )


def check_source_identity(role_arn: str, service_principal: str) -> None:
    """Checks that a service may set the source identity when it assumes a role.

    Raises:
        AwsError: the trust policy of the role lacks `sts:SetSourceIdentity`.
    """
    role, action = role_of(role_arn), "sts:SetSourceIdentity"
    if role is not None and not trusts_service(
        role, role_arn, service_principal, None, source_known=False, action=action
    ):
        raise _denied(action, service_principal, role_arn, False)


def role_exists(role_arn: str) -> bool:
    """Returns True if there is a role with the ARN."""
    return role_of(role_arn) is not None


def role_facts(scope: Scope) -> Callable[[str], Role | None]:
    """Returns a lookup of roles by their names in the account of `scope`, for condition keys."""

    def find(name: str) -> Role | None:
        role = iam._roles.get_scoped(scope.account, None, name)
        if role is None:
            return None
        boundary = role.get("PermissionsBoundary")
        if isinstance(boundary, Mapping):
            boundary = boundary.get("PermissionsBoundaryArn")
        tags = {tag["Key"]: tag["Value"] for tag in role.get("Tags") or []}
        return Role(arn=role["Arn"], boundary=boundary, tags=tags)

    return find


def policies_of(principal_arn: str, account: str) -> tuple[Any, Any, dict[str, Any]]:
    """Returns policies, their limits and condition keys of a user, a role or a session."""
    if ":user/" in principal_arn:
        name, store = principal_arn.rsplit("/", 1)[-1], iam._users
        policies = iam_evaluator._gather_user_policies(name, account)
    else:
        name, store = principal_arn.split("/")[1], iam._roles
        if ":role/" in principal_arn:  # a role itself, with its path
            name = principal_arn.rsplit("/", 1)[-1]
        policies = iam_evaluator._gather_role_policies(name, account)
    limits = iam_evaluator._permissions_boundary(store, name, account)
    entity = store.get_scoped(account, None, name) or {}
    tags = entity.get("Tags") or []
    keys = {f"aws:principaltag/{tag['Key'].lower()}": tag["Value"] for tag in tags}
    return policies, limits, keys


def key_owner(access_key_id: str) -> str | None:
    """Returns the account of an access key, or None if the key is unknown."""
    if is_root_key(access_key_id):
        return access_key_id
    session = sts._sessions.get(access_key_id)
    if session is not None:
        return str(session.get("AccountId") or _account(session.get("Arn", "")))
    owner: str | None = iam_evaluator.find_iam_access_key_account(access_key_id)
    return owner


def _account(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 4 else ""


def _denied(action: str, principal_arn: str, resource_arn: str, explicit: bool) -> AwsError:
    message = iam_actions.identity_denial_message(action, principal_arn, resource_arn, explicit)
    return AwsError("AccessDeniedException", message, 403)
