"""Approval action Manual.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals-json-format.html
"""

from __future__ import annotations

import json
from datetime import timedelta

from rehearsal.framework.clock import utc_now
from rehearsal.services.codepipeline.actions.action import (
    ActionFailedError,
    ActionProvider,
    ActionResult,
    ActionRun,
)

_POLL = 0.2
_DAYS = 7


def run(action: ActionRun) -> ActionResult:
    """Publishes to a topic, if there is one, and waits up to seven days for PutApprovalResult."""
    decision = action.decisions.ask()
    configuration = action.configuration
    action.report(token=decision.token, external_url=configuration.get("ExternalEntityLink", ""))
    try:
        if "NotificationArn" in configuration:
            _notify(action, decision.token)
        while not decision.decided.is_set():
            action.pause(_POLL)
    finally:
        action.decisions.withdraw(decision)
    action.record.updated_by = decision.decided_by
    action.report(summary=decision.summary)
    if decision.status != "Approved":
        raise ActionFailedError(
            f"Rejected by {decision.decided_by}: {decision.summary}", code="Rejected"
        )
    return ActionResult(summary=decision.summary)


def _notify(action: ActionRun, token: str) -> None:
    record, configuration = action.record, action.configuration
    region = action.scope.region
    stage = record.stage
    link = (
        f"https://{region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/"
        f"{action.pipeline}/view?region={region}#/{stage}/{record.name}"
    )
    message = {
        "region": region,
        "consoleLink": link,
        "approval": {
            "pipelineName": action.pipeline,
            "stageName": stage,
            "actionName": record.name,
            "token": token,
            "expires": (utc_now() + timedelta(days=_DAYS)).strftime("%Y-%m-%dT%H:%MZ"),
            "externalEntityLink": configuration.get("ExternalEntityLink"),
            "approvalReviewLink": f"{link}/approve/{token}",
            "customData": configuration.get("CustomData"),
        },
    }
    action.client("sns").publish(
        TopicArn=configuration["NotificationArn"],
        Subject=f"APPROVAL NEEDED: AWS CodePipeline {action.pipeline} for action {record.name}"[
            :100
        ],
        Message=json.dumps(message),
    )


MANUAL_APPROVAL = ActionProvider(
    category="Approval",
    provider="Manual",
    run=run,
    required=frozenset(),
    optional=frozenset({"NotificationArn", "CustomData", "ExternalEntityLink"}),
    inputs=(0, 0),
    outputs=(0, 0),
)
