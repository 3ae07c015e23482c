"""No request that a model describes makes an operation fail with an error of the rehearsal.

The requests are the smallest one of each operation, those with one further member, those without
one of all members, and those with each scalar at its limits.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import importlib
import io
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qs, unquote

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import OperationModel
from botocore.serialize import create_serializer

from rehearsal.framework.gateway import Gateway
from rehearsal.framework.platform import Platform
from rehearsal.framework.protocols.protocol import HttpRequest
from rehearsal.framework.service import Service
from rehearsal.server.main import SERVICES
from rehearsal.services.sagemaker.service import SageMaker
from rehearsal.services.servicecatalog import ServiceCatalog
from tests.rehearsal.fakes import CALLER, SCOPE, FakePlatform
from tests.rehearsal.model_requests import changed, full, model_of, smallest, variations
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane

MAX_REQUESTS = 30
"""Requests of one operation, evenly chosen."""
_IDENTIFIERS = ("arn", "id", "name", "token", "version")
_ROLE = "arn:aws:iam::111111111111:role/execution"
_SOURCE, _BUILD = "pipeline.stages[0].actions[0]", "pipeline.stages[1].actions[0]"
_PIPELINE = {
    "pipeline.name": "a",
    "pipeline.roleArn": _ROLE,
    "pipeline.artifactStore": {"type": "S3", "location": "bucket"},
    "pipeline.stages[0].name": "Source",
    f"{_SOURCE}.name": "Code",
    f"{_SOURCE}.actionTypeId": {
        "category": "Source",
        "owner": "AWS",
        "provider": "S3",
        "version": "1",
    },
    f"{_SOURCE}.configuration": {
        "S3Bucket": "bucket",
        "S3ObjectKey": "code.zip",
        "PollForSourceChanges": "false",
    },
    f"{_SOURCE}.outputArtifacts[0].name": "Code",
    "pipeline.stages[1].name": "Approve",
    f"{_BUILD}.name": "Approve",
    f"{_BUILD}.actionTypeId": {
        "category": "Approval",
        "owner": "AWS",
        "provider": "Manual",
        "version": "1",
    },
}
_STEPS = {
    "Version": "2020-12-01",
    "Steps": [{"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}],
}
SEEDS: Mapping[str, Mapping[str, Any]] = {
    "codepipeline.CreatePipeline": _PIPELINE,
    "codepipeline.UpdatePipeline": _PIPELINE,
    "sagemaker.CreatePipeline": {"PipelineDefinition": json.dumps(_STEPS)},
    "CreateApp": {"AppType": "JupyterLab", "SpaceName": "lab"},
    "CreateCommit": {"putFiles[0].filePath": "a", "putFiles[0].fileContent": b"1"},
    "CreateEndpoint": {"EndpointConfigName": "a"},
    "CreateInferenceComponent": {
        "Specification.ModelName": "a",
        "Specification.ComputeResourceRequirements.MinMemoryRequiredInMb": 128,
        "Specification.ComputeResourceRequirements.NumberOfCpuCoresRequired": 1,
        "RuntimeConfig.CopyCount": 1,
    },
    "CreateModelCard": {"Content": "{}"},
    "CreatePortfolio": {"DisplayName": "ml"},
    "CreateProduct": {
        "ProductType": "CLOUD_FORMATION_TEMPLATE",
        "ProvisioningArtifactParameters.Info": {
            "LoadTemplateFromURL": "https://bucket.s3.us-east-1.amazonaws.com/a"
        },
    },
    "ImportHubContent": {"HubContentDocument": "{}"},
    "PutDashboard": {"DashboardBody": json.dumps({"widgets": []})},
    "PutCompositeAlarm": {"AlarmRule": "TRUE"},
    "PutScalingPolicy": {"PolicyName": "a"},
}
"""Requests that operations accept, as changes of the smallest ones."""
_EXCEPTIONS = [
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, Exception)
]
PYTHON = re.compile(
    rf"\b(?:{'|'.join(_EXCEPTIONS)}):|Traceback|NoneType|has no attribute|index out of range"
    r"|<class|object at 0x|unhashable|not subscriptable|positional argument"
)


class Peer:
    """A client of another service.

    Args:
        name: botocore's name of the service.
        exists: True if each request is about an existing resource, which the model describes;
            False if no resource exists.
    """

    def __init__(self, name: str, exists: bool) -> None:
        self._model = model_of(name)
        self._exists = exists

    def __getattr__(self, name: str) -> Any:
        named = {xform_name(one): one for one in self._model.operation_names}
        shape = self._model.operation_model(named[name]).output_shape

        def call(**request: Any) -> Any:
            if not self._exists:
                error = {
                    "Error": {"Code": "ResourceNotFoundException", "Message": "It is missing."}
                }
                raise ClientError(cast(Any, error), named[name])
            response = full(shape, 4) if shape is not None else {}
            pages = ("NextToken", "nextToken", "Marker", "IsTruncated", "NextContinuationToken")
            kept = {key: value for key, value in response.items() if key not in pages}
            return {**kept, "Body": io.BytesIO(b"{}")} if "Body" in kept else kept

        return call

    def get_paginator(self, name: str) -> Any:
        call = getattr(self, name)
        return SimpleNamespace(paginate=lambda **request: [call(**request)])


class Surroundings(FakePlatform):
    """An AWS in which each resource of other services exists, or none."""

    def __init__(self, exists: bool) -> None:
        super().__init__()
        self._exists = exists

    def session(self, credentials: Any, region: str) -> Any:
        return SimpleNamespace(
            region_name=region, client=lambda name, **_: Peer(name, self._exists)
        )


class Calls:
    """Sends requests to a service through the gateway, without HTTP.

    Args:
        service: the service.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self._model = model_of(service.name)
        self._executor = ThreadPoolExecutor(max_workers=1)
        self._gateway = Gateway([service], authorizer=self, executor=self._executor)
        self._loop = asyncio.new_event_loop()
        protocol = "json" if "json" in self._model.metadata.get("protocols", ()) else None
        self._serializer = create_serializer(
            protocol or self._model.metadata["protocol"], include_validation=False
        )

    def authorize_request(self, http: HttpRequest, **_: Any) -> None:
        """Allows everything."""

    @property
    def operations(self) -> list[OperationModel]:
        """The operations of the service; those that create come first, those that delete last."""
        names = [
            name
            for name in self._model.operation_names
            if self.service.operation(xform_name(name)) is not None
        ]
        # What a resource needs may be created after it, so all are created twice.
        created = [name for name in names if _order(name)[0] == 0]
        ordered = [*sorted(created), *sorted(names, key=_order)]
        return [self._model.operation_model(name) for name in ordered]

    def send(self, operation: OperationModel, request: Mapping[str, Any]) -> tuple[int, str]:
        """Returns the status and the body of the response."""
        wire = self._serializer.serialize_to_request(dict(request), operation)
        path, _, query = wire["url_path"].partition("?")
        given = wire["query_string"]
        given = (
            parse_qs(given)
            if isinstance(given, str)
            else {
                name: value if isinstance(value, list) else [str(value)]
                for name, value in given.items()
            }
        )
        body = wire["body"]
        http = HttpRequest(
            method=wire["method"],
            path=unquote(path),
            headers={name.lower(): str(value) for name, value in wire["headers"].items()},
            query={**parse_qs(query, keep_blank_values=True), **given},
            body=body if isinstance(body, bytes) else str(body or "").encode(),
        )
        (signing_name,) = self._gateway.target_prefixes
        status, _, content = self._loop.run_until_complete(
            self._gateway.handle(signing_name, http, SCOPE, CALLER.caller_arn)
        )
        return status, content.decode("utf-8", "replace")

    def close(self) -> None:
        self.service.close()
        self._loop.close()
        self._executor.shutdown(wait=False, cancel_futures=True)


