"""The base of every AWS service that the rehearsal adds.

A subclass names its botocore service and implements operations as methods called like boto3's:

    class CodePipeline(Service):
        name = "codepipeline"
        namespace = "codepipeline"

        def get_pipeline(self, request: Request, context: Context) -> Response: ...

A service with many operations is composed: it passes its parts to `compose`, objects that
implement some of the operations and get their collaborators by their constructors.

The gateway (rehearsal/framework/gateway.py) parses the wire protocol, checks the request against
botocore's model, evaluates IAM, calls the method on a worker thread (a method may block and may
call AWS through boto3) and serialises the response. An operation without a method is not supported.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from botocore import xform_name

from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.protocols.protocol import HttpRequest, HttpResponse
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.framework.tags import Tags, TagShape

INTERRUPTED = "The local AWS ended while this ran."
"""The reason of a job, build or execution that the end of the server has interrupted."""

Request = Mapping[str, Any]
Response = dict[str, Any]
Operation = Callable[[Request, Context], Response | None]

# handler(method, path, query, headers, body) -> (status, headers, body); header names lower case.
RawHandler = Callable[
    [str, str, Mapping[str, list[str]], Mapping[str, str], bytes],
    tuple[int, dict[str, str], bytes],
]


class HostRoute(Protocol):
    """Signed requests to a host of a service outside of its API, such as those of MLflow."""

    def serves(self, host: str) -> bool:
        """Returns True for the name of the host, without a port."""

    def permissions(self, http: HttpRequest, scope: Scope) -> Sequence[tuple[str, str]]:
        """Returns the IAM actions of a request, each with the ARN of its resource.

        Raises:
            AwsError: no policy can allow the request.
        """

    def respond(self, http: HttpRequest, context: Context) -> HttpResponse:
        """Returns the response of an authorized request, on a worker thread."""

    def write_error(self, error: AwsError) -> HttpResponse:
        """Returns the response of an error."""


class Service:
    """An AWS service.

    `name` is botocore's service name, `namespace` the IAM action prefix. Records of a service are
    guarded by `self.lock`; operations run concurrently.
    """

    name: ClassVar[str]
    namespace: ClassVar[str]
    #: The error code of a request that breaks the service's model.
    validation_error: ClassVar[str] = "ValidationException"
    #: The operation that tags resources; IAM evaluates it for tags of a creation, too.
    tag_operation: ClassVar[str] = "TagResource"
    #: The members with which requests and responses spell tags.
    tag_shape: ClassVar[TagShape] = TagShape()
    #: What AWS requires of requests in prose; evaluated before an operation.
    rules: ClassVar[Catalogue] = Catalogue("")

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.lock = threading.RLock()
        self.tags = Tags(platform, f"{self.namespace}:{self.tag_operation}", self.tag_shape)
        #: The other services of the control plane by their names.
        self.peers: Mapping[str, Service] = {}
        self._parts: tuple[object, ...] = ()

    def compose(self, *parts: object) -> None:
        """Adds objects whose methods implement operations of this service."""
        self._parts += parts

    def operation(self, method: str) -> Operation | None:
        """Returns the implementation of an operation, or None if the service does not support it.

        Args:
            method: the name of the operation as boto3 spells it, such as `create_endpoint`.

        Raises:
            RuntimeError: two parts implement the operation.
        """
        found = self._implementation(method)
        name = _api_names(self.rules).get(method)
        if found is None or name is None:
            return found
        implementation = found

        def run(request: Request, context: Context) -> Response | None:
            self.check_supported(name, request)
            self.rules.enforce(
                Call(
                    name,
                    request,
                    lambda *asked: self.read_state(context, *asked),
                    context.scope.region,
                )
            )
            return implementation(request, context)

        return run

    def _implementation(self, method: str) -> Operation | None:
        owners = [one for one in (self, *self._parts) if callable(getattr(one, method, None))]
        if len(owners) > 1:
            names = ", ".join(type(owner).__name__ for owner in owners)
            raise RuntimeError(f"{self.name} {method} has several implementations: {names}")
        return getattr(owners[0], method) if owners else None

    def read_state(self, context: Context, operation: str, request: Request) -> Response | None:
        """Returns the response of an operation for a rule, or None if it rejects the request."""
        implementation = self._implementation(xform_name(operation))
        if implementation is None:
            raise RuntimeError(f"A rule of {self.name} reads by {operation}, which is missing")
        try:
            return implementation(request, context)
        except AwsError:
            return None

    def check_supported(self, operation: str, request: Request) -> None:
        """Raises AwsError for members that the rehearsal does not support; before the rules."""

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        """Returns the ARNs that IAM evaluates for an operation (API name, as `CreatePipeline`).

        Source: "Actions, resources, and condition keys" of the service authorization reference;
        `["*"]` for an action without resource types.
        """
        raise NotImplementedError(f"{type(self).__name__} maps no resources for IAM")

    def action(self, operation: str) -> str:
        """Returns the IAM action of an operation; by default, both have the same name."""
        return f"{self.namespace}:{operation}"

    def condition_keys(self, operation: str, request: Request, scope: Scope) -> Mapping[str, Any]:
        """Returns the condition keys of the service for a request, as `namespace:key`."""
        return {}

    def resource_tags(self, arn: str, scope: Scope) -> Mapping[str, str]:
        """Returns the tags of a resource, for `aws:ResourceTag` conditions."""
        return self.tags.of(arn)

    def raw_routes(self) -> Sequence[tuple[re.Pattern[str], RawHandler]]:
        """Returns HTTP routes outside of AWS's protocols, such as those of git.

        A pattern must match the whole path. A handler runs on a worker thread and authenticates the
        caller itself (`Platform.secret_for`, `Platform.authorize`).
        """
        return ()

    def host_routes(self) -> Sequence[HostRoute]:
        """Returns the routes of hosts whose requests are signed for the service."""
        return ()

    def resume(self) -> Sequence[str]:
        """Ends what ran when the server ended, and starts again what serves.

        Called before `start` if the state of an earlier server was restored. Returns a sentence
        about each interruption, for the user.
        """
        return ()

    def start(self) -> None:
        """Starts background work; called once, on a worker thread, when the gateway is ready."""

    def close(self) -> None:
        """Ends every thread and process that the service started. Must return within seconds."""


@functools.cache
def _api_names(rules: Catalogue) -> Mapping[str, str]:
    """Returns the API names of the operations that have rules by the names of boto3."""
    return {xform_name(operation): operation for operation in rules.operations}
