"""CloudFormation resource types of the rehearsal's services, declared as data beside the service.

A type names the API calls that create, update and delete a resource; `resource_handler` makes them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Properties = Mapping[str, Any]
Request = dict[str, Any]
Identifier = Mapping[str, Any]
# The source of a value: a dotted path in AWS's response, or a function of the identifier.
Source = str | Callable[[Identifier], Any]


class ResourceFailure(Exception):  # noqa: N818  # the field's word
    """A resource could not be created, updated or deleted; the stack's events have the text."""


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A CloudFormation type and the API calls behind it.

    Args:
        type_name: the resource type, such as `AWS::SageMaker::Model`.
        service: the service, as boto3 names it.
        create: the operation that creates a resource, such as `CreateModel`.
        delete: the operation that deletes a resource, or None if nothing has to be called.
        update: the operation that updates a resource. Defaults to None: only tags can change.
        describe: the operation that describes a resource. Defaults to None: the response of
            `create` has its values.
        identifier: the API members that identify a resource, or dotted paths to them, in the
            response of `create` or its request.
        ref: the source of the physical id: a dotted path in the response of `describe` or
            `create`, such as `projects.0.arn`, or a function of the identifier.
        attributes: the sources of the attributes for `Fn::GetAtt`. Defaults to none.
        name_property: the property that gets a generated physical name if the template omits it.
            Defaults to None: there is no such property.
        account_member: the API member for the id of the account, if no property has it. Defaults
            to None.
        to_request: returns the request of `create` from the properties. Defaults to None: the
            properties are the request.
        to_update_request: returns the request of `update` from the properties. Defaults to None:
            the properties that the operation has members for.
        to_describe_request: returns the request of `describe`. Defaults to None: the identifier.
        to_delete_request: returns the request of `delete`. Defaults to None: the identifier.
        bring: makes further calls for properties that one call cannot set: after the creation (the
            properties before are empty), and instead of `update`. Defaults to None.
        wait: waits until the resource is settled; raises if it failed. Defaults to None: the
            resource is settled at once.
        before_delete: brings the resource to a state in which it can be deleted. Defaults to None:
            it can be deleted at any time.
        wait_deleted: waits until a deleted resource is gone. Defaults to None: it is gone at once.
        retag: changes the tags from the former to the new ones. Defaults to None: the operations
            that the service has for tags.
        arn: the path of the ARN for tag changes. Defaults to None: the first of `ref` and
            `attributes` that is an ARN.
    """

    type_name: str
    service: str
    create: str
    delete: str | None
    update: str | None = None
    describe: str | None = None
    identifier: tuple[str, ...]
    ref: Source
    attributes: Mapping[str, Source] = field(default_factory=dict)
    name_property: str | None = None
    account_member: str | None = None
    to_request: Callable[[Request], Request] | None = None
    to_update_request: Callable[[Request], Request] | None = None
    to_describe_request: Callable[[Identifier], Request] | None = None
    to_delete_request: Callable[[Identifier], Request] | None = None
    bring: Callable[[Any, Identifier, Properties, Properties], None] | None = None
    wait: Callable[[Any, Identifier], None] | None = None
    before_delete: Callable[[Any, Identifier], None] | None = None
    wait_deleted: Callable[[Any, Identifier], None] | None = None
    retag: Callable[[Any, Identifier, Any, Any], None] | None = None
    arn: str | None = None
