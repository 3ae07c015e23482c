"""Puts all hooks into ministack, in one order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from ministack import app

from rehearsal.aws.adapter import (
    bucket_configurations,
    bucket_encryption,
    buckets,
    change_sets,
    conditions,
    custom_resources,
    event_buses,
    events,
    foreign_buckets,
    function_code,
    iam_resources,
    key_tags,
    managed_policies,
    metrics,
    object_encryption,
    policy_variables,
    principal_arn,
    refusals,
    resource_tags,
    role_tags,
    roles_and_logs,
    routing,
    source_identity,
    stack_actor,
    stack_deletions,
    stack_requests,
    stack_rows,
    stack_rules,
    state_machines,
    topic_rows,
    via_service,
    vpcs,
)
from rehearsal.aws.adapter.ministack import Ministack
from rehearsal.aws.gateway import Gateway
from rehearsal.aws.resource_types import ResourceType


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
    state_machines.install(platform)


def application() -> Callable[[Any, Any, Any], Awaitable[None]]:
    """ministack's ASGI application."""
    served: Callable[[Any, Any, Any], Awaitable[None]] = app.app
    return served
