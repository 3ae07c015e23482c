"""The principal of a stack operation: the role of the stack, or the caller of CloudFormation."""

import contextvars
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, handlers, helpers

from rehearsal.framework.platform import AwsError, Context, Credentials
from rehearsal.ministack.iam import identity
from rehearsal.ministack.registry import CLOUDFORMATION, PERMANENT, patch
from rehearsal.ministack.request_scope import current_scope
from rehearsal.ministack.routing import Handler

_SERVICE = "cloudformation.amazonaws.com"
_OPERATIONS = (
    "CreateStack",
    "UpdateStack",
    "DeleteStack",
    "CreateChangeSet",
    "ExecuteChangeSet",
    "ContinueUpdateRollback",
    "RollbackStack",
)
# Operations whose RoleARN stays with the stack for all later ones.
_ROLE_KEEPING_OPERATIONS = ("CreateStack", "UpdateStack", "ExecuteChangeSet")
# Members of DescribeStacks, and where ministack's record of a stack has them.
_FURTHER_MEMBERS = {"RoleARN": "_role_arn", "ParentId": "ParentId", "RootId": "RootId"}


@dataclass(frozen=True)
class StackPrincipal:
    """The principal of a stack operation, with the credentials that sign its calls."""

    credentials: Credentials

    @property
    def is_root(self) -> bool:
        return self.credentials.principal_arn.endswith(":root")


_caller_key: contextvars.ContextVar[str] = contextvars.ContextVar("stack_caller_key", default="")
_principal: contextvars.ContextVar[StackPrincipal | None] = contextvars.ContextVar(
    "stack_principal", default=None
)


def current_principal() -> StackPrincipal:
    """Returns the principal of the stack operation that this code belongs to.

    The principal of an operation that ministack starts itself (the SDK call of a state machine) is
    the root of the account.
    """
    return _principal.get() or _root()


def current_principal_arn() -> str | None:
    """Returns the ARN of the principal of the stack operation, or None outside of one."""
    principal = _principal.get()
    return principal.credentials.principal_arn if principal else None


@patch(
    "ministack.app:SERVICE_HANDLERS[cloudformation]",
    why="An operation of a stack needs the access key of its caller.",
    until=PERMANENT,
)
async def keep_caller(
    previous: Handler,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: Any,
) -> Any:
    # Operations copy the context when they schedule their task.
    _caller_key.set(identity.caller_key_id(headers, query_params))
    return await previous(method, path, headers, body, query_params)


@patch(
    f"{CLOUDFORMATION}.handlers:_ACTION_HANDLERS[DescribeStacks]",
    why="DescribeStacks omits the RoleARN of a stack, and the parent and root of a nested one.",
    until="ministack returns RoleARN, ParentId and RootId of a stack.",
)
def describe_stacks(previous: Callable[[Any], Any], params: Any) -> Any:
    status, headers, body = previous(params)
    if status != 200:
        return status, headers, body
    stacks = {stack.get("StackId"): stack for stack in cloudformation._stacks.values()}

    def add(match: re.Match[bytes]) -> bytes:
        stack = stacks.get(match[1].decode()) or {}
        further = {name: stack.get(key) for name, key in _FURTHER_MEMBERS.items()}
        elements = [f"<{name}>{value}</{name}>" for name, value in further.items() if value]
        return match[0] + "".join(elements).encode()

    return status, headers, re.sub(rb"<StackId>([^<]+)</StackId>", add, body)


def _act(action: str, previous: Callable[[Any], Any], params: Any) -> Any:
    role_arn = helpers._p(params, "RoleARN")
    try:
        if role_arn:
            _check_role(role_arn)
        used = role_arn or _kept_role(action, params)
        token = _principal.set(_of_role(used) if used else _of_caller())
    except AwsError as error:
        return helpers._error(error.code, error.message, error.status)
    try:
        response = previous(params)
    finally:
        _principal.reset(token)
    if response[0] == 200:
        _keep_role(action, params, response, used)
    return response


def _operation(action: str) -> Callable[[Callable[[Any], Any], Any], Any]:
    def handle(previous: Callable[[Any], Any], params: Any) -> Any:
        return _act(action, previous, params)

    return handle


for _action in _OPERATIONS:
    patch(
        f"{CLOUDFORMATION}.handlers:_ACTION_HANDLERS[{_action}]",
        why="The role of a stack is never assumed, nor is iam:PassRole on it evaluated.",
        until="ministack acts with the role of a stack, or with the principal of the caller.",
    )(_operation(_action))


def _check_role(role_arn: str) -> None:
    """Checks iam:PassRole of the caller, and that CloudFormation can assume the role."""
    scope = current_scope()
    caller = iam_evaluator.caller_arn()
    if not identity.role_exists(role_arn):
        raise AwsError("ValidationError", f"Role {role_arn} is invalid or cannot be assumed")
    try:
        identity.check_pass_role(Context(scope, caller), role_arn, _SERVICE)
    except AwsError as error:
        if error.code == "AccessDeniedException":
            raise AwsError("AccessDenied", error.message, 403) from None
        raise AwsError(
            "ValidationError", f"Role {role_arn} is invalid or cannot be assumed"
        ) from None


def _of_role(role_arn: str) -> StackPrincipal:
    credentials = identity.assume_role(
        role_arn, service_principal=_SERVICE, session_name="AWSCloudFormation"
    )
    return StackPrincipal(credentials)


def _of_caller() -> StackPrincipal:
    key_id = _caller_key.get()
    key = identity.access_key(key_id)
    if key is None:
        return _principal.get() or _root()
    return StackPrincipal(
        Credentials(key_id, key.secret, key.session_token or "", key.principal_arn)
    )


def _root() -> StackPrincipal:
    account = current_scope().account
    key = identity.access_key(account)
    if key is None:
        raise AwsError("InvalidClientTokenId", f"The root of {account} has no access key.", 403)
    return StackPrincipal(Credentials(account, key.secret, "", key.principal_arn))


def _kept_role(action: str, params: Any) -> str | None:
    if action == "ExecuteChangeSet":
        change_set = _change_set(params)
        if change_set and change_set.get("_role_arn"):
            return str(change_set["_role_arn"])
    stack = _stack(params)
    is_gone = stack is None or stack.get("StackStatus") in ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS")
    return None if is_gone else stack.get("_role_arn")  # type: ignore[union-attr]


def _keep_role(action: str, params: Any, response: Any, role_arn: str | None) -> None:
    if action == "CreateChangeSet":
        found = re.search(rb"<Id>([^<]+)</Id>", response[2])
        if found and role_arn:
            cloudformation._change_sets[found[1].decode()]["_role_arn"] = role_arn
    elif action in _ROLE_KEEPING_OPERATIONS:
        stack = _stack(params)
        if stack is None:
            change_set = _change_set(params)
            stack = cloudformation._stacks.get(change_set["StackName"]) if change_set else None
        if stack is not None and role_arn:
            stack["_role_arn"] = role_arn


def _stack(params: Any) -> dict[str, Any] | None:
    stack: dict[str, Any] | None = handlers._resolve_stack(helpers._p(params, "StackName"))
    return stack


def _change_set(params: Any) -> dict[str, Any] | None:
    name, stack = helpers._p(params, "ChangeSetName"), helpers._p(params, "StackName")
    found: dict[str, Any] | None = changesets._find_change_set(name, stack)[1]
    return found
