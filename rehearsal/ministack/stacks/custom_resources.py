"""Custom resources: early failures, and CDK's own ones without a Node SDK."""

from collections.abc import Callable
from typing import Any

from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource

from rehearsal.framework.platform import Platform
from rehearsal.ministack.registry import CLOUDFORMATION, PERMANENT, patch, patch_value
from rehearsal.ministack.request_scope import current_scope
from rehearsal.ministack.runtime import Runtime
from rehearsal.ministack.stacks.cdk_custom_resources import HANDLERS, CustomResource

# AWS waits for an hour; a rehearsal should report earlier.
_TIMEOUT_SECONDS = 120


class _Limited(dict[str, Any]):
    """Properties with a default ServiceTimeout, which the function itself does not see."""

    def get(self, key: str, default: Any = None) -> Any:
        if key == "ServiceTimeout":
            default = _TIMEOUT_SECONDS
        return super().get(key, default)


@patch(
    f"{CLOUDFORMATION}.custom_resource:invoke_custom_resource",
    why="A custom resource that does not respond keeps a stack waiting for an hour.",
    until=PERMANENT,
)
def invoke(
    previous: Callable[..., Any],
    request_type: str,
    logical_id: str,
    props: dict[str, Any],
    stack_name: str,
    stack_id: str,
    resource_type: str,
    physical_id: str | None = None,
    old_props: dict[str, Any] | None = None,
) -> Any:
    return previous(
        request_type,
        logical_id,
        _Limited(props),
        stack_name,
        stack_id,
        resource_type,
        physical_id,
        old_props,
    )


@patch(
    "ministack.services.lambda_svc:_execute_function_with_config_scope",
    why="A function that fails leaves its custom resource waiting for a response.",
    until="ministack fails a custom resource whose function fails.",
)
def execute(previous: Callable[..., Any], func: Any, event: Any) -> Any:
    result = previous(func, event)
    failure = _failure(result)
    if failure and isinstance(event, dict) and "ResponseURL" in event:
        token = event["ResponseURL"].rsplit("/", 1)[-1]
        reason = f"The function ended without a response: {failure}"
        custom_resource.deliver_response(token, {"Status": "FAILED", "Reason": reason})
    return result


def _native(type_name: str) -> Callable[..., dict[str, Any]]:
    def handlers(previous: object, *, runtime: Runtime) -> dict[str, Any]:
        return _handlers(runtime.platform, HANDLERS[type_name])

    return handlers


for _type_name in HANDLERS:
    patch_value(
        f"{CLOUDFORMATION}.provisioners:_RESOURCE_HANDLERS[{_type_name}]",
        why="The function of this CDK resource needs packages that Lambda's own runtime has.",
        until="ministack runs Node functions with the AWS SDK, and layers in their place.",
    )(_native(_type_name))


def _failure(result: Any) -> str:
    """Returns why an invocation failed, or an empty string if it succeeded."""
    if not isinstance(result, dict):
        return ""
    failed = result.get("error") or result.get("function_error") or result.get("FunctionError")
    return str(result.get("body") or result)[:500] if failed else ""


def _handlers(platform: Platform, handler: Callable[[CustomResource], Any]) -> dict[str, Any]:
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
