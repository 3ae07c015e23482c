"""Rules of stage conditions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_lambda as lambda_

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access import Permission

VARIABLE = re.compile(r"#\{([A-Za-z0-9@\-_]+)\.([A-Za-z0-9@\-_]+)\}")
_CRON_FIELDS = (6, 7)
_TIME_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")
_MAX_WAIT = cdk.Duration.days(1)


@dataclass(frozen=True, kw_only=True)
class StageRule:
    """Defines one rule of a stage condition; a condition is met when all its rules pass.

    Args:
        provider: AWS's name of the rule, such as "CloudWatchAlarm".
        configuration: configuration of the rule.
        permissions: permissions that the pipeline's role needs. Defaults to (): none.

    Source: AWS CodePipeline User Guide, "Rule structure reference".

    Example:
        ```python
        StageRule.alarm_is_quiet(alarm, wait=cdk.Duration.minutes(30))
        StageRule.deployment_window("* * 9-15 ? * MON-THU *", time_zone="Europe/Berlin")
        StageRule.variable_equals("#{variables.Release}", "yes")
        ```
    """

    provider: str
    configuration: Mapping[str, str]
    permissions: Sequence[Permission] = ()

    @staticmethod
    def alarm_is_quiet(alarm: cloudwatch.IAlarm, *, wait: cdk.Duration | None = None) -> StageRule:
        """Returns a rule that passes unless an alarm is in ALARM, or goes there during the wait.

        Args:
            alarm: the alarm, in the pipeline's account and region.
            wait: wait time, whole minutes from 1 minute to 1 day. Defaults to None: the state is
                checked once.

        Raises:
            ValueError: if the wait time is out of range.
        """
        minutes = 0
        if wait is not None:
            seconds = wait.to_seconds()
            problems = Problems("StageRule.alarm_is_quiet")
            if seconds % 60 or not 0 < seconds <= _MAX_WAIT.to_seconds():
                problems.add(
                    f"wait: got {seconds:g} seconds; allowed are whole minutes from 1 to 1440"
                )
            problems.raise_if_any()
            minutes = int(seconds // 60)
        configuration = {"AlarmName": alarm.alarm_name, "AlarmStates": "ALARM"}
        if minutes:
            configuration["WaitTime"] = str(minutes)
        return StageRule(
            provider="CloudWatchAlarm",
            configuration=configuration,
            permissions=[_describe(alarm)],
        )

    @staticmethod
    def deployment_window(cron: str, *, time_zone: str = "UTC") -> StageRule:
        """Returns a rule that passes at the times of a cron expression.

        Args:
            cron: six or seven fields: `*` in place of the seconds, minutes, hours, day of month,
                month, day of week, and an optional year. One of the two days must be `?`.
            time_zone: IANA name of the time zone, such as "Europe/Berlin". Defaults to "UTC".

        Raises:
            ValueError: if the expression or the time zone is malformed.
        """
        problems = Problems("StageRule.deployment_window")
        fields = cron.split() if is_known(cron) else []
        if is_known(cron) and len(fields) not in _CRON_FIELDS:
            problems.add(
                f"cron: got {cron!r} with {len(fields)} fields; allowed are 6 or 7: *, minutes, "
                "hours, day of month, month, day of week, year"
            )
        elif fields and fields[0] != "*":
            problems.add(f"cron: got {fields[0]!r} as the first field; allowed is '*'")
        elif fields and (fields[3] == "?") == (fields[5] == "?"):
            problems.add(
                f"cron: got {fields[3]!r} as day of month and {fields[5]!r} as day of week; "
                "exactly one of them must be '?'"
            )
        if is_known(time_zone) and not _TIME_ZONE.fullmatch(time_zone):
            problems.add(
                f"time_zone: got {time_zone!r}; allowed is an IANA name such as Europe/Berlin"
            )
        problems.raise_if_any()
        return StageRule(
            provider="DeploymentWindow", configuration={"Cron": cron, "TimeZone": time_zone}
        )

    @staticmethod
    def variable_equals(variable: str, value: str) -> StageRule:
        """Returns a rule that passes if a variable has a value.

        Args:
            variable: the variable, `#{Namespace.Name}`.
            value: the expected value, at least one character.

        Raises:
            ValueError: if the variable is malformed or the value is empty.
        """
        return _variable_check(variable, "EQ", value)

    @staticmethod
    def variable_differs(variable: str, value: str) -> StageRule:
        """Returns a rule that passes if a variable does not have a value.

        Args:
            variable: the variable, `#{Namespace.Name}`.
            value: the value, at least one character.

        Raises:
            ValueError: if the variable is malformed or the value is empty.
        """
        return _variable_check(variable, "NE", value)

    @staticmethod
    def variable_contains(variable: str, text: str) -> StageRule:
        """Returns a rule that passes if a variable contains a text.

        Args:
            variable: the variable, `#{Namespace.Name}`.
            text: the text, at least one character.

        Raises:
            ValueError: if the variable is malformed or the text is empty.
        """
        return _variable_check(variable, "CONTAINS", text)

    @staticmethod
    def variable_matches(variable: str, pattern: str) -> StageRule:
        """Returns a rule that passes if the whole value of a variable matches a regular expression.

        Args:
            variable: the variable, `#{Namespace.Name}`.
            pattern: the regular expression, in Java's syntax.

        Raises:
            ValueError: if the variable is malformed or the pattern is empty.
        """
        return _variable_check(variable, "MATCHES", pattern)

    @staticmethod
    def function(
        function: lambda_.IFunction, *, user_parameters: Mapping[str, str] | None = None
    ) -> StageRule:
        """Returns a rule that passes if a Lambda function reports success.

        The function receives the event of a CodePipeline job and must respond with
        `PutJobSuccessResult` or `PutJobFailureResult` of CodePipeline; its role needs both
        permissions.

        Args:
            function: the function, in the pipeline's account and region.
            user_parameters: `UserParameters` of the job, passed as JSON. Defaults to None: no
                parameters.
        """
        configuration = {"FunctionName": function.function_name}
        if user_parameters:
            configuration["UserParameters"] = json.dumps(dict(user_parameters), sort_keys=True)
        return StageRule(
            provider="LambdaInvoke",
            configuration=configuration,
            permissions=[
                Permission(actions=["lambda:InvokeFunction"], resources=[function.function_arn])
            ],
        )

    @property
    def may_skip(self) -> bool:
        """True if CodePipeline can skip a stage because of this rule."""
        return self.provider in {"LambdaInvoke", "VariableCheck"}

    def namespaces(self) -> set[str]:
        """Returns the namespaces of the variables that the rule reads."""
        texts = [value for value in self.configuration.values() if is_known(value)]
        return {match[1] for text in texts for match in VARIABLE.finditer(text)}

    def named(self, name: str) -> codepipeline.Rule:
        """Returns the rule as CDK's `Rule`.

        Args:
            name: name of the rule, unique in its condition.
        """
        return codepipeline.Rule(
            name=name,
            provider=self.provider,
            version="1",
            configuration=dict(self.configuration),
        )


def _describe(alarm: cloudwatch.IAlarm) -> Permission:
    if isinstance(alarm, cloudwatch.CompositeAlarm):
        return Permission(
            actions=["cloudwatch:DescribeAlarms"],
            resources=["*"],
            because="composite alarms can only be described with permission for all alarms",
        )
    return Permission(actions=["cloudwatch:DescribeAlarms"], resources=[alarm.alarm_arn])


def _variable_check(variable: str, operator: str, value: str) -> StageRule:
    problems = Problems("StageRule")
    if is_known(variable) and not VARIABLE.fullmatch(variable):
        problems.add(
            f"variable: got {variable!r}; allowed is one variable of the pipeline, "
            "#{Namespace.Name}, such as #{variables.Release}"
        )
    if is_known(value) and not value:
        problems.add("value: got an empty text; CodePipeline requires at least one character")
    problems.raise_if_any()
    return StageRule(
        provider="VariableCheck",
        configuration={"Variable": variable, "Operator": operator, "Value": value},
    )
