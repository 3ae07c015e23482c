"""Our services, in front of or instead of ministack's."""

from __future__ import annotations

import types
from collections.abc import Awaitable, Callable

from ministack import app, services
from ministack.core import iam_actions, iam_evaluator, router
from ministack.services.cloudformation import provisioners

from rehearsal.framework.gateway import Gateway
from rehearsal.framework.protocols.protocol import HttpRequest
from rehearsal.ministack.scope import current_scope

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, list[str]]], Awaitable[Answer]]


def serve(gateway: Gateway) -> None:
    """Registers a gateway's services in ministack's router.

    ministack authenticates each request (signature, session token, time); the gateway authorizes
    it, for it knows every resource of the request. A service that ministack has too is replaced,
    with its CloudFormation types.
    """
    for signing_name, prefixes in gateway.target_prefixes.items():
        _forget_stock(signing_name)
        handler = _handler(gateway, signing_name)
        module_name = f"rehearsal_{signing_name.replace('-', '_')}"
        module = types.ModuleType(f"{services.__name__}.{module_name}")
        module.handle_request = handler  # type: ignore[attr-defined]
        app._loaded_modules[module_name] = module
        app.SERVICE_REGISTRY[signing_name] = {"module": module_name}
        app.SERVICE_HANDLERS[signing_name] = handler
        # First, so that no prefix of another service that also matches wins.
        patterns = dict(router.SERVICE_PATTERNS)
        router.SERVICE_PATTERNS.clear()
        router.SERVICE_PATTERNS[signing_name] = {
            "target_prefixes": [f"{prefix}." for prefix in prefixes],
            "host_patterns": [],
            "credential_scope": signing_name,
        }
        router.SERVICE_PATTERNS.update(patterns)
    own = set(gateway.target_prefixes)
    # ministack rewrites content types by signing name; a runtime shares its control plane's.
    app.fix_success_content_type = _except(own, app.fix_success_content_type)
    app.fix_error_content_type = _except(own, app.fix_error_content_type)


def _except(own: set[str], stock: Callable[..., None]) -> Callable[..., None]:
    def fix(service: str, status: int, headers: dict[str, str]) -> None:
        if service not in own:
            stock(service, status, headers)

    return fix


def wrap_service(name: str, wrapper: Callable[[Handler], Handler]) -> None:
    """Puts a wrapper around the handler of one of ministack's own services."""
    app.SERVICE_HANDLERS[name] = wrapper(app.SERVICE_HANDLERS[name])


def _forget_stock(signing_name: str) -> None:
    app.SERVICE_REGISTRY.pop(signing_name, None)
    router.SERVICE_PATTERNS.pop(signing_name, None)
    # Without a namespace ministack authenticates only; the gateway authorizes.
    iam_actions.SERVICE_TO_IAM_NAMESPACE.pop(signing_name, None)
    family = {"codebuild": "AWS::CodeBuild::"}.get(signing_name)
    if family:
        for type_name in [t for t in provisioners._RESOURCE_HANDLERS if t.startswith(family)]:
            del provisioners._RESOURCE_HANDLERS[type_name]


def _handler(gateway: Gateway, signing_name: str) -> Handler:
    async def handle(
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: dict[str, list[str]],
    ) -> Answer:
        http = HttpRequest(method, path, headers, query, body)
        caller = iam_evaluator.caller_arn()
        return await gateway.handle(signing_name, http, current_scope(), caller)

    return handle