def _order(name: str) -> tuple[int, str]:
    if name.startswith(("Create", "Register", "Put", "Import")):
        return 0, name
    return (2 if name.startswith(("Delete", "Deregister", "Stop", "Terminate")) else 1), name


def make(path: str, platform: Platform) -> Service:
    module, _, name = path.partition(":")
    kind = getattr(importlib.import_module(module), name)
    made: Service = kind(platform, FakeDataPlane()) if kind is SageMaker else kind(platform)
    made.peers = {made.name: made}
    if kind is SageMaker:
        made.peers = {made.name: made, "servicecatalog": ServiceCatalog(platform)}
    return made


def sample(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns at most MAX_REQUESTS of them, the first one always."""
    step = max(len(requests) / MAX_REQUESTS, 1)
    return [requests[int(index * step)] for index in range(int(len(requests) / step))]


class Known:
    """The identifiers that responses have, by the names of their members."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def learn(self, content: str, request: Mapping[str, Any]) -> None:
        """Keeps the identifiers of a request that succeeded, and of its response."""
        self._keep(dict(request))
        with contextlib.suppress(ValueError):  # the body of a response may be any bytes
            self._keep(json.loads(content))

    def _keep(self, value: Any) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                if isinstance(inner, str) and inner and name.lower().endswith(_IDENTIFIERS):
                    self._values[name.lower()] = inner
                self._keep(inner)
        elif isinstance(value, list):
            for inner in value:
                self._keep(inner)

    def into(self, request: Any) -> Any:
        """Returns a request about resources that exist."""
        if isinstance(request, list):
            return [self.into(one) for one in request]
        if not isinstance(request, dict):
            return request
        return {
            name: self._values.get(name.lower(), value)
            if isinstance(value, str)
            else self.into(value)
            for name, value in request.items()
        }


def requests_of(service: Service, operation: OperationModel) -> list[dict[str, Any]]:
    """Returns the requests of an operation: around those that its rules accept, and others."""
    shape = operation.input_shape
    if shape is None:
        return [{}]
    changes = [
        rule.passes.changes
        for rule in service.rules.of(operation.name)
        if (rule.passes.operation or rule.operations[0]) == operation.name
    ]
    seed = SEEDS.get(f"{service.name}.{operation.name}") or SEEDS.get(operation.name)
    changes += [seed] if seed is not None else []
    accepted = [changed(shape, smallest(shape), one) for one in changes]
    around = list(variations(shape, accepted[-1])) if accepted else []
    return [*accepted, *sample(around), *sample(list(variations(shape)))]


@pytest.mark.parametrize("exists", [True, False], ids=["resources", "nothing"])
@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.partition(":")[2])
def test_no_request_of_the_model_crashes(path: str, exists: bool) -> None:
    """Resources of other services exist, or none does."""
    calls, known = Calls(make(path, Surroundings(exists))), Known()
    crashes: dict[str, str] = {}
    try:
        for operation in calls.operations:
            for request in requests_of(calls.service, operation):
                existing = known.into(request)
                for asked in (request, existing) if existing != request else (request,):
                    status, content = calls.send(operation, asked)
                    if status >= 500 or "InternalFailure" in content or PYTHON.search(content):
                        crashes.setdefault(operation.name, f"{content[:300]} {str(asked)[:300]}")
                    elif status < 300:
                        known.learn(content, asked)
    finally:
        calls.close()
    assert not crashes, "\n".join(f"{name}: {text}" for name, text in crashes.items())
