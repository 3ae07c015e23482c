"""The account and region of the request that is being served."""

from contextlib import AbstractContextManager

from ministack.core.responses import get_account_id, get_region, request_scope

from rehearsal.framework.platform import Scope


def current_scope() -> Scope:
    """Returns the scope of the request or stack operation that this code runs for."""
    return Scope(get_account_id(), get_region())


def in_scope(scope: Scope) -> AbstractContextManager[None]:
    """Returns a context manager that makes ministack's stores those of `scope`."""
    context: AbstractContextManager[None] = request_scope(scope.account, scope.region)
    return context
