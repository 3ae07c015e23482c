"""Executions of Step Functions act with the role of their state machine.

An `aws-sdk` task is a request that the role signs and that goes through the gateway, as any
caller's. IAM is evaluated for an optimized integration before ministack runs it.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
"""

import contextlib
import contextvars
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.httpsession import URLLib3Session
from ministack.services import stepfunctions

from rehearsal.framework.platform import AwsError, Credentials, Platform
from rehearsal.ministack.iam import identity
from rehearsal.ministack.registry import PERMANENT, patch, patch_value
from rehearsal.ministack.request_scope import current_scope
from rehearsal.ministack.runtime import Runtime
from rehearsal.ministack.state_machines.task_permissions import (
    Permission,
    UnknownTaskError,
    permissions,
)
from rehearsal.ministack.state_machines.task_requests import TaskRequest, denial_message

_STATES = "ministack.services.stepfunctions"
_PRINCIPAL = "states.amazonaws.com"
_WHY = "Tasks run without a principal, so a role that denies everything still succeeds."
_MAP_WHY = "A distributed map reads S3 and starts child executions without its role."
_UNTIL = "ministack runs executions with the role of their state machine."
# The rehearsal's services by their names in aws-sdk integrations: signing name, target, prefix
# of errors.
_OWN_SERVICES = {
    "sagemaker": ("sagemaker", "SageMaker", "SageMaker"),
    "codepipeline": ("codepipeline", "CodePipeline_20150709", "CodePipeline"),
    "codebuild": ("codebuild", "CodeBuild_20161006", "CodeBuild"),
    "codecommit": ("codecommit", "CodeCommit_20150413", "CodeCommit"),
    "applicationautoscaling": (
        "application-autoscaling",
        "AnyScaleFrontendService",
        "ApplicationAutoScaling",
    ),
}


class _Role:
    """The role of one execution, assumed when the first task needs it."""

    def __init__(self, platform: Platform, role_arn: str, name: str, source_arn: str) -> None:
        self._platform = platform
        self._role_arn = role_arn
        self._name = name
        self._source_arn = source_arn
        self._credentials: Credentials | None = None

    def credentials(self) -> Credentials:
        """Returns the credentials, or fails the state if Step Functions may not assume the role."""
        if self._credentials is None:
            try:
                self._credentials = self._platform.service_credentials(
                    self._role_arn,
                    service_principal=_PRINCIPAL,
                    session_name=self._name,
                    source_arn=self._source_arn,
                )
            except AwsError as error:
                raise _failure("States.Permissions", error.message) from error
        return self._credentials

    def check(self, permission: Permission) -> None:
        """Fails the state if IAM denies the permission to the role."""
        try:
            identity.authorize(
                self.credentials().principal_arn,
                permission.action,
                permission.resource_arn,
                current_scope(),
                permission.context_keys,
            )
        except AwsError as error:
            code = f"{permission.error_prefix}.AccessDeniedException"
            raise _failure(code, error.message) from error


_role: contextvars.ContextVar[_Role | None] = contextvars.ContextVar("role", default=None)
# The aws-sdk service that is being called; None outside of such a task.
_sdk_service: contextvars.ContextVar[str | None] = contextvars.ContextVar("sdk", default=None)


@patch_value(
    f"{_STATES}:_AWS_SDK_SERVICE_MAP",
    why="aws-sdk integrations reach the services of the rehearsal.",
    until=PERMANENT,
)
def sdk_services(table: dict[str, Any]) -> dict[str, Any]:
    for name, (signing_name, target, _) in _OWN_SERVICES.items():
        table[name] = {
            "target_prefix": target,
            "protocol": "json",
            "service_key": signing_name,
        }
    return table


@patch_value(
    f"{_STATES}:_AWS_SDK_ERROR_PREFIX",
    why="Errors of aws-sdk integrations have the prefix of their service.",
    until=PERMANENT,
)
def error_prefixes(table: dict[str, str]) -> dict[str, str]:
    for name, (_, _, prefix) in _OWN_SERVICES.items():
        table[name] = prefix
    return table


@patch(f"{_STATES}:_run_execution", why=_WHY, until=_UNTIL)
def run_execution(previous: Callable[[str], Any], exec_arn: str, *, runtime: Runtime) -> Any:
    execution = stepfunctions._executions.get(exec_arn) or {}
    machine_arn = execution.get("stateMachineArn", "")
    machine = stepfunctions._state_machines.get(machine_arn) or {}
    role = _Role(
        runtime.platform, machine.get("roleArn", ""), execution.get("name", ""), machine_arn
    )
    with _acting(role):
        return previous(exec_arn)


