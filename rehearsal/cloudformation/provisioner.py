"""Creates, updates and deletes the resources of our CloudFormation types, over boto3.

The client acts with the credentials that CloudFormation would use, so IAM judges a stack as it
judges a user.
"""

from __future__ import annotations

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
class Provisioned:
    """What CloudFormation keeps of a resource."""

    physical_id: str
    attributes: dict[str, Any]


class Provisioner:
    """Creates, updates and deletes the resources of one type.

    The identifier of a physical id is kept in memory, as the ids of many types (an ARN in lower
    case) do not give it back.
    """

    def __init__(self, resource_type: ResourceType) -> None:
        self.type = resource_type
        self._identifiers: dict[tuple[Scope, str], Request] = {}

    @property
    def name_length(self) -> int:
        """The longest physical name that the type takes."""
        schema = schema_of(self.type.type_name) or {}
        described = schema.get("properties", {}).get(self.type.name_property, {})
        return min(int(described.get("maxLength", _DEFAULT_NAME_LENGTH)), 128)

    def create(
        self, client: Any, scope: Scope, properties: Properties, generated_name: str
    ) -> Provisioned:
        """Creates a resource and waits for it. What was made is removed when the wait fails."""
        row = self.type
        given = own_properties(row.type_name, properties)
        if row.name_property:
            given.setdefault(row.name_property, generated_name)
        if row.account_member:
            given[row.account_member] = scope.account
        with aws_reasons(row):
            request = self._request(client, row.create, given, row.to_request)
            created = _call(client, row.create, request)
            identifier = {name: _identify(name, created, request) for name in row.identifier}
            try:
                if row.wait:
                    row.wait(client, identifier)
                if row.bring:
                    row.bring(client, identifier, {}, given)
                answer = self._describe(client, identifier) or created
            except Exception:
                self._delete(client, identifier)
                raise
        provisioned = self._provisioned(identifier, answer, created, request)
        self._identifiers[scope, provisioned.physical_id] = identifier
        return provisioned

    def update(
        self, client: Any, scope: Scope, physical_id: str, old: Properties, new: Properties
    ) -> Provisioned:
        """Changes a resource in place. Replacement is the caller's, by `create_only_properties`."""
        row = self.type
        identifier = self._identifier(scope, physical_id)
        before, after = own_properties(row.type_name, old), own_properties(row.type_name, new)
        self._refuse_nested_replacement(before, after)
        tags = tag_property(row.type_name)
        tag_name = tags[0] if tags else ""
        changed = {
            name
            for name in before.keys() | after.keys()
            if name != tag_name and before.get(name) != after.get(name)
        }
        if changed and not row.update and not row.bring:
            raise ResourceFailure(
                f"{row.type_name} cannot change {', '.join(sorted(changed))} in place."
            )
        with aws_reasons(row):
            if changed and row.bring:
                row.bring(client, identifier, before, after)
            elif changed:
                self._update_in_place(client, identifier, after, tag_name)
            if before.get(tag_name) != after.get(tag_name):
                described = self._describe(client, identifier) or {}
                old_tags, new_tags = before.get(tag_name), after.get(tag_name)
                retag(row, client, identifier, described, before=old_tags, after=new_tags)
            answer = self._describe(client, identifier) or {}
        return self._provisioned(identifier, answer, after, identifier)

    def delete(self, client: Any, scope: Scope, physical_id: str) -> None:
        """Deletes a resource; one that is gone already is no failure."""
        identifier = self._identifiers.get((scope, physical_id))
        if identifier is None:
            return
        with aws_reasons(self.type):
            self._delete(client, identifier)
        self._identifiers.pop((scope, physical_id), None)

    def _update_in_place(
        self, client: Any, identifier: Request, properties: Request, tag_name: str
    ) -> None:
        row = self.type
        operation = str(row.update)
        if row.to_update_request is None:
            members = client.meta.service_model.operation_model(operation).input_shape.members
            known = {member.lower() for member in members}
            fixed = create_only_properties(row.type_name) | {tag_name}
            properties = {
                name: value
                for name, value in properties.items()
                if name.lower() in known or name not in fixed
            }
        request = self._request(client, operation, properties, row.to_update_request)
        members = client.meta.service_model.operation_model(operation).input_shape.members
        request.update({name: v for name, v in identifier.items() if name in members})
        _call(client, operation, request)
        if row.wait:
            row.wait(client, identifier)

    def _refuse_nested_replacement(self, before: Request, after: Request) -> None:
        for path in nested_create_only_properties(self.type.type_name):
            if dig(before, ".".join(path)) != dig(after, ".".join(path)):
                raise ResourceFailure(
                    f"{self.type.type_name}: a change of {'.'.join(path)} needs a replacement, "
                    "which the rehearsal makes for top-level properties only."
                )

    def _delete(self, client: Any, identifier: Identifier) -> None:
        row = self.type
        if row.delete is None:
            return
        build = row.to_delete_request
        try:
            _call(client, row.delete, build(identifier) if build else dict(identifier))
        except botocore.exceptions.ClientError as error:
            if not is_gone(error):
                raise
            return
        if row.wait_deleted:
            row.wait_deleted(client, identifier)

    def _describe(self, client: Any, identifier: Identifier) -> Mapping[str, Any] | None:
        row = self.type
        if row.describe is None:
            return None
        build = row.to_describe_request
        request = build(identifier) if build else dict(identifier)
        return _call(client, row.describe, request)

    def _provisioned(self, identifier: Identifier, *answers: Mapping[str, Any]) -> Provisioned:
        def find(source: Source) -> Any:
            if callable(source):
                return source(identifier)
            values = (dig(answer, source) for answer in answers)
            return next((value for value in values if value is not None), None)

        reference = find(self.type.ref)
        if reference is None:
            raise ResourceFailure(f"{self.type.type_name}: AWS's answer has no {self.type.ref}.")
        found = {name: find(source) for name, source in self.type.attributes.items()}
        attributes = {name: value for name, value in found.items() if value is not None}
        return Provisioned(str(reference), attributes)

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
    answer: Mapping[str, Any] = getattr(client, xform_name(operation))(**request)
    return answer


def _identify(name: str, created: Mapping[str, Any], request: Mapping[str, Any]) -> Any:
    for source in (created, request):
        if (found := dig(source, name)) is not None:
            return found
    raise ResourceFailure(f"Neither the request nor the answer has the identifier {name}.")
