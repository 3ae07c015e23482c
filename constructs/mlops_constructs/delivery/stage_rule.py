"""The rules that a stage's conditions check."""

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
from mlops_constructs.access.service_role import Permission

VARIABLE = re.compile(r"#\{([A-Za-z0-9@\-_]+)\.([A-Za-z0-9@\-_]+)\}")
_CRON_FIELDS = (6, 7)
_TIME_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")
_LONGEST_WAIT = cdk.Duration.days(1)


@dataclass(frozen=True, kw_only=True)
class StageRule:
    """Defines one rule of a stage's condition; the condition is met when all its rules pass.

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
        """Passes unless the alarm is in ALARM, or goes there while CodePipeline waits.

        Args:
            alarm: the alarm, of the pipeline's account and region.
            wait: how long CodePipeline watches it, whole minutes up to a day. Default: it looks
                once.

        Raises ValueError for another duration.
        """
        minutes = 0
        if wait is not None:
            seconds = wait.to_seconds()
            problems = Problems("the rule about an alarm")
            if seconds % 60 or not 0 < seconds <= _LONGEST_WAIT.to_seconds():
                problems.add(
                    f"wait is {seconds:g} seconds; allowed are whole minutes from 1 to 1440"
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
        """Passes at the times that a cron expression names.

        Args:
            cron: six fields, and a year where wanted: a `*` in the place of seconds, minutes,
                hours, day of month, month, day of week. One of the two days is `?`.
            time_zone: IANA name of the time zone. Default: UTC.

        Raises ValueError for an expression or a zone of another form.
        """
        problems = Problems("the deployment window")
        fields = cron.split() if is_known(cron) else []
        if is_known(cron) and len(fields) not in _CRON_FIELDS:
            problems.add(
                f"cron is {cron!r} with {len(fields)} fields; allowed are 6 or 7: *, minutes, "
                "hours, day of month, month, day of week, year"
            )
        elif fields and fields[0] != "*":
            problems.add(f"cron begins with {fields[0]!r}; CodePipeline allows '*' only there")
        elif fields and (fields[3] == "?") == (fields[5] == "?"):
            problems.add(
                f"cron has {fields[3]!r} as day of month and {fields[5]!r} as day of week; exactly "
                "one of them is '?'"
            )
        if is_known(time_zone) and not _TIME_ZONE.fullmatch(time_zone):
            problems.add(f"time_zone is {time_zone!r}; give an IANA name such as Europe/Berlin")
        problems.raise_if_any()
        return StageRule(
            provider="DeploymentWindow", configuration={"Cron": cron, "TimeZone": time_zone}
        )

    @staticmethod
    def variable_equals(variable: str, value: str) -> StageRule:
        """Passes when a variable, written `#{Namespace.Name}`, has this value."""
        return _variable_check(variable, "EQ", value)

    @staticmethod
    def variable_differs(variable: str, value: str) -> StageRule:
        """Passes when a variable, written `#{Namespace.Name}`, has another value."""
        return _variable_check(variable, "NE", value)

    @staticmethod
    def variable_contains(variable: str, text: str) -> StageRule:
        """Passes when the text is in a variable, written `#{Namespace.Name}`."""
        return _variable_check(variable, "CONTAINS", text)

    @staticmethod
    def variable_matches(variable: str, pattern: str) -> StageRule:
        """Passes when a variable, written `#{Namespace.Name}`, matches a regular expression.

        The syntax is Java's; the whole value has to match.
        """
        return _variable_check(variable, "MATCHES", pattern)

    @staticmethod
    def function(
        function: lambda_.IFunction, *, user_parameters: Mapping[str, str] | None = None
    ) -> StageRule:
        """Passes when a Lambda function says so.

        The function gets the event of a CodePipeline job, and has to answer it with
        `PutJobSuccessResult` or `PutJobFailureResult` of CodePipeline; its role needs both.

        Args:
            function: the function, of the pipeline's account and region.
            user_parameters: what the function gets as `UserParameters`, as JSON. Default: nothing.
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
        """Whether CodePipeline can skip a stage because of such a rule."""
        return self.provider in {"LambdaInvoke", "VariableCheck"}

    def namespaces(self) -> set[str]:
        """Namespaces of the variables that the rule reads."""
        texts = [value for value in self.configuration.values() if is_known(value)]
        return {match[1] for text in texts for match in VARIABLE.finditer(text)}

    def named(self, name: str) -> codepipeline.Rule:
        """The rule as CodePipeline takes it, under a name that is unique in its condition."""
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
            because="CloudWatch tells of composite alarms only whom it may tell of all alarms",
        )
    return Permission(actions=["cloudwatch:DescribeAlarms"], resources=[alarm.alarm_arn])


def _variable_check(variable: str, operator: str, value: str) -> StageRule:
    problems = Problems("the rule about a variable")
    if is_known(variable) and not VARIABLE.fullmatch(variable):
        problems.add(
            f"variable is {variable!r}; allowed is one variable of the pipeline, "
            "#{Namespace.Name}, such as #{variables.Release}"
        )
    if is_known(value) and not value:
        problems.add("the value is empty; CodePipeline compares with at least one character")
    problems.raise_if_any()
    return StageRule(
        provider="VariableCheck",
        configuration={"Variable": variable, "Operator": operator, "Value": value},
    )
