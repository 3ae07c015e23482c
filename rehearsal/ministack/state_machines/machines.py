"""A Step Functions execution acts with the role of its state machine, and IAM judges it.

ministack runs tasks as nobody in particular. Here an `aws-sdk` task becomes a request signed by the
role, which goes through the gateway as any caller's does; an optimized integration is judged before
ministack runs it. https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
"""

from __future__ import annotations

import contextvars
from collections.abc import Mapping
from typing import Any

from botocore.httpsession import URLLib3Session
from ministack import app
from ministack.services import stepfunctions

from rehearsal.framework.platform import AwsError, Credentials
from rehearsal.ministack.iam import identity
from rehearsal.ministack.ministack import Ministack
from rehearsal.ministack.scope import current_scope
from rehearsal.ministack.state_machines.requests import TaskRequest, denial_message
from rehearsal.ministack.state_machines.tasks import Permission, UnknownTaskError, permissions

_PRINCIPAL = "states.amazonaws.com"
# Our services by their names in aws-sdk integrations: signing name, target, prefix of errors.
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


class _Actor:
    """The role of one execution; assumed when the first task needs it."""

    def __init__(self, platform: Ministack, role_arn: str, name: str, source_arn: str) -> None:
        self._platform = platform
        self._role_arn = role_arn
        self._name = name
        self._source_arn = source_arn
        self._credentials: Credentials | None = None

    def credentials(self) -> Credentials:
        """Raises the state's error when Step Functions may not assume the role."""
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
        """Raises the state's error when IAM does not allow the role."""
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


_actor: contextvars.ContextVar[_Actor | None] = contextvars.ContextVar("actor", default=None)
# The aws-sdk service that is being called; None outside of such a task.
_sdk_service: contextvars.ContextVar[str | None] = contextvars.ContextVar("sdk", default=None)


def install(platform: Ministack) -> None:
    """Makes executions, TestState and the reader of a distributed map act with a role."""
    for name, (signing_name, target, prefix) in _OWN_SERVICES.items():
        stepfunctions._AWS_SDK_SERVICE_MAP[name] = {
            "target_prefix": target,
            "protocol": "json",
            "service_key": signing_name,
        }
        stepfunctions._AWS_SDK_ERROR_PREFIX[name] = prefix
    _install_actor(platform)
    _install_tasks()
    _install_map_reader()
    _install_requests(platform)


def _install_actor(platform: Ministack) -> None:
    run, test = stepfunctions._run_execution, stepfunctions._test_state

    def as_role(role_arn: str, name: str, source_arn: str, call: Any, argument: Any) -> Any:
        token = _actor.set(_Actor(platform, role_arn, name, source_arn))
        try:
            return call(argument)
        finally:
            _actor.reset(token)

    def run_execution(execution_arn: str) -> Any:
        execution = stepfunctions._executions.get(execution_arn) or {}
        machine_arn = execution.get("stateMachineArn", "")
        machine = stepfunctions._state_machines.get(machine_arn) or {}
        name = execution.get("name", "")
        return as_role(machine.get("roleArn", ""), name, machine_arn, run, execution_arn)

    def test_state(data: dict[str, Any]) -> Any:
        machine_arn = current_scope().arn("states", "stateMachine:TestState")
        return as_role(data.get("roleArn") or "", "TestState", machine_arn, test, data)

    stepfunctions._run_execution = run_execution
    stepfunctions._test_state = test_state


def _install_tasks() -> None:
    invoke, callback = stepfunctions._invoke_resource, stepfunctions._invoke_with_callback
    sdk = stepfunctions._invoke_aws_sdk_integration

    def invoke_resource(resource: str, input_data: Any) -> Any:
        _judge(resource, input_data)
        return invoke(resource, input_data)

    def invoke_with_callback(resource: str, input_data: Any, token: str, state_def: Any) -> Any:
        _judge(resource, input_data)
        return callback(resource, input_data, token, state_def)

    def invoke_sdk(resource: str, input_data: Any) -> Any:
        token = _sdk_service.set(resource.split(":")[6].lower())
        try:
            return sdk(resource, input_data)
        finally:
            _sdk_service.reset(token)

    stepfunctions._invoke_resource = invoke_resource
    stepfunctions._invoke_with_callback = invoke_with_callback
    stepfunctions._invoke_aws_sdk_integration = invoke_sdk


def _judge(resource: str, request: Any) -> None:
    actor = _current_actor()
    actor.credentials()
    try:
        needed = permissions(resource, request, current_scope())
    except UnknownTaskError as unknown:
        raise _failure("States.Runtime", str(unknown)) from unknown
    for permission in needed:
        actor.check(permission)


def _current_actor() -> _Actor:
    actor = _actor.get()
    if actor is None:
        raise _failure("States.Runtime", "A task ran outside of an execution, thus with no role")
    return actor


def _install_map_reader() -> None:
    """Distributed maps read S3, and start child executions, with the role too."""
    read, text = stepfunctions._read_map_items, stepfunctions._s3_object_text
    run = stepfunctions._run_distributed_map

    def read_map_items(reader: dict[str, Any], effective: Any, ctx: Any) -> Any:
        if reader.get("Resource", "").endswith("s3:listObjectsV2"):
            given = reader.get("Parameters") or reader.get("Arguments") or {}
            request = stepfunctions._resolve_params_obj(given, effective, ctx)
            arn = f"arn:aws:s3:::{request.get('Bucket')}"
            keys = {"s3:prefix": request.get("Prefix", "")}
            _current_actor().check(Permission("S3", "s3:ListBucket", arn, keys))
        return read(reader, effective, ctx)

    def object_text(bucket: str, key: str) -> Any:
        arn = f"arn:aws:s3:::{bucket}/{key}"
        _current_actor().check(Permission("S3", "s3:GetObject", arn))
        return text(bucket, key)

    def distributed_map(
        state_def: Any, raw: Any, effective: Any, iterator: Any, execution: Any, ctx: Any
    ) -> Any:
        arn = execution["stateMachineArn"]
        _current_actor().check(Permission("StepFunctions", "states:StartExecution", arn))
        return run(state_def, raw, effective, iterator, execution, ctx)

    stepfunctions._read_map_items = read_map_items
    stepfunctions._s3_object_text = object_text
    stepfunctions._run_distributed_map = distributed_map


def _install_requests(platform: Ministack) -> None:
    """What an aws-sdk task calls in the process goes through the gateway, signed by the role."""
    stock = app.call_service_handler_sync
    bundle: Any = str(platform.ca_bundle)  # the stubs know no bundle here, botocore does
    http = URLLib3Session(verify=bundle, timeout=90, max_pool_connections=32)

    def call(
        handler: Any,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | str,
        query_params: Mapping[str, Any],
        timeout: float | None = None,
    ) -> Any:
        service = _sdk_service.get()
        if service is None:
            return stock(handler, method, path, headers, body, query_params, timeout)
        request = TaskRequest(method, path, headers, body, query_params, current_scope().region)
        signed = request.signed(platform.endpoint_url, _current_actor().credentials())
        answer = http.send(signed.prepare())
        denial = denial_message(answer.status_code, answer.content)
        if denial is not None:
            code = stepfunctions._prefix_sdk_error(service, "AccessDeniedException")
            raise _failure(code, denial)
        return answer.status_code, dict(answer.headers), answer.content

    app.call_service_handler_sync = call


def _failure(error: str, cause: str) -> Exception:
    """The exception with which ministack fails a state, so that Retry and Catch see it."""
    failed: Exception = stepfunctions._ExecutionError(error, cause)
    return failed
