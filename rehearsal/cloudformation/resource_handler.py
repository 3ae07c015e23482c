"""The handler of a CloudFormation resource type, which calls the API of its service with boto3.

The client acts with the credentials of the stack operation, so that IAM is evaluated as for any
other caller.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import botocore.exceptions
from botocore import xform_name

from rehearsal.cloudformation.resource_failures import aws_reasons, is_gone
from rehearsal.cloudformation.resource_requests import dig, own_properties, to_api
from rehearsal.cloudformation.resource_schemas import (
    create_only_properties,
    nested_create_only_properties,
    schema_of,
    tag_property,
)
from rehearsal.cloudformation.resource_tagging import retag
from rehearsal.cloudformation.resource_types import (
    Identifier,
    Properties,
    Request,
    ResourceFailure,
    ResourceType,
    Source,
)
from rehearsal.framework.platform import Scope

_DEFAULT_NAME_LENGTH = 63


@dataclass(frozen=True)
class ResourceState:
    """The physical id of a resource and its attributes for `Fn::GetAtt`."""

    physical_id: str
    attributes: dict[str, Any]


class ResourceHandler:
    """Creates, updates and deletes the resources of one type.

    The identifier of a physical id is kept in memory, as many physical ids (an ARN in lower case)
    do not contain it.

    Args:
        resource_type: the type.
    """

    KEPT = ("_identifiers",)

    def __init__(self, resource_type: ResourceType) -> None:
        self.type = resource_type
        self._identifiers: dict[tuple[Scope, str], Request] = {}

    @property
    def name_length(self) -> int:
        """The maximum length of a physical name."""
        schema = schema_of(self.type.type_name) or {}
        described = schema.get("properties", {}).get(self.type.name_property, {})
        return min(int(described.get("maxLength", _DEFAULT_NAME_LENGTH)), 128)

    def create(
        self, client: Any, scope: Scope, properties: Properties, generated_name: str
    ) -> ResourceState:
        """Creates a resource and waits for it. A resource that fails is removed.

        Args:
            client: a client of the service, with the credentials of the stack operation.
            scope: the account and region of the stack.
            properties: the properties of the template.
            generated_name: the physical name if the template has none.

        Raises:
            ResourceFailure: the service rejected a call, or the resource failed.
        """
        resource_type = self.type
        given = own_properties(resource_type.type_name, properties)
        if resource_type.name_property:
            given.setdefault(resource_type.name_property, generated_name)
        if resource_type.account_member:
            given[resource_type.account_member] = scope.account
        with aws_reasons(resource_type):
            request = self._request(client, resource_type.create, given, resource_type.to_request)
            self._require_absent(client, request)
            created = _call(client, resource_type.create, request)
            identifier = {
                name: _identify(name, created, request) for name in resource_type.identifier
            }
            try:
                if resource_type.wait:
                    resource_type.wait(client, identifier)
                if resource_type.bring:
                    resource_type.bring(client, identifier, {}, given)
                response = self._describe(client, identifier) or created
            except Exception:
                self._delete(client, identifier)
                raise
        state = self._state(identifier, response, created, request)
        self._identifiers[scope, state.physical_id] = identifier
        return state

    def _require_absent(self, client: Any, request: Request) -> None:
        """Checks that an operation which also updates does not find a resource.

        Source: CloudFormation CLI User Guide, "Resource type handler contract" (AlreadyExists).
        """
        resource_type = self.type
        if not resource_type.create.startswith(("Put", "Register")):
            return
        identifier = {name: dig(request, name) for name in resource_type.identifier}
        try:
            found = self._describe(client, identifier) or {}
        except botocore.exceptions.ClientError as error:
            if not is_gone(error):
                raise
            return
        paths = (resource_type.arn, resource_type.ref, *resource_type.attributes.values())
        if any(dig(found, path) is not None for path in paths if isinstance(path, str)):
            name = "|".join(str(value) for value in identifier.values())
            raise ResourceFailure(
                f"Resource handler returned message: \"Resource of type '{self.type.type_name}' "
                f"with identifier '{name}' already exists.\" (HandlerErrorCode: AlreadyExists)"
            )

    def update(
        self, client: Any, scope: Scope, physical_id: str, old: Properties, new: Properties
    ) -> ResourceState:
        """Updates a resource in place; the caller replaces it by `create_only_properties`.

        Raises:
            ResourceFailure: the change is not possible in place, or the service rejected a call.
        """
        resource_type = self.type
        identifier = self._identifier(scope, physical_id)
        before, after = (
            own_properties(resource_type.type_name, old),
            own_properties(resource_type.type_name, new),
        )
        self._check_nested_replacement(before, after)
        tags = tag_property(resource_type.type_name)
        tag_name = tags[0] if tags else ""
        changed = {
            name
            for name in before.keys() | after.keys()
            if name != tag_name and before.get(name) != after.get(name)
        }
        if changed and not resource_type.update and not resource_type.bring:
            raise ResourceFailure(
                f"{resource_type.type_name} cannot change {', '.join(sorted(changed))} in place."
            )
        with aws_reasons(resource_type):
            if changed and resource_type.bring:
                resource_type.bring(client, identifier, before, after)
            elif changed:
                self._update_in_place(client, identifier, after, tag_name)
            if before.get(tag_name) != after.get(tag_name):
                described = self._describe(client, identifier) or {}
                old_tags, new_tags = before.get(tag_name), after.get(tag_name)
                retag(resource_type, client, identifier, described, before=old_tags, after=new_tags)
            response = self._describe(client, identifier) or {}
        return self._state(identifier, response, after, identifier)

    def delete(self, client: Any, scope: Scope, physical_id: str) -> None:
        """Deletes a resource; succeeds if it does not exist.

        Raises:
            ResourceFailure: the service rejected the call.
        """
        identifier = self._identifiers.get((scope, physical_id))
        if identifier is None:
            return
        with aws_reasons(self.type):
            self._delete(client, identifier)
        self._identifiers.pop((scope, physical_id), None)

    def _update_in_place(
        self, client: Any, identifier: Request, properties: Request, tag_name: str
    ) -> None:
        resource_type = self.type
        operation = str(resource_type.update)
        if resource_type.to_update_request is None:
            members = client.meta.service_model.operation_model(operation).input_shape.members
            known = {member.lower() for member in members}
            fixed = create_only_properties(resource_type.type_name) | {tag_name}
            properties = {
                name: value
                for name, value in properties.items()
                if name.lower() in known or name not in fixed
            }
        request = self._request(client, operation, properties, resource_type.to_update_request)
        members = client.meta.service_model.operation_model(operation).input_shape.members
        request.update({name: v for name, v in identifier.items() if name in members})
        _call(client, operation, request)
        if resource_type.wait:
            resource_type.wait(client, identifier)

    def _check_nested_replacement(self, before: Request, after: Request) -> None:
        for path in nested_create_only_properties(self.type.type_name):
            if dig(before, ".".join(path)) != dig(after, ".".join(path)):
                raise ResourceFailure(
                    f"{self.type.type_name}: a change of {'.'.join(path)} needs a replacement, "
                    "which the rehearsal makes for top-level properties only."
                )

    def _delete(self, client: Any, identifier: Identifier) -> None:
        resource_type = self.type
        if resource_type.delete is None:
            return
        build = resource_type.to_delete_request
        try:
            if resource_type.before_delete:
                resource_type.before_delete(client, identifier)
            _call(client, resource_type.delete, build(identifier) if build else dict(identifier))
        except botocore.exceptions.ClientError as error:
            if not is_gone(error):
                raise
            return
        if resource_type.wait_deleted:
            resource_type.wait_deleted(client, identifier)

    def _describe(self, client: Any, identifier: Identifier) -> Mapping[str, Any] | None:
        resource_type = self.type
        if resource_type.describe is None:
            return None
        build = resource_type.to_describe_request
        request = build(identifier) if build else dict(identifier)
        return _call(client, resource_type.describe, request)

    def _state(self, identifier: Identifier, *responses: Mapping[str, Any]) -> ResourceState:
        def find(source: Source) -> Any:
            if callable(source):
                return source(identifier)
            values = (dig(response, source) for response in responses)
            return next((value for value in values if value is not None), None)

        reference = find(self.type.ref)
        if reference is None:
            raise ResourceFailure(f"{self.type.type_name}: AWS's response has no {self.type.ref}.")
        found = {name: find(source) for name, source in self.type.attributes.items()}
        attributes = {name: value for name, value in found.items() if value is not None}
        return ResourceState(str(reference), attributes)

    def _identifier(self, scope: Scope, physical_id: str) -> Request:
        identifier = self._identifiers.get((scope, physical_id))
        if identifier is None:
            raise ResourceFailure(f"{self.type.type_name} {physical_id} does not exist.")
        return identifier

    def _request(
        self,
        client: Any,
        operation: str,
        properties: Request,
        build: Callable[[Request], Request] | None,
    ) -> Request:
        shape = client.meta.service_model.operation_model(operation).input_shape
        source = build(properties) if build else properties
        request: Request = to_api(shape, source, "")
        return request


def _call(client: Any, operation: str, request: Request) -> Mapping[str, Any]:
    response: Mapping[str, Any] = getattr(client, xform_name(operation))(**request)
    return response


def _identify(name: str, created: Mapping[str, Any], request: Mapping[str, Any]) -> Any:
    for source in (created, request):
        if (found := dig(source, name)) is not None:
            return found
    raise ResourceFailure(f"Neither the request nor the response has the identifier {name}.")
