"""What a stage goes back to.

https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-rollback.html
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

from rehearsal.services.codepipeline.records import (
    ROLLBACK,
    SUCCEEDED,
    PipelineExecution,
    PipelineRecord,
)


def last_success(
    record: PipelineRecord, stage: str, *, before: PipelineExecution | None = None
) -> PipelineExecution | None:
    """The newest execution that succeeded in a stage of the pipeline as it is, if there is one."""
    with record.condition:
        for found in reversed(record.executions):
            reached = found.stages.get(stage)
            if (
                found is not before
                and found.kind != ROLLBACK
                and found.version == record.declaration["version"]
                and reached is not None
                and reached.status == SUCCEEDED
            ):
                return found
    return None


def rollback_to(target: PipelineExecution, trigger: Mapping[str, str]) -> PipelineExecution:
    """An execution with the sources, artifacts and variables of one that succeeded."""
    execution = PipelineExecution(
        declaration=target.declaration,
        trigger=trigger,
        variables=target.variables,
        source_revisions=target.source_revisions,
        rollback_target=target.identifier,
    )
    execution.artifacts = dict(target.artifacts)
    execution.revisions = dict(target.revisions)
    execution.namespaces = deepcopy(target.namespaces)
    execution.namespaces["codepipeline"] = {"PipelineExecutionId": execution.identifier}
    return execution