@patch(f"{_STATES}:_test_state", why=_WHY, until=_UNTIL)
def test_state(
    previous: Callable[[dict[str, Any]], Any], data: dict[str, Any], *, runtime: Runtime
) -> Any:
    machine_arn = current_scope().arn("states", "stateMachine:TestState")
    with _acting(_Role(runtime.platform, data.get("roleArn") or "", "TestState", machine_arn)):
        return previous(data)


@patch(f"{_STATES}:_invoke_resource", why=_WHY, until=_UNTIL)
def invoke_resource(previous: Callable[..., Any], resource: str, input_data: Any) -> Any:
    _authorize(resource, input_data)
    return previous(resource, input_data)


@patch(f"{_STATES}:_invoke_with_callback", why=_WHY, until=_UNTIL)
def invoke_with_callback(
    previous: Callable[..., Any], resource: str, input_data: Any, token: str, state_def: Any
) -> Any:
    _authorize(resource, input_data)
    return previous(resource, input_data, token, state_def)


@patch(f"{_STATES}:_invoke_aws_sdk_integration", why=_WHY, until=_UNTIL)
def invoke_sdk(previous: Callable[..., Any], resource: str, input_data: Any) -> Any:
    token = _sdk_service.set(resource.split(":")[6].lower())
    try:
        return previous(resource, input_data)
    finally:
        _sdk_service.reset(token)


@patch(f"{_STATES}:_read_map_items", why=_MAP_WHY, until=_UNTIL)
def read_map_items(
    previous: Callable[..., Any], reader: dict[str, Any], effective: Any, ctx: Any
) -> Any:
    if reader.get("Resource", "").endswith("s3:listObjectsV2"):
        given = reader.get("Parameters") or reader.get("Arguments") or {}
        request = stepfunctions._resolve_params_obj(given, effective, ctx)
        arn = f"arn:aws:s3:::{request.get('Bucket')}"
        keys = {"s3:prefix": request.get("Prefix", "")}
        _current_role().check(Permission("S3", "s3:ListBucket", arn, keys))
    return previous(reader, effective, ctx)


@patch(f"{_STATES}:_s3_object_text", why=_MAP_WHY, until=_UNTIL)
def object_text(previous: Callable[..., Any], bucket: str, key: str) -> Any:
    arn = f"arn:aws:s3:::{bucket}/{key}"
    _current_role().check(Permission("S3", "s3:GetObject", arn))
    return previous(bucket, key)


@patch(f"{_STATES}:_run_distributed_map", why=_MAP_WHY, until=_UNTIL)
def distributed_map(
    previous: Callable[..., Any],
    state_def: Any,
    raw_input: Any,
    effective: Any,
    iterator: Any,
    execution: Any,
    ctx: Any,
) -> Any:
    arn = execution["stateMachineArn"]
    _current_role().check(Permission("StepFunctions", "states:StartExecution", arn))
    return previous(state_def, raw_input, effective, iterator, execution, ctx)


@patch(
    "ministack.app:call_service_handler_sync",
    why=(
        "An aws-sdk task calls its service without IAM; as a request that the role signs, it goes "
        "through the gateway."
    ),
    until=_UNTIL,
)
def call_service(
    previous: Callable[..., Any],
    handler: Any,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes | str,
    query_params: Mapping[str, Any],
    timeout: float | None = None,
    *,
    runtime: Runtime,
) -> Any:
    service = _sdk_service.get()
    if service is None:
        return previous(handler, method, path, headers, body, query_params, timeout)
    request = TaskRequest(method, path, headers, body, query_params, current_scope().region)
    signed = request.signed(runtime.platform.endpoint_url, _current_role().credentials())
    response = _http(str(runtime.platform.ca_bundle)).send(signed.prepare())
    denial = denial_message(response.status_code, response.content)
    if denial is not None:
        code = stepfunctions._prefix_sdk_error(service, "AccessDeniedException")
        raise _failure(code, denial)
    return response.status_code, dict(response.headers), response.content


@functools.cache
def _http(ca_bundle: Any) -> URLLib3Session:  # the stubs know no bundle here, botocore does
    return URLLib3Session(verify=ca_bundle, timeout=90, max_pool_connections=32)


@contextlib.contextmanager
def _acting(role: _Role) -> Iterator[None]:
    token = _role.set(role)
    try:
        yield
    finally:
        _role.reset(token)


def _authorize(resource: str, request: Any) -> None:
    role = _current_role()
    role.credentials()
    try:
        needed = permissions(resource, request, current_scope())
    except UnknownTaskError as unknown:
        raise _failure("States.Runtime", str(unknown)) from unknown
    for permission in needed:
        role.check(permission)


def _current_role() -> _Role:
    role = _role.get()
    if role is None:
        raise _failure("States.Runtime", "A task ran outside of an execution, thus with no role")
    return role


def _failure(error: str, cause: str) -> Exception:
    """Returns the exception with which ministack fails a state, so that Retry and Catch apply."""
    failed: Exception = stepfunctions._ExecutionError(error, cause)
    return failed
