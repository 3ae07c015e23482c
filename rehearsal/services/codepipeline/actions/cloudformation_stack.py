"""The modes of CodePipeline's CloudFormation action, one function each."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.framework import zip_archive
from rehearsal.framework.clock import utc_now
from rehearsal.services.codepipeline.actions.action import ActionFailedError, ActionRun
from rehearsal.services.codepipeline.actions.signed_template import template_members

_POLL = 0.2
_NO_UPDATES = "No updates are to be performed"
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
_ROLLED_BACK = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A stack, its new template and settings, and a client of the action's role."""

    action: ActionRun
    client: Any
    stack: str
    change_set: str
    template: str | None
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    stack_policy: Mapping[str, Any] | None
    capabilities: Sequence[str]
    role_arn: str | None

    @contextmanager
    def request(self) -> Iterator[dict[str, Any]]:
        """Yields the common members of CreateStack, UpdateStack and CreateChangeSet."""
        with template_members(self.action, self.template or "") as template:
            yield {**self._common(), **template}

    def _common(self) -> dict[str, Any]:
        request: dict[str, Any] = {
            "StackName": self.stack,
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in self.parameters.items()
            ],
            "Capabilities": list(self.capabilities),
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()],
        }
        if self.role_arn:
            request["RoleARN"] = self.role_arn
        return request


def create_or_update(deployment: Deployment) -> dict[str, str]:
    """Performs CREATE_UPDATE; a stack whose creation failed cannot be updated, as in AWS."""
    started = utc_now()
    policy = {}
    if deployment.stack_policy is not None:
        policy["StackPolicyBody"] = json.dumps(deployment.stack_policy)
    current = _describe(deployment)
    if current is None or current["StackStatus"] == "REVIEW_IN_PROGRESS":
        with deployment.request() as request:
            created = deployment.client.create_stack(**request, **policy)
        _report(deployment, created["StackId"])
        return _settled(deployment, started, {"CREATE_COMPLETE"})
    _report(deployment, current["StackId"])
    try:
        with deployment.request() as request:
            deployment.client.update_stack(**request, **policy)
    except ClientError as error:
        if _NO_UPDATES in error.response["Error"].get("Message", ""):
            return _outputs(current)
        raise
    return _settled(deployment, started, {"UPDATE_COMPLETE"})


def replace_on_failure(deployment: Deployment) -> dict[str, str]:
    """Performs REPLACE_ON_FAILURE, which first deletes a stack in a failed state."""
    current = _describe(deployment)
    if current is not None and current["StackStatus"] in _ROLLED_BACK:
        delete(deployment)
    return create_or_update(deployment)


def replace_change_set(deployment: Deployment) -> dict[str, str]:
    """Performs CHANGE_SET_REPLACE; a change set without changes is no failure."""
    client, names = deployment.client, _change_set_names(deployment)
    current = _describe(deployment)
    exists = current is not None and current["StackStatus"] != "REVIEW_IN_PROGRESS"
    if current is not None:
        client.delete_change_set(**names)
    kind = "UPDATE" if exists else "CREATE"
    with deployment.request() as request:
        made = client.create_change_set(
            **request, ChangeSetName=deployment.change_set, ChangeSetType=kind
        )
    _report(deployment, made.get("StackId", deployment.stack))
    while True:
        found = client.describe_change_set(**names)
        if found["Status"] == "CREATE_COMPLETE":
            return {}
        if found["Status"] == "FAILED":
            reason = found.get("StatusReason", "")
            if any(words in reason for words in _NO_CHANGES):
                return {}
            raise ActionFailedError(f"Change set {deployment.change_set} failed: {reason}")
        deployment.action.pause(_POLL)


def execute_change_set(deployment: Deployment) -> dict[str, str]:
    """Performs CHANGE_SET_EXECUTE; a change set without changes is not executed."""
    client, names = deployment.client, _change_set_names(deployment)
    started = utc_now()
    found = client.describe_change_set(**names)
    _report(deployment, found.get("StackId", deployment.stack))
    if found["Status"] == "FAILED":
        return _outputs(_describe(deployment) or {})
    client.execute_change_set(**names)
    return _settled(deployment, started, {"CREATE_COMPLETE", "UPDATE_COMPLETE"})


