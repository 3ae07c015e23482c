"""What has to hold before and after a stage, and what CodePipeline does otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_codepipeline as codepipeline

from mlops_constructs._problems import Problems
from mlops_constructs.access.service_role import Permission

from .stage_rule import StageRule

_MOST_RULES = 5


@dataclass(frozen=True, kw_only=True)
class StageCondition:
    """Defines what has to hold: its rules, and what CodePipeline does when one of them fails.

    A person may override a condition that has failed before or after a stage
    (`codepipeline:OverrideStageCondition`), but not one that skips it.

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
        """The stage fails unless all rules pass; before its entry, or after its success.

        Raises ValueError unless there are 1 to 5 rules.
        """
        return StageCondition(result=codepipeline.Result.FAIL, rules=rules)

    @staticmethod
    def skip_unless(*rules: StageRule) -> StageCondition:
        """The stage is left out unless all rules pass; before its entry only.

        Raises ValueError unless there are 1 to 5 rules, all about variables or functions: because
        of others, CodePipeline skips nothing.
        """
        return StageCondition(result=codepipeline.Result.SKIP, rules=rules)

    @staticmethod
    def roll_back_unless(*rules: StageRule) -> StageCondition:
        """The stage goes back to its last success unless all rules pass; after its success only.

        Raises ValueError unless there are 1 to 5 rules.
        """
        return StageCondition(result=codepipeline.Result.ROLLBACK, rules=rules)

    def __post_init__(self) -> None:
        problems = Problems("the stage condition")
        problems.extend(_count_problems(self.rules))
        if self.result is codepipeline.Result.SKIP:
            problems.extend(
                f"a rule {rule.provider} cannot skip a stage; CodePipeline skips because of "
                "LambdaInvoke and VariableCheck only: use fail_unless"
                for rule in self.rules
                if not rule.may_skip
            )
        problems.raise_if_any()

    def conditions(self) -> codepipeline.Conditions:
        """The condition as CodePipeline takes it."""
        return codepipeline.Conditions(conditions=[_condition(self.result, self.rules)])


@dataclass(frozen=True, kw_only=True)
class FailureResponse:
    """Defines what CodePipeline does when an action of a stage has failed.

    A rollback runs the stage again with the source revision and the variables of the last execution
    that succeeded in it, if the pipeline has not been changed since then; without such an
    execution the stage stays failed.

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
        """Runs the failed actions, and those after them, once more."""
        return FailureResponse(
            result=codepipeline.Result.RETRY, retry_mode=codepipeline.RetryMode.FAILED_ACTIONS
        )

    @staticmethod
    def retry_all_actions() -> FailureResponse:
        """Runs all actions of the stage once more."""
        return FailureResponse(
            result=codepipeline.Result.RETRY, retry_mode=codepipeline.RetryMode.ALL_ACTIONS
        )

    @staticmethod
    def roll_back() -> FailureResponse:
        """Goes back to the last success."""
        return FailureResponse(result=codepipeline.Result.ROLLBACK)

    @staticmethod
    def roll_back_unless(*rules: StageRule) -> FailureResponse:
        """Goes back to the last success unless all rules pass; the stage stays failed if they do.

        Raises ValueError unless there are 1 to 5 rules.
        """
        problems = Problems("the response to a failure")
        problems.extend(_count_problems(rules))
        problems.raise_if_any()
        return FailureResponse(result=codepipeline.Result.ROLLBACK, rules=rules)

    def conditions(self) -> codepipeline.FailureConditions:
        """The response as CodePipeline takes it."""
        if self.rules:
            # With conditions, CodePipeline takes the result from them.
            return codepipeline.FailureConditions(conditions=[_condition(self.result, self.rules)])
        return codepipeline.FailureConditions(result=self.result, retry_mode=self.retry_mode)


@dataclass(frozen=True, kw_only=True)
class StageChecks:
    """Defines all checks of a stage.

    Args:
        before_entry: what has to hold before the stage begins. Default: nothing.
        on_success: what has to hold once its actions have succeeded. Default: nothing.
        on_failure: what happens when one of them has failed. Default: the execution stops there.

    Raises ValueError for a condition in a place where AWS does not allow its result.

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
        problems = Problems("the checks of a stage")
        if self.before_entry and self.before_entry.result is codepipeline.Result.ROLLBACK:
            problems.add(
                "before_entry rolls back; before its entry a stage can only fail or be skipped: "
                "use fail_unless or skip_unless"
            )
        if self.on_success and self.on_success.result is codepipeline.Result.SKIP:
            problems.add(
                "on_success skips; after its success a stage can only fail or be rolled back: use "
                "fail_unless or roll_back_unless"
            )
        problems.raise_if_any()

    @property
    def roll_back(self) -> bool:
        """Whether one of the checks may roll the stage back."""
        results = [check.result for check in (self.on_success, self.on_failure) if check]
        return codepipeline.Result.ROLLBACK in results

    def rules(self) -> list[StageRule]:
        """All rules, in the order of the checks."""
        checks = (self.before_entry, self.on_success, self.on_failure)
        return [rule for check in checks if check for rule in check.rules]

    def permissions(self) -> list[Permission]:
        """What the pipeline's role must be allowed, to check."""
        return [permission for rule in self.rules() for permission in rule.permissions]


def _condition(result: codepipeline.Result, rules: Sequence[StageRule]) -> codepipeline.Condition:
    return codepipeline.Condition(
        result=result,
        rules=[rule.named(f"{rule.provider}-{number}") for number, rule in enumerate(rules, 1)],
    )


def _count_problems(rules: Sequence[StageRule]) -> list[str]:
    if 1 <= len(rules) <= _MOST_RULES:
        return []
    return [f"{len(rules)} rules are given; a condition has 1 to {_MOST_RULES}"]
