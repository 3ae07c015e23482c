"""Stack policies, which are rejected because nothing enforces them."""

from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import helpers

from rehearsal.ministack.registry import CLOUDFORMATION, patch

_HANDLERS = f"{CLOUDFORMATION}.handlers:_ACTION_HANDLERS"
_WHY = "A stack policy is stored and not enforced."
_UNTIL = "ministack enforces stack policies."
_PARAMETERS = (
    "StackPolicyBody",
    "StackPolicyURL",
    "StackPolicyDuringUpdateBody",
    "StackPolicyDuringUpdateURL",
)


@patch(
    f"{_HANDLERS}[CreateStack]",
    f"{_HANDLERS}[UpdateStack]",
    why=_WHY,
    until=_UNTIL,
    after="stacks.stack_principal",
)
def change_stack(previous: Callable[[Any], Any], params: Any) -> Any:
    if any(helpers._p(params, name) for name in _PARAMETERS):
        return set_stack_policy(previous, params)
    return previous(params)


@patch(f"{_HANDLERS}[SetStackPolicy]", why=_WHY, until=_UNTIL)
def set_stack_policy(previous: object, params: Any) -> Any:
    message = "The rehearsal does not enforce stack policies, so it does not accept one."
    return helpers._error("ValidationError", message)