def delete(deployment: Deployment) -> dict[str, str]:
    """Performs DELETE_ONLY; a stack that does not exist is no failure."""
    started = utc_now()
    current = _describe(deployment)
    if current is None:
        return {}
    identifier = current["StackId"]
    _report(deployment, identifier)
    request = {"StackName": deployment.stack}
    if deployment.role_arn:
        request["RoleARN"] = deployment.role_arn
    deployment.client.delete_stack(**request)
    while True:
        found = _describe(deployment, identifier)
        if found is None or found["StackStatus"] == "DELETE_COMPLETE":
            return {}
        if found["StackStatus"] == "DELETE_FAILED":
            raise ActionFailedError(_failure(deployment, found, started))
        deployment.action.pause(_POLL)


def outputs_archive(name: str, outputs: Mapping[str, str]) -> Path:
    """Returns a zip file with the outputs of a stack as JSON; the caller removes it."""
    with tempfile.TemporaryDirectory(prefix="outputs-") as scratch:
        file = Path(scratch) / "outputs.json"
        file.write_text(json.dumps(dict(outputs), indent=2))
        with tempfile.NamedTemporaryFile(suffix=".zip", delete=False) as target:
            archive = Path(target.name)
        zip_archive.pack(archive, [(name, file)])
    return archive


def _change_set_names(deployment: Deployment) -> dict[str, str]:
    return {"StackName": deployment.stack, "ChangeSetName": deployment.change_set}


def _describe(deployment: Deployment, name: str | None = None) -> dict[str, Any] | None:
    try:
        found = deployment.client.describe_stacks(StackName=name or deployment.stack)
    except ClientError as error:
        if "does not exist" in error.response["Error"].get("Message", ""):
            return None
        raise
    stack: dict[str, Any] = found["Stacks"][0]
    return None if stack["StackStatus"] == "DELETE_COMPLETE" and name is None else stack


def _report(deployment: Deployment, stack_id: str) -> None:
    region = deployment.action.record.region
    deployment.action.report(
        external_id=stack_id,
        external_url=(
            f"https://{region}.console.aws.amazon.com/cloudformation/home?region={region}"
            f"#/stacks/{stack_id.replace(':', '%3A').replace('/', '%2F')}/overview"
        ),
    )


def _settled(deployment: Deployment, started: datetime, wanted: set[str]) -> dict[str, str]:
    """Waits until the stack is stable; returns its outputs.

    Raises:
        ActionFailedError: the stack failed; the message has the first resource that failed.
    """
    while True:
        stack = _describe(deployment)
        if stack is None:
            raise ActionFailedError(f"Stack {deployment.stack} no longer exists")
        status = stack["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            break
        deployment.action.pause(_POLL)
    if status in wanted:
        return _outputs(stack)
    raise ActionFailedError(_failure(deployment, stack, started))


def _outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}


def _failure(deployment: Deployment, stack: Mapping[str, Any], started: datetime) -> str:
    reason = stack.get("StackStatusReason", "")
    pages = deployment.client.get_paginator("describe_stack_events").paginate(
        StackName=stack["StackId"]
    )
    failed = [
        event
        for page in pages
        for event in page["StackEvents"]
        if event.get("ResourceStatus", "").endswith("_FAILED")
        and event["Timestamp"] >= started.replace(microsecond=0)
        and event["LogicalResourceId"] != deployment.stack
    ]
    text = f"Stack {deployment.stack} failed to deploy: {stack['StackStatus']}. {reason}"
    if failed:
        first = min(failed, key=lambda event: event["Timestamp"])
        text += (
            f" The following resource failed first: {first['LogicalResourceId']} "
            f"({first['ResourceType']}): {first.get('ResourceStatusReason', '')}"
        )
    return text
