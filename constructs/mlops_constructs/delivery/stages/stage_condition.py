"""Conditions before and after a stage, and responses to a failure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_codepipeline as codepipeline

from mlops_constructs._problems import Problems
from mlops_constructs.access import Permission

from .stage_rule import StageRule

_MAX_RULES = 5


@dataclass(frozen=True, kw_only=True)
class StageCondition:
    """Defines a condition: its rules, and the result if one of them fails.

    A failed condition before or after a stage can be overridden
    (`codepipeline:OverrideStageCondition`), unless its result is to skip the stage.

    Args:
        result: what CodePipeline does if a rule fails.
        rules: 1 to 5 rules.

    Raises:
        ValueError: if the number of rules is not 1 to 5, or a rule cannot skip a stage.

    Source: AWS CodePipeline User Guide, "How do stage conditions work?".

    Example:
        ```python
        StageCondition.fail_unless(StageRule.alarm_is_quiet(alarm))
        StageCondition.skip_unless(StageRule.variable_equals("#{variables.Deploy}", "yes"))
        ```
    """

    result: codepipeline.Result
    rules: Sequence[StageRule]

    @staticmethod
    def fail_unless(*rules: StageRule) -> StageCondition:
        """Returns a condition that fails the stage unless all rules pass, on entry or on success.

        Args:
            rules: 1 to 5 rules.

        Raises:
            ValueError: if the number of rules is not 1 to 5.
        """
        return StageCondition(result=codepipeline.Result.FAIL, rules=rules)

    @staticmethod
    def skip_unless(*rules: StageRule) -> StageCondition:
        """Returns an entry condition that skips the stage unless all rules pass.

        Args:
            rules: 1 to 5 rules about variables or functions; CodePipeline does not skip a stage
                because of other rules.

        Raises:
            ValueError: if the number of rules is not 1 to 5, or a rule cannot skip a stage.
        """
        return StageCondition(result=codepipeline.Result.SKIP, rules=rules)

    @staticmethod
    def roll_back_unless(*rules: StageRule) -> StageCondition:
        """Returns an on-success condition that rolls the stage back unless all rules pass.

        Args:
            rules: 1 to 5 rules.

        Raises:
            ValueError: if the number of rules is not 1 to 5.
        """
        return StageCondition(result=codepipeline.Result.ROLLBACK, rules=rules)

    def __post_init__(self) -> None:
        problems = Problems("StageCondition")
        problems.extend(_count_problems(self.rules))
        if self.result is codepipeline.Result.SKIP:
            problems.extend(
                f"rules: got {rule.provider}, which cannot skip a stage; allowed are LambdaInvoke "
                "and VariableCheck: use fail_unless for others"
                for rule in self.rules
                if not rule.may_skip
            )
        problems.raise_if_any()

    def conditions(self) -> codepipeline.Conditions:
        """Returns the condition as CDK's `Conditions`."""
        return codepipeline.Conditions(conditions=[_condition(self.result, self.rules)])


