"""Custom resources: fail fast, and CDK's own ones without a Node SDK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource, provisioners

from rehearsal.framework.platform import Platform
from rehearsal.ministack.scope import current_scope
from rehearsal.ministack.stacks.cdk_custom_resources import HANDLERS, CustomResource

# AWS waits an hour for an answer. Whoever rehearses wants to know sooner.
_TIMEOUT_SECONDS = 120


class _Limited(dict[str, Any]):
    """Properties with a default ServiceTimeout that the function itself does not get to see."""

    def get(self, key: str, default: Any = None) -> Any:
        if key == "ServiceTimeout":
            default = _TIMEOUT_SECONDS
        return super().get(key, default)


def install(platform: Platform) -> None:
    """Shortens the wait for an answer and registers native handlers."""
    stock_invoke = custom_resource.invoke_custom_resource
    stock_execute = lambda_svc._execute_function_with_config_scope

    def invoke(
        request_type: str, logical_id: str, properties: dict[str, Any], *args: Any, **options: Any
    ) -> Any:
        return stock_invoke(request_type, logical_id, _Limited(properties), *args, **options)

    def execute(record: Any, event: Any, *args: Any, **options: Any) -> Any:
        result = stock_execute(record, event, *args, **options)
        failure = _failure(result)
        if failure and isinstance(event, dict) and "ResponseURL" in event:
            token = event["ResponseURL"].rsplit("/", 1)[-1]
            reason = f"The function ended without an answer: {failure}"
            custom_resource.deliver_response(token, {"Status": "FAILED", "Reason": reason})
        return result

    custom_resource.invoke_custom_resource = invoke
    lambda_svc._execute_function_with_config_scope = execute
    for type_name, handler in HANDLERS.items():
        provisioners._RESOURCE_HANDLERS[type_name] = _row(platform, handler)


def _failure(result: Any) -> str:
    """Why an invocation failed; empty when it did not."""
    if not isinstance(result, dict):
        return ""
    failed = result.get("error") or result.get("function_error") or result.get("FunctionError")
    return str(result.get("body") or result)[:500] if failed else ""


def _row(platform: Platform, handler: Callable[[CustomResource], Any]) -> dict[str, Any]:
    def run(
        request_type: str,
        properties: dict[str, Any],
        old: dict[str, Any] | None = None,
        physical_id: str | None = None,
    ) -> Any:
        token = properties.get("ServiceToken", "")
        session = platform.session(
            platform.service_credentials(
                _function_role(token),
                service_principal="lambda.amazonaws.com",
                session_name="custom-resource",
            ),
            current_scope().region,
        )
        return handler(CustomResource(request_type, session, properties, old or {}, physical_id))

    return {
        "create": lambda logical_id, new, stack_name: run("Create", new),
        "update": lambda physical_id, old, new, stack_name: run("Update", new, old, physical_id),
        "delete": lambda physical_id, old: run("Delete", old, None, physical_id),
    }


def _function_role(service_token: str) -> str:
    _, config, _ = lambda_svc._get_func_record_for_ref(service_token)
    if config is None:
        raise ValueError(f"The function {service_token} of the custom resource does not exist.")
    return str(config["Role"])
