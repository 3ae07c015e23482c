"""CloudFormation resource types in ministack's engine: ours, and the judging of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ministack.services.cloudformation import provisioners, stacks

from rehearsal.cloudformation.provisioner import Provisioned, Provisioner
from rehearsal.cloudformation.resource_requests import own_properties
from rehearsal.cloudformation.resource_schemas import create_only_properties, tag_property
from rehearsal.cloudformation.resource_types import ResourceType
from rehearsal.cloudformation.stack_permissions import Check, checks, checks_after_creation
from rehearsal.cloudformation.stock_types import STOCK_TYPES
from rehearsal.framework.platform import AwsError, Platform
from rehearsal.ministack.iam import identity
from rehearsal.ministack.scope import current_scope
from rehearsal.ministack.stacks.stack_actor import current_actor

Properties = dict[str, Any]


def register(platform: Platform, resource_types: Sequence[ResourceType]) -> None:
    """Adds our types to ministack's engine; they run on worker threads, as they call services."""
    own = {row.type_name for row in resource_types}
    for row in resource_types:
        name = row.type_name
        provisioners._RESOURCE_HANDLERS[name] = _row(platform, Provisioner(row))
        # ministack then plans and makes replacements itself, and shows them in change sets.
        provisioners._REPLACING_PROPERTIES[name] = tuple(create_only_properties(name))
        if row.name_property:
            provisioners._CUSTOM_NAME_REPLACEMENT[name] = {"name": row.name_property}
        if tags := tag_property(name):
            provisioners._STACK_TAG_PROPERTY[name] = tags
    stock = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda type_name: type_name in own or stock(type_name)
    _judge_stock_types(own)


def _row(platform: Platform, provisioner: Provisioner) -> dict[str, Any]:
    def client() -> Any:
        scope = current_scope()
        session = platform.session(current_actor().credentials, scope.region)
        return session.client(provisioner.type.service)  # type: ignore[call-overload]

    def create(logical_id: str, properties: Properties, stack_name: str) -> tuple[str, Properties]:
        name = provisioners._physical_name(stack_name, logical_id, max_len=provisioner.name_length)
        return _kept(provisioner.create(client(), current_scope(), properties, name))

    def update(
        physical_id: str, old: Properties, new: Properties, stack_name: str
    ) -> tuple[str, Properties]:
        return _kept(provisioner.update(client(), current_scope(), physical_id, old, new))

    def delete(physical_id: str, properties: Properties) -> None:
        provisioner.delete(client(), current_scope(), physical_id)

    return {"create": create, "update": update, "delete": delete}


def _kept(provisioned: Provisioned) -> tuple[str, Properties]:
    return provisioned.physical_id, provisioned.attributes


def _judge_stock_types(own: set[str]) -> None:
    """Asks IAM before ministack provisions one of its own types in-process."""
    provision = provisioners._provision_resource
    update = provisioners._update_resource
    delete = provisioners._delete_resource

    def judged_provision(
        type_name: str, logical_id: str, properties: Properties, stack_name: str
    ) -> Any:
        name = _future_name(type_name, logical_id, stack_name)
        _judge(own, type_name, "create", name, properties, {})
        made = provision(type_name, logical_id, properties, stack_name)
        try:
            _judge_created(type_name, made[0], properties)
        except ValueError:
            delete(type_name, made[0], properties)
            raise
        return made

    def judged_update(
        type_name: str, physical_id: str, old: Properties, new: Properties, *rest: Any
    ) -> Any:
        if old != new:
            _judge(own, type_name, "update", physical_id, new, old)
        return update(type_name, physical_id, old, new, *rest)

    def judged_delete(type_name: str, physical_id: str, properties: Properties, *rest: Any) -> Any:
        _judge(own, type_name, "delete", physical_id, properties, properties)
        return delete(type_name, physical_id, properties, *rest)

    for module in (provisioners, stacks):
        module._provision_resource = judged_provision
        module._update_resource = judged_update
        module._delete_resource = judged_delete


def _future_name(type_name: str, logical_id: str, stack_name: str) -> str:
    """The name that ministack is about to generate, close enough for a policy's wildcards."""
    stock = STOCK_TYPES.get(type_name)
    lowercase = bool(stock and stock.lowercase_name)
    name: str = provisioners._physical_name(
        stack_name, logical_id, lowercase=lowercase, max_len=63, seeded=True
    )
    return name


def _judge(
    own: set[str],
    type_name: str,
    verb: str,
    name: str,
    new: Mapping[str, Any],
    old: Mapping[str, Any],
) -> None:
    actor = current_actor()
    if actor.is_root or (type_name in own and type_name not in STOCK_TYPES):
        return
    if type_name.startswith("Custom::"):
        type_name = "AWS::CloudFormation::CustomResource"
    stock = STOCK_TYPES.get(type_name)
    principal = actor.credentials.principal_arn
    if stock is None:
        raise ValueError(
            f"The rehearsal does not know what IAM actions {type_name} needs, so it does not "
            f"deploy one as {principal}."
        )
    scope = current_scope()
    # CloudFormation's own tags need no permission.
    new, old = own_properties(type_name, new), own_properties(type_name, old)
    _ask(checks(stock, verb, name, new, old, scope, identity.role_facts(scope)))


def _judge_created(type_name: str, physical_id: str, properties: Mapping[str, Any]) -> None:
    """Asks for what CloudFormation does with a resource that it has just made."""
    stock = STOCK_TYPES.get(type_name)
    if stock is not None and stock.after and not current_actor().is_root:
        _ask(checks_after_creation(stock, physical_id, properties, current_scope()))


def _ask(asked: Iterable[Check]) -> None:
    principal, scope = current_actor().credentials.principal_arn, current_scope()
    for check in asked:
        try:
            identity.authorize(principal, check.action, check.resource_arn, scope, check.keys)
        except AwsError as error:
            raise ValueError(f"{error.message} (Error Code: {error.code})") from None


def wrap_row(
    type_name: str, **wrappers: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> None:
    """Replaces handlers (create, update, delete) of one of ministack's types by wrapped ones."""
    row = provisioners._RESOURCE_HANDLERS[type_name]
    provisioners._RESOURCE_HANDLERS[type_name] = {
        **row,
        **{verb: wrapper(row[verb]) for verb, wrapper in wrappers.items()},
    }
