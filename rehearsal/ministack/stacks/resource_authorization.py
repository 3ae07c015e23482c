"""IAM for the resource types that ministack creates, updates and deletes itself.

Types of the rehearsal's services call APIs, which evaluate IAM. The handlers of the other types
change ministack's stores directly, so IAM is evaluated here, by the permissions of each type.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ministack.services.cloudformation import provisioners

from rehearsal.cloudformation.resource_requests import own_properties
from rehearsal.cloudformation.stack_permissions import Check, checks, checks_after_creation
from rehearsal.cloudformation.type_permissions import TYPE_PERMISSIONS
from rehearsal.framework.platform import AwsError
from rehearsal.ministack.iam import identity
from rehearsal.ministack.registry import CLOUDFORMATION, PATCHES, patch
from rehearsal.ministack.request_scope import current_scope
from rehearsal.ministack.runtime import Runtime
from rehearsal.ministack.stacks.stack_principal import current_principal

Properties = dict[str, Any]
_WHY = "The principal of a stack needs no permission for ministack's own resource types."
_UNTIL = "ministack evaluates IAM for each resource of a stack."


@patch(f"{CLOUDFORMATION}.provisioners:_provision_resource", why=_WHY, until=_UNTIL)
def create(
    previous: Callable[..., Any],
    resource_type: str,
    logical_id: str,
    props: Properties,
    stack_name: str,
    *,
    runtime: Runtime,
) -> Any:
    name = _future_name(resource_type, logical_id, stack_name)
    _authorize(runtime, resource_type, "create", name, props, {})
    created = previous(resource_type, logical_id, props, stack_name)
    try:
        _authorize_created(resource_type, created[0], props)
    except ValueError:
        delete_unchecked = PATCHES.original(f"{CLOUDFORMATION}.provisioners:_delete_resource")
        delete_unchecked(resource_type, created[0], props)
        raise
    return created


@patch(f"{CLOUDFORMATION}.provisioners:_update_resource", why=_WHY, until=_UNTIL)
def update(
    previous: Callable[..., Any],
    resource_type: str,
    physical_id: str,
    old_props: Properties,
    new_props: Properties,
    stack_name: str,
    logical_id: str | None = None,
    old_attrs: Properties | None = None,
    *,
    runtime: Runtime,
) -> Any:
    if old_props != new_props:
        _authorize(runtime, resource_type, "update", physical_id, new_props, old_props)
    return previous(
        resource_type, physical_id, old_props, new_props, stack_name, logical_id, old_attrs
    )


@patch(f"{CLOUDFORMATION}.provisioners:_delete_resource", why=_WHY, until=_UNTIL)
def delete(
    previous: Callable[..., Any],
    resource_type: str,
    physical_id: str,
    props: Properties,
    stack_name: str | None = None,
    logical_id: str | None = None,
    *,
    runtime: Runtime,
) -> Any:
    _authorize(runtime, resource_type, "delete", physical_id, props, props)
    return previous(resource_type, physical_id, props, stack_name, logical_id)


def _future_name(type_name: str, logical_id: str, stack_name: str) -> str:
    """Returns the name that ministack is about to generate, or one that wildcards match alike."""
    permissions = TYPE_PERMISSIONS.get(type_name)
    lowercase = bool(permissions and permissions.lowercase_name)
    name: str = provisioners._physical_name(
        stack_name, logical_id, lowercase=lowercase, max_len=63, seeded=True
    )
    return name


def _authorize(
    runtime: Runtime,
    type_name: str,
    verb: str,
    name: str,
    new: Mapping[str, Any],
    old: Mapping[str, Any],
) -> None:
    principal = current_principal()
    if principal.is_root or (type_name in runtime.type_names and type_name not in TYPE_PERMISSIONS):
        return
    if type_name.startswith("Custom::"):
        type_name = "AWS::CloudFormation::CustomResource"
    permissions = TYPE_PERMISSIONS.get(type_name)
    if permissions is None:
        raise ValueError(
            f"The rehearsal does not know what IAM actions {type_name} needs, so it does not "
            f"deploy one as {principal.credentials.principal_arn}."
        )
    scope = current_scope()
    # The tags that CloudFormation sets need no permission.
    new, old = own_properties(type_name, new), own_properties(type_name, old)
    _evaluate(checks(permissions, verb, name, new, old, scope, identity.role_facts(scope)))


def _authorize_created(type_name: str, physical_id: str, properties: Mapping[str, Any]) -> None:
    """Evaluates IAM for the calls that follow the creation, once the resource has its ARN."""
    permissions = TYPE_PERMISSIONS.get(type_name)
    if permissions is not None and permissions.after and not current_principal().is_root:
        _evaluate(checks_after_creation(permissions, physical_id, properties, current_scope()))


def _evaluate(needed: Iterable[Check]) -> None:
    principal, scope = current_principal().credentials.principal_arn, current_scope()
    for check in needed:
        try:
            identity.authorize(principal, check.action, check.resource_arn, scope, check.keys)
        except AwsError as error:
            raise ValueError(f"{error.message} (Error Code: {error.code})") from None
