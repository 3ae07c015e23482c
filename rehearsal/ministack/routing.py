"""The rehearsal's services in ministack's router, beside its services or instead of them."""

import types
from collections.abc import Awaitable, Callable
from typing import Any

from ministack import services
from ministack.core import iam_evaluator

from rehearsal.framework.gateway import Gateway
from rehearsal.framework.protocols.protocol import HttpRequest
from rehearsal.ministack.registry import CLOUDFORMATION, PERMANENT, patch, patch_value
from rehearsal.ministack.request_scope import current_scope
from rehearsal.ministack.runtime import Runtime

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, list[str]]], Awaitable[Response]]

_WHY = (
    "Requests to a service of the rehearsal go to its gateway. ministack authenticates them "
    "(signature, session token, time); the gateway authorizes them, as it knows each resource of a "
    "request."
)
_CONTENT_TYPES = (
    "ministack rewrites content types by signing name, which a runtime shares with its control "
    "plane."
)


@patch_value("ministack.app:SERVICE_HANDLERS", why=_WHY, until=PERMANENT)
def serve(handlers: dict[str, Handler], *, runtime: Runtime) -> dict[str, Handler]:
    for signing_name in runtime.signing_names:
        handlers[signing_name] = _handler(runtime.gateway, signing_name)
    return handlers


@patch_value("ministack.app:_loaded_modules", why=_WHY, until=PERMANENT)
def load_modules(modules: dict[str, Any], *, runtime: Runtime) -> dict[str, Any]:
    for signing_name in runtime.signing_names:
        module = types.ModuleType(f"{services.__name__}.{_module_name(signing_name)}")
        module.handle_request = _handler(runtime.gateway, signing_name)  # type: ignore[attr-defined]
        modules[_module_name(signing_name)] = module
    return modules


@patch_value("ministack.app:SERVICE_REGISTRY", why=_WHY, until=PERMANENT)
def register(registry: dict[str, Any], *, runtime: Runtime) -> dict[str, Any]:
    for signing_name in runtime.signing_names:
        registry[signing_name] = {"module": _module_name(signing_name)}
    return registry


@patch_value("ministack.core.router:SERVICE_PATTERNS", why=_WHY, until=PERMANENT)
def route(patterns: dict[str, Any], *, runtime: Runtime) -> dict[str, Any]:
    for signing_name, prefixes in runtime.gateway.target_prefixes.items():
        patterns.pop(signing_name, None)
        # First, so that no prefix of another service that also matches wins.
        others = dict(patterns)
        patterns.clear()
        patterns[signing_name] = {
            "target_prefixes": [f"{prefix}." for prefix in prefixes],
            "host_patterns": [],
            "credential_scope": signing_name,
        }
        patterns.update(others)
    return patterns


@patch_value(
    "ministack.core.iam_actions:SERVICE_TO_IAM_NAMESPACE",
    why="Without a namespace ministack authenticates a request only; the gateway authorizes it.",
    until=PERMANENT,
)
def authenticate_only(namespaces: dict[str, str], *, runtime: Runtime) -> dict[str, str]:
    for signing_name in runtime.signing_names:
        namespaces.pop(signing_name, None)
    return namespaces


@patch_value(
    f"{CLOUDFORMATION}.provisioners:_RESOURCE_HANDLERS",
    why="A service of the rehearsal that replaces one of ministack's replaces its types too.",
    until=PERMANENT,
)
def remove_types(handlers: dict[str, Any], *, runtime: Runtime) -> dict[str, Any]:
    if "codebuild" in runtime.signing_names:
        for type_name in [name for name in handlers if name.startswith("AWS::CodeBuild::")]:
            del handlers[type_name]
    return handlers


@patch(
    "ministack.app:fix_success_content_type",
    "ministack.app:fix_error_content_type",
    why=_CONTENT_TYPES,
    until=PERMANENT,
)
def fix_content_type(
    previous: Callable[..., None],
    service: str,
    status: int,
    headers: dict[str, str],
    *,
    runtime: Runtime,
) -> None:
    if service not in runtime.signing_names:
        previous(service, status, headers)


def _module_name(signing_name: str) -> str:
    return f"rehearsal_{signing_name.replace('-', '_')}"


def _handler(gateway: Gateway, signing_name: str) -> Handler:
    async def handle(
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: dict[str, list[str]],
    ) -> Response:
        http = HttpRequest(method, path, headers, query, body)
        caller = iam_evaluator.caller_arn()
        return await gateway.handle(signing_name, http, current_scope(), caller)

    return handle