@dataclass(frozen=True, kw_only=True)
class FailureResponse:
    """Defines the response to a failed action of a stage.

    A rollback runs the stage again with the source revision and the variables of the last execution
    that succeeded in it, if the pipeline has not been changed since then. Without such an execution
    the stage stays failed.

    Args:
        result: what CodePipeline does.
        retry_mode: actions to retry, for a retry. Defaults to None: no retry.
        rules: rules of a rollback, up to 5; it does not roll back if all of them pass. Defaults to
            (): no rules.

    Source: AWS CodePipeline User Guide, "Configure stage rollback", "Configure automatic retry".

    Example:
        ```python
        FailureResponse.retry_failed_actions()
        FailureResponse.roll_back()
        ```
    """

    result: codepipeline.Result
    retry_mode: codepipeline.RetryMode | None = None
    rules: Sequence[StageRule] = ()

    @staticmethod
    def retry_failed_actions() -> FailureResponse:
        """Returns a response that retries the failed actions, and those after them, once."""
        return FailureResponse(
            result=codepipeline.Result.RETRY, retry_mode=codepipeline.RetryMode.FAILED_ACTIONS
        )

    @staticmethod
    def retry_all_actions() -> FailureResponse:
        """Returns a response that retries all actions of the stage once."""
        return FailureResponse(
            result=codepipeline.Result.RETRY, retry_mode=codepipeline.RetryMode.ALL_ACTIONS
        )

    @staticmethod
    def roll_back() -> FailureResponse:
        """Returns a response that rolls back to the last success."""
        return FailureResponse(result=codepipeline.Result.ROLLBACK)

    @staticmethod
    def roll_back_unless(*rules: StageRule) -> FailureResponse:
        """Returns a response that rolls the stage back unless all rules pass.

        Args:
            rules: 1 to 5 rules.

        Raises:
            ValueError: if the number of rules is not 1 to 5.
        """
        problems = Problems("FailureResponse")
        problems.extend(_count_problems(rules))
        problems.raise_if_any()
        return FailureResponse(result=codepipeline.Result.ROLLBACK, rules=rules)

    def conditions(self) -> codepipeline.FailureConditions:
        """Returns the response as CDK's `FailureConditions`."""
        if self.rules:
            # CodePipeline takes the result from the conditions, if there are any.
            return codepipeline.FailureConditions(conditions=[_condition(self.result, self.rules)])
        return codepipeline.FailureConditions(result=self.result, retry_mode=self.retry_mode)


@dataclass(frozen=True, kw_only=True)
class StageChecks:
    """Defines all checks of a stage.

    Args:
        before_entry: condition before the stage starts. Defaults to None: no condition.
        on_success: condition after its actions have succeeded. Defaults to None: no condition.
        on_failure: response to a failed action. Defaults to None: the execution stops.

    Raises:
        ValueError: if AWS does not support the result of a condition in its place.

    Example:
        ```python
        StageChecks(
            before_entry=StageCondition.fail_unless(StageRule.alarm_is_quiet(alarm)),
            on_success=StageCondition.roll_back_unless(
                StageRule.alarm_is_quiet(alarm, wait=cdk.Duration.minutes(30))
            ),
            on_failure=FailureResponse.roll_back(),
        )
        ```
    """

    before_entry: StageCondition | None = None
    on_success: StageCondition | None = None
    on_failure: FailureResponse | None = None

    def __post_init__(self) -> None:
        problems = Problems("StageChecks")
        if self.before_entry and self.before_entry.result is codepipeline.Result.ROLLBACK:
            problems.add(
                "before_entry: got a rollback; allowed are to fail or to skip the stage: use "
                "fail_unless or skip_unless"
            )
        if self.on_success and self.on_success.result is codepipeline.Result.SKIP:
            problems.add(
                "on_success: got a skip; allowed are to fail or to roll back the stage: use "
                "fail_unless or roll_back_unless"
            )
        problems.raise_if_any()

    @property
    def roll_back(self) -> bool:
        """True if one of the checks can roll the stage back."""
        results = [check.result for check in (self.on_success, self.on_failure) if check]
        return codepipeline.Result.ROLLBACK in results

    def rules(self) -> list[StageRule]:
        """Returns all rules, in the order of the checks."""
        checks = (self.before_entry, self.on_success, self.on_failure)
        return [rule for check in checks if check for rule in check.rules]

    def permissions(self) -> list[Permission]:
        """Returns the permissions that the pipeline's role needs for the checks."""
        return [permission for rule in self.rules() for permission in rule.permissions]


def _condition(result: codepipeline.Result, rules: Sequence[StageRule]) -> codepipeline.Condition:
    return codepipeline.Condition(
        result=result,
        rules=[rule.named(f"{rule.provider}-{number}") for number, rule in enumerate(rules, 1)],
    )


def _count_problems(rules: Sequence[StageRule]) -> list[str]:
    if 1 <= len(rules) <= _MAX_RULES:
        return []
    return [f"rules: got {len(rules)}; allowed are 1 to {_MAX_RULES}"]
