"""Kinds of resources that SageMaker only stores, as data from which their operations follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore import xform_name

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Operation, Request, Response
from rehearsal.services.sagemaker import service_model
from rehearsal.services.sagemaker.backend import Backend, caller_identity
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.service_model import output_shape


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of resource in the words of SageMaker's API.

    Args:
        noun: the name of its operations without the verb, such as `EndpointConfig`.
        path: the resource type in ARNs, such as `endpoint-config`.
        listing: the List operation.
        words: the kind in messages, such as `endpoint configuration`. Defaults to the path's words.
        name: the member for the name. Defaults to the noun with `Name`.
        arn: the member for the ARN. Defaults to the noun with `Arn`.
        updatable: the members that its Update operation changes. Defaults to none: it has no such
            operation.
        lower_case: True if ARNs have the name in lower case. Defaults to False.
        missing: the message for a missing resource, with `{name}` and `{arn}`. Defaults to
            SageMaker's usual one.
        existing: the message for a name that is taken, with `{name}` and `{arn}`. Defaults to
            SageMaker's usual one.
        existing_code: the error code for a name that is taken.
    """

    noun: str
    path: str
    listing: Listing
    words: str = ""
    name: str = ""
    arn: str = ""
    updatable: tuple[str, ...] = ()
    lower_case: bool = False
    missing: str = 'Could not find {words} "{arn}".'
    existing: str = 'Cannot create already existing {words} "{arn}".'
    existing_code: str = "ValidationException"

    @property
    def name_member(self) -> str:
        return self.name or f"{self.noun}Name"

    @property
    def arn_member(self) -> str:
        return self.arn or f"{self.noun}Arn"

    def arn_of(self, scope: Scope, name: str) -> str:
        """Returns the ARN of a resource of this kind."""
        return scope.arn("sagemaker", f"{self.path}/{name.lower() if self.lower_case else name}")

    def message(self, template: str, scope: Scope, name: str) -> str:
        """Returns a message about a resource of this kind."""
        words = self.words or self.path.replace("-", " ")
        return template.format(words=words, name=name, arn=self.arn_of(scope, name))


def bind_operations(part: object, operations: Mapping[str, Operation]) -> None:
    """Gives a part its operations by their API names, such as `CreateModel`."""
    for name, operation in operations.items():
        setattr(part, xform_name(name), operation)


class StoredResource:
    """Create, Describe, List, Delete, and Update where the kind has it, of one kind.

    What a kind adds to storing is in methods that a subclass overrides: `prepare`, `changes`,
    `check_delete` and `changed`.

    Args:
        backend: the backend of SageMaker.
        kind: the kind of resource.
    """

    def __init__(self, backend: Backend, kind: Kind) -> None:
        self.backend = backend
        self.kind = kind
        operations: dict[str, Operation] = {
            f"Create{kind.noun}": self.create,
            f"Describe{kind.noun}": self.describe,
            kind.listing.operation: self.list_all,
            f"Delete{kind.noun}": self.delete,
        }
        if kind.updatable:
            operations[f"Update{kind.noun}"] = self.update
        bind_operations(self, operations)

    # What a kind adds

    def prepare(self, record: Record, context: Context) -> None:
        """Validates an accepted Create request and completes it, before the name is checked."""

    def changes(self, record: Record, given: Request) -> dict[str, Any]:
        """Returns the members of a record that an accepted Update request changes."""
        return {name: given[name] for name in self.kind.updatable if name in given}

    def check_delete(self, record: Record, scope: Scope) -> None:
        """Checks that a resource may be deleted now."""

    def changed(self, record: Record, scope: Scope) -> None:
        """Reports that a resource was created or deleted, for instance by an event."""

    # Operations

    def create(self, request: Request, context: Context) -> Response:
        record = self.backend.accept(f"Create{self.kind.noun}", request)
        self.prepare(record, context)
        response = self.add(record, request, context)
        self.changed(record, context.scope)
        return response

    def add(self, record: Record, request: Request, context: Context) -> Response:
        """Adds a prepared record; returns the response of Create.

        Raises:
            AwsError: the name is taken.
        """
        kind, backend = self.kind, self.backend
        name = record[kind.name_member]
        moment = now()
        record |= {kind.arn_member: kind.arn_of(context.scope, name), kind.listing.created: moment}
        if kind.listing.modified is not None:
            record[kind.listing.modified] = moment
        if self._shows("CreatedBy"):
            record["CreatedBy"] = caller_identity(context)
        with backend.lock:
            if name in backend.records.of(context.scope, kind.path):
                message = kind.message(kind.existing, context.scope, name)
                raise AwsError(kind.existing_code, message)
            backend.tag_new(context, record[kind.arn_member], request.get("Tags", ()))
            backend.records.of(context.scope, kind.path)[name] = record
        return {kind.arn_member: record[kind.arn_member]}

    def describe(self, request: Request, context: Context) -> Response:
        operation = f"Describe{self.kind.noun}"
        record = self.find(context.scope, request[self.kind.name_member], operation)
        return self.backend.describe(operation, record)

    def list_all(self, request: Request, context: Context) -> Response:
        with self.backend.lock:
            records = self.backend.records.of(context.scope, self.kind.path).values()
            return self.kind.listing.respond(records, request)

    def update(self, request: Request, context: Context) -> Response:
        kind = self.kind
        operation = f"Update{kind.noun}"
        given = self.backend.accept(operation, request)
        record = self.find(context.scope, given[kind.name_member], operation)
        with self.backend.lock:
            record.update(self.changes(record, given))
            if kind.listing.modified is not None:
                record[kind.listing.modified] = now()
            if self._shows("LastModifiedBy"):
                record["LastModifiedBy"] = caller_identity(context)
        return self._response(operation, record)

    def delete(self, request: Request, context: Context) -> Response:
        scope, name = context.scope, request[self.kind.name_member]
        operation = f"Delete{self.kind.noun}"
        record = self.find(scope, name, operation)
        self.check_delete(record, scope)
        self.backend.remove(scope, self.kind.path, name, record[self.kind.arn_member])
        self.changed(record, scope)
        return self._response(operation, record)

    # For other parts

    def find(self, scope: Scope, name: str, operation: str) -> Record:
        """Returns a resource of this kind.

        Args:
            scope: account and region.
            name: the name of the resource.
            operation: the API name of the operation that needs it.

        Raises:
            AwsError: ResourceNotFound or ValidationException, if there is no such resource.
        """
        message = self.kind.message(self.kind.missing, scope, name)
        return self.backend.find(scope, self.kind.path, name, operation=operation, message=message)

    def _shows(self, member: str) -> bool:
        """Returns True if Describe returns a member."""
        return member in output_shape(f"Describe{self.kind.noun}").members

    def _response(self, operation: str, record: Record) -> Response:
        """Returns the response of a change: the ARN, if the API documents one."""
        shape = service_model.operation(operation).output_shape
        member = self.kind.arn_member
        return {member: record[member]} if shape and member in shape.members else {}
