"""CloudFormation resource types of our services, declared as data beside the service.

A type says which API calls make, change and unmake a resource; `provisioner.py` makes those calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Properties = Mapping[str, Any]
Request = dict[str, Any]
Identifier = Mapping[str, Any]
# Where a value is found: a dotted path into AWS's answer, or a function of the identifier.
Source = str | Callable[[Identifier], Any]


class ResourceFailure(Exception):  # noqa: N818  # the field's word
    """A resource could not be created, changed or deleted; the text goes to the stack's events."""


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A CloudFormation type and the API calls behind it.

    `create`, `update`, `delete` and `describe` are API names (`CreateModel`). Without `update` only
    tags can change in place. `identifier` are the API members that identify a resource, or dotted
    paths to them; they are taken from the create request or its answer. `ref` and the values of
    `attributes` are dotted paths into the answer of `describe` (or of `create` without one), as
    `pipelineMetadata.arn` or `projects.0.arn`; where that answer lacks a path, the create answer
    and request are looked at.
    A function of the identifier serves where no answer has the value.
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
    #: The property that gets a generated physical name when the template leaves it out.
    name_property: str | None = None
    #: The API member that takes the account's id, where no property has it.
    account_member: str | None = None
    to_request: Callable[[Request], Request] | None = None
    to_update_request: Callable[[Request], Request] | None = None
    #: Requests of `describe` and `delete`, when they are not the identifier itself.
    to_describe_request: Callable[[Identifier], Request] | None = None
    to_delete_request: Callable[[Identifier], Request] | None = None
    #: Further calls that bring a resource to its properties: after the creation (the properties
    #: before are empty), and at an update in place of `update`. For what one call cannot say.
    bring: Callable[[Any, Identifier, Properties, Properties], None] | None = None
    #: Blocks until the resource is settled; raises with AWS's reason when it failed.
    wait: Callable[[Any, Identifier], None] | None = None
    #: Blocks until a deleted resource is gone.
    wait_deleted: Callable[[Any, Identifier], None] | None = None
    #: Changes the tags from the former to the new ones, where the service has ways of its own.
    retag: Callable[[Any, Identifier, Any, Any], None] | None = None
    #: Where the ARN for tag changes is; by default the first of ref and attributes that is one.
    arn: str | None = None
