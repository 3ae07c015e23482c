"""Invoke action Lambda: a function does a job and completes it.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html
"""

from __future__ import annotations

from rehearsal.services.codepipeline.actions.action import (
    ActionFailedError,
    ActionProvider,
    ActionResult,
    ActionRun,
)
from rehearsal.services.codepipeline.jobs import artifact_data, invoke

_POLL = 0.2


def run(action: ActionRun) -> ActionResult:
    """Invokes the function with credentials for the artifacts, and waits for the result."""
    outputs = {
        name: action.store.new_location(action.pipeline, name) for name in action.output_names
    }
    keys = action.session.get_credentials()
    found = keys.get_frozen_credentials() if keys else None
    artifacts = {
        "inputArtifacts": artifact_data(action.inputs),
        "outputArtifacts": artifact_data(outputs),
        "artifactCredentials": {
            "accessKeyId": found.access_key if found else None,
            "secretAccessKey": found.secret_key if found else None,
            "sessionToken": found.token if found else None,
        },
    }
    job = action.decisions.jobs.begin()
    try:
        invoke(action.client("lambda"), job, action.scope.account, action.configuration, artifacts)
        while not job.completed.is_set():
            action.pause(_POLL)
    finally:
        action.decisions.jobs.forget(job)
    action.report(external_id=job.external_id)
    if job.failure is not None:
        raise ActionFailedError(job.failure[1], code=job.failure[0])
    return ActionResult(outputs=outputs, variables=job.variables)


LAMBDA = ActionProvider(
    category="Invoke",
    provider="Lambda",
    run=run,
    required=frozenset({"FunctionName"}),
    optional=frozenset({"UserParameters"}),
    inputs=(0, 5),
    outputs=(0, 5),
)
