"""The CloudFormation types of the rehearsal's services, in ministack's engine."""

from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import provisioners

from rehearsal.cloudformation.resource_handler import ResourceHandler, ResourceState
from rehearsal.cloudformation.resource_schemas import create_only_properties, tag_property
from rehearsal.framework.platform import Platform
from rehearsal.ministack.registry import CLOUDFORMATION, PERMANENT, patch, patch_value
from rehearsal.ministack.request_scope import current_scope
from rehearsal.ministack.runtime import Runtime
from rehearsal.ministack.stacks.stack_principal import current_principal

Properties = dict[str, Any]
_PROVISIONERS = f"{CLOUDFORMATION}.provisioners"
_WHY = "The resource types of the rehearsal's services are called through their APIs."


@patch_value(f"{_PROVISIONERS}:_RESOURCE_HANDLERS", why=_WHY, until=PERMANENT, after="routing")
def handlers(table: dict[str, Any], *, runtime: Runtime) -> dict[str, Any]:
    for name, handler in runtime.resource_handlers.items():
        table[name] = _handlers(runtime.platform, handler)
    return table


@patch_value(
    f"{_PROVISIONERS}:_REPLACING_PROPERTIES",
    why="ministack plans the replacements of our types, and shows them in change sets.",
    until=PERMANENT,
)
def replacing_properties(table: dict[str, Any], *, runtime: Runtime) -> dict[str, Any]:
    for resource_type in runtime.resource_types:
        name = resource_type.type_name
        table[name] = tuple(create_only_properties(name))
    return table


@patch_value(f"{_PROVISIONERS}:_CUSTOM_NAME_REPLACEMENT", why=_WHY, until=PERMANENT)
def name_properties(table: dict[str, Any], *, runtime: Runtime) -> dict[str, Any]:
    for resource_type in runtime.resource_types:
        if resource_type.name_property:
            table[resource_type.type_name] = {"name": resource_type.name_property}
    return table


@patch_value(f"{_PROVISIONERS}:_STACK_TAG_PROPERTY", why=_WHY, until=PERMANENT)
def tag_properties(table: dict[str, Any], *, runtime: Runtime) -> dict[str, Any]:
    for resource_type in runtime.resource_types:
        if tags := tag_property(resource_type.type_name):
            table[resource_type.type_name] = tags
    return table


@patch(
    f"{CLOUDFORMATION}.stacks:_runs_on_worker_thread",
    why="Handlers that call services block, so they run on worker threads.",
    until=PERMANENT,
)
def runs_on_worker_thread(
    previous: Callable[[str], bool], resource_type: str, *, runtime: Runtime
) -> bool:
    return resource_type in runtime.type_names or previous(resource_type)


def _handlers(platform: Platform, handler: ResourceHandler) -> dict[str, Any]:
    def client() -> Any:
        scope = current_scope()
        session = platform.session(current_principal().credentials, scope.region)
        return session.client(handler.type.service)  # type: ignore[call-overload]

    def create(logical_id: str, properties: Properties, stack_name: str) -> tuple[str, Properties]:
        name = provisioners._physical_name(stack_name, logical_id, max_len=handler.name_length)
        return _result(handler.create(client(), current_scope(), properties, name))

    def update(
        physical_id: str, old: Properties, new: Properties, stack_name: str
    ) -> tuple[str, Properties]:
        return _result(handler.update(client(), current_scope(), physical_id, old, new))

    def delete(physical_id: str, properties: Properties) -> None:
        handler.delete(client(), current_scope(), physical_id)

    return {"create": create, "update": update, "delete": delete}


def _result(state: ResourceState) -> tuple[str, Properties]:
    return state.physical_id, state.attributes
