"""The properties of resources, once they have their values: types and validation by the schema."""

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.cloudformation import property_types
from rehearsal.cloudformation.resource_requests import own_properties
from rehearsal.cloudformation.template_check import property_problems
from rehearsal.cloudformation.template_text import as_text
from rehearsal.ministack.registry import CLOUDFORMATION, patch
from rehearsal.ministack.request_scope import current_scope

Properties = dict[str, Any]
_PROVISIONERS = f"{CLOUDFORMATION}.provisioners"
_WHY = (
    "Values that parameters and functions give are not validated, and the text `false` counts as "
    "true."
)
_UNTIL = "ministack converts and validates properties by the schemas of their types."


@patch(f"{_PROVISIONERS}:_with_stack_tags", why=_WHY, until=_UNTIL)
def with_stack_tags(
    previous: Callable[..., Properties],
    resource_type: str,
    props: Properties,
    stack_tags: Any,
    stack_name: str,
    stack_id: str,
    logical_id: str,
) -> Properties:
    typed = property_types.typed(resource_type, props or {})
    return previous(resource_type, typed, stack_tags, stack_name, stack_id, logical_id)


@patch(
    f"{_PROVISIONERS}:_provision_resource",
    why=_WHY,
    until=_UNTIL,
    after="stacks.resource_authorization",
)
def create(
    previous: Callable[..., Any],
    resource_type: str,
    logical_id: str,
    props: Properties,
    stack_name: str,
) -> Any:
    typed = _checked(resource_type, logical_id, props)
    return _result(previous(resource_type, logical_id, typed, stack_name))


@patch(
    f"{_PROVISIONERS}:_update_resource",
    why=_WHY,
    until=_UNTIL,
    after="stacks.resource_authorization",
)
def update(
    previous: Callable[..., Any],
    resource_type: str,
    physical_id: str,
    old_props: Properties,
    new_props: Properties,
    stack_name: str,
    logical_id: str | None = None,
    old_attrs: Properties | None = None,
) -> Any:
    old = property_types.typed(resource_type, old_props)
    new = _checked(resource_type, logical_id or physical_id, new_props) if old != new_props else old
    return _result(
        previous(resource_type, physical_id, old, new, stack_name, logical_id, old_attrs)
    )


def _checked(resource_type: str, logical_id: str, properties: Properties) -> Properties:
    typed = property_types.typed(resource_type, properties or {})
    own = own_properties(resource_type, typed)
    problems = property_types.type_problems(resource_type, own)
    problems = problems or property_problems(resource_type, own, current_scope().region)
    if problems:
        raise ValueError(
            f"Properties validation failed for resource {logical_id} with message: "
            + "; ".join(problems)
        )
    return typed


def _result(created: tuple[str, Mapping[str, Any] | None]) -> tuple[str, Properties]:
    """Attributes are text: a boolean of a service is `true` or `false`."""
    physical_id, attributes = created
    return physical_id, {
        name: as_text(value) if isinstance(value, bool | float) else value
        for name, value in (attributes or {}).items()
    }
