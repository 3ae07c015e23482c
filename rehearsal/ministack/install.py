"""Puts all hooks into ministack, in one order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ministack import app

from rehearsal.cloudformation.resource_types import ResourceType
from rehearsal.framework.gateway import Gateway
from rehearsal.ministack import function_code, refusals, routing
from rehearsal.ministack.encryption import bucket_encryption, key_tags, object_encryption
from rehearsal.ministack.events import events, metrics
from rehearsal.ministack.iam import (
    conditions,
    foreign_buckets,
    iam_resources,
    managed_policies,
    policy_variables,
    principal_arn,
    resource_tags,
    role_tags,
    source_identity,
    via_service,
)
from rehearsal.ministack.ministack import Ministack
from rehearsal.ministack.stacks import (
    bucket_configurations,
    buckets,
    change_sets,
    custom_resources,
    event_buses,
    roles_and_logs,
    stack_actor,
    stack_deletions,
    stack_requests,
    stack_rows,
    stack_rules,
    topic_rows,
    vpcs,
)
from rehearsal.ministack.state_machines import machines


def install(platform: Ministack, gateway: Gateway, resource_types: Sequence[ResourceType]) -> None:
    """Registers our services and corrects what ministack accepts and drops."""
    routing.serve(gateway)
    iam_resources.install()
    resource_tags.install()
    key_tags.install()
    role_tags.install()
    conditions.install()
    principal_arn.install()
    policy_variables.install()
    via_service.install()
    stack_actor.install()
    stack_requests.install()
    stack_rows.register(platform, resource_types)
    stack_deletions.install()
    stack_rules.install()
    change_sets.install()
    custom_resources.install(platform)
    buckets.install()
    foreign_buckets.install()
    bucket_encryption.install()
    bucket_configurations.install()
    object_encryption.install()
    function_code.install()
    roles_and_logs.install()
    managed_policies.install()
    source_identity.install()
    vpcs.install()
    refusals.install()
    publisher = metrics.Publisher(platform)
    metrics.install(publisher)
    events.install_targets(platform, publisher)
    event_buses.install()
    topic_rows.install()
    machines.install(platform)


def application() -> Callable[[Any, Any, Any], Awaitable[None]]:
    """ministack's ASGI application."""
    served: Callable[[Any, Any, Any], Awaitable[None]] = app.app
    return served
