"""Lists of CloudFormation that ministack lacks: resource types, and stack sets.

Sources: ListTypes and ListStackSets in the CloudFormation API reference.
"""

from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from ministack.services.cloudformation import handlers, provisioners

from rehearsal.ministack.registry import CLOUDFORMATION, patch_value
from rehearsal.ministack.request_scope import current_scope

Parameters = Any
_PAGE = 100
_PUBLIC, _RESOURCE = "PUBLIC", "RESOURCE"


@patch_value(
    f"{CLOUDFORMATION}.handlers:_ACTION_HANDLERS",
    why="Clients that list resource types or stack sets get an unknown action.",
    until="ministack has ListTypes and ListStackSets.",
)
def actions(table: dict[str, Callable[[Parameters], Any]]) -> dict[str, Callable[..., Any]]:
    table |= {"ListTypes": _list_types, "ListStackSets": _list_stack_sets}
    return table


def _list_types(params: Parameters) -> Any:
    """Lists the types of AWS that stacks can have; there are no private types and modules."""
    kind = handlers._p(params, "Type") or _RESOURCE
    visibility = handlers._p(params, "Visibility") or "PRIVATE"
    prefix = handlers._p(params, "Filters.TypeNamePrefix") or ""
    size = int(handlers._p(params, "MaxResults") or _PAGE)
    names: list[str] = []
    if kind == _RESOURCE and visibility == _PUBLIC:
        names = sorted(
            name
            for name in provisioners._RESOURCE_HANDLERS
            if name.startswith("AWS::") and name.startswith(prefix)
        )
    listed, token, error = handlers._page(names, params, "ListTypes", size)
    if error:
        return error
    members = "".join(_type(name) for name in listed)
    result = f"<ListTypesResult><TypeSummaries>{members}</TypeSummaries>{token}</ListTypesResult>"
    return handlers._xml(200, "ListTypesResponse", result)


def _type(name: str) -> str:
    region = current_scope().region
    arn = f"arn:aws:cloudformation:{region}::type/resource/{name.replace('::', '-')}"
    return (
        f"<member><Type>{_RESOURCE}</Type><TypeName>{escape(name)}</TypeName>"
        f"<TypeArn>{escape(arn)}</TypeArn></member>"
    )


def _list_stack_sets(params: Parameters) -> Any:
    """Lists no stack set: the rehearsal does not support CreateStackSet."""
    result = "<ListStackSetsResult><Summaries></Summaries></ListStackSetsResult>"
    return handlers._xml(200, "ListStackSetsResponse", result)
