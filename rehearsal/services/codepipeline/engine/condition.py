"""The evaluation of the conditions of a stage, rule by rule.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works-conditions.html
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from rehearsal.framework.clock import utc_now
from rehearsal.services.codepipeline.actions.action import ActionAbandonedError, failure_of
from rehearsal.services.codepipeline.engine.preparation import ActionPreparation
from rehearsal.services.codepipeline.engine.rule import RuleFailedError
from rehearsal.services.codepipeline.engine.rule_providers import RULE_PROVIDERS
from rehearsal.services.codepipeline.records import (
    ABANDONED,
    FAILED,
    SUCCEEDED,
    ActionError,
    ConditionExecution,
    PipelineExecution,
    PipelineRecord,
    RuleExecution,
    StageExecution,
)

_LOG = logging.getLogger(__name__)


class ConditionRun:
    """Evaluates the conditions of one stage of an execution."""

    def __init__(
        self,
        record: PipelineRecord,
        execution: PipelineExecution,
        stage: StageExecution,
        preparation: ActionPreparation,
    ) -> None:
        self._record = record
        self._execution = execution
        self._stage = stage
        self._preparation = preparation

    def check(self, member: str, condition: Mapping[str, Any]) -> bool:
        """Returns True if all rules pass; the first one that does not ends the evaluation."""
        found = ConditionExecution()
        with self._record.condition:
            self._stage.conditions[member] = found
        status = SUCCEEDED
        for declaration in condition.get("rules", []):
            rule = self._check_rule(found, declaration)
            status = rule.status
            if status != SUCCEEDED:
                found.summary = f"{rule.name}: {rule.error.message if rule.error else status}"
                break
        with self._record.condition:
            found.status = status
            found.changed = self._execution.changed = utc_now()
            self._record.condition.notify_all()
        return status == SUCCEEDED

    def _check_rule(
        self, condition: ConditionExecution, declaration: Mapping[str, Any]
    ) -> RuleExecution:
        rule = RuleExecution(
            pipeline_execution_id=self._execution.identifier,
            pipeline_version=self._execution.version,
            stage=self._stage.name,
            declaration=declaration,
            region=declaration.get("region", self._record.scope.region),
        )
        with self._record.condition:
            condition.rules.append(rule)
            self._execution.rules.append(rule)
        provider = RULE_PROVIDERS[declaration["ruleTypeId"]["provider"]]
        try:
            summary = provider.run(self._preparation.rule_run(rule))
        except ActionAbandonedError:
            self._end(rule, ABANDONED)
        except RuleFailedError as error:
            rule.error = ActionError("RuleFailed", str(error))
            self._end(rule, FAILED)
        except Exception as error:
            failure = failure_of(error)
            if failure.code == "InternalError":
                _LOG.exception("Rule %s of %s failed", rule.name, self._record.name)
            rule.error = ActionError(failure.code, failure.message)
            self._end(rule, FAILED)
        else:
            rule.summary = summary
            self._end(rule, SUCCEEDED)
        return rule

    def _end(self, rule: RuleExecution, status: str) -> None:
        with self._record.condition:
            rule.status = status
            rule.changed = utc_now()
