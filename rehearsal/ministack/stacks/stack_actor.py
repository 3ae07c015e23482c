"""Who acts in a stack operation: the stack's role, or whoever called CloudFormation."""

from __future__ import annotations

import contextvars
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, handlers, helpers

from rehearsal.framework.platform import AwsError, Context, Credentials
from rehearsal.ministack.iam import identity
from rehearsal.ministack.routing import wrap_service
from rehearsal.ministack.scope import current_scope

_PRINCIPAL = "cloudformation.amazonaws.com"
_ACTS = (
    "CreateStack",
    "UpdateStack",
    "DeleteStack",
    "CreateChangeSet",
    "ExecuteChangeSet",
    "ContinueUpdateRollback",
    "RollbackStack",
)
# Operations whose RoleARN stays with the stack for all later ones.
_KEEPS_ROLE = ("CreateStack", "UpdateStack", "ExecuteChangeSet")


@dataclass(frozen=True)
class Actor:
    """The principal of a stack operation. `credentials` sign its calls."""

    credentials: Credentials

    @property
    def is_root(self) -> bool:
        return self.credentials.principal_arn.endswith(":root")


_caller_key: contextvars.ContextVar[str] = contextvars.ContextVar("stack_caller_key", default="")
_actor: contextvars.ContextVar[Actor | None] = contextvars.ContextVar("stack_actor", default=None)


def current_actor() -> Actor:
    """The actor of the stack operation that this code belongs to.

    An operation that ministack starts by itself (a state machine's SDK call) is the account's root.
    """
    return _actor.get() or _root()


def acting_principal() -> str | None:
    """The ARN of the actor of the current stack operation; None outside of one."""
    actor = _actor.get()
    return actor.credentials.principal_arn if actor else None


def install() -> None:
    """Makes each stack operation know its actor, and DescribeStacks give the role back."""

    def keep_caller(stock: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def handle(
            method: str, path: str, headers: dict[str, str], body: bytes, query: Any
        ) -> Any:
            # Operations copy the context when they schedule their task.
            _caller_key.set(identity.caller_key_id(headers, query))
            return await stock(method, path, headers, body, query)

        return handle

    wrap_service("cloudformation", keep_caller)
    for action in _ACTS:
        handlers._ACTION_HANDLERS[action] = _acting(action, handlers._ACTION_HANDLERS[action])
    describe = handlers._ACTION_HANDLERS["DescribeStacks"]
    handlers._ACTION_HANDLERS["DescribeStacks"] = lambda params: _with_roles(describe(params))


def _acting(action: str, stock: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def handle(params: Any) -> Any:
        role_arn = helpers._p(params, "RoleARN")
        try:
            if role_arn:
                _check_role(role_arn)
            used = role_arn or _kept_role(action, params)
            token = _actor.set(_of_role(used) if used else _of_caller())
        except AwsError as error:
            return helpers._error(error.code, error.message, error.status)
        try:
            answer = stock(params)
        finally:
            _actor.reset(token)
        if answer[0] == 200:
            _keep_role(action, params, answer, used)
        return answer

    return handle


def _check_role(role_arn: str) -> None:
    """iam:PassRole of the caller, and a role that CloudFormation can assume."""
    scope = current_scope()
    caller = iam_evaluator.caller_arn()
    if not identity.role_exists(role_arn):
        raise AwsError("ValidationError", f"Role {role_arn} is invalid or cannot be assumed")
    try:
        identity.check_pass_role(Context(scope, caller), role_arn, _PRINCIPAL)
    except AwsError as error:
        if error.code == "AccessDeniedException":
            raise AwsError("AccessDenied", error.message, 403) from None
        raise AwsError(
            "ValidationError", f"Role {role_arn} is invalid or cannot be assumed"
        ) from None


def _of_role(role_arn: str) -> Actor:
    credentials = identity.assume_role(
        role_arn, service_principal=_PRINCIPAL, session_name="AWSCloudFormation"
    )
    return Actor(credentials)


def _of_caller() -> Actor:
    key_id = _caller_key.get()
    key = identity.access_key(key_id)
    if key is None:
        return _actor.get() or _root()
    return Actor(Credentials(key_id, key.secret, key.session_token or "", key.principal_arn))


def _root() -> Actor:
    account = current_scope().account
    # The secret of a root key is not checked.
    return Actor(Credentials(account, account, "", f"arn:aws:iam::{account}:root"))


def _kept_role(action: str, params: Any) -> str | None:
    if action == "ExecuteChangeSet":
        change_set = _change_set(params)
        if change_set and change_set.get("_role_arn"):
            return str(change_set["_role_arn"])
    stack = _stack(params)
    gone = stack is None or stack.get("StackStatus") in ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS")
    return None if gone else stack.get("_role_arn")  # type: ignore[union-attr]


def _keep_role(action: str, params: Any, answer: Any, role_arn: str | None) -> None:
    if action == "CreateChangeSet":
        found = re.search(rb"<Id>([^<]+)</Id>", answer[2])
        if found and role_arn:
            cloudformation._change_sets[found[1].decode()]["_role_arn"] = role_arn
    elif action in _KEEPS_ROLE:
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


def _with_roles(answer: Any) -> Any:
    """DescribeStacks with the RoleARN of each stack, which ministack leaves out."""
    status, headers, body = answer
    if status != 200:
        return answer
    roles = {s.get("StackId"): s.get("_role_arn") for s in cloudformation._stacks.values()}

    def add(match: re.Match[bytes]) -> bytes:
        role = roles.get(match[1].decode())
        return match[0] + (f"<RoleARN>{role}</RoleARN>".encode() if role else b"")

    return status, headers, re.sub(rb"<StackId>([^<]+)</StackId>", add, body)
