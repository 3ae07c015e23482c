"""Alarms on missing activity."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

_FIVE_MINUTES, _HOUR, _DAY = 300, 3600, 86_400
_MAX_SILENCE = 7 * _DAY


def silence_problems(max_silence: cdk.Duration) -> list[str]:
    """Validates the length of a silence; returns one message per problem.

    Source: PutMetricAlarm of CloudWatch's API reference: the evaluation range of an alarm is at
    most one day, or one week if each period is an hour or more.
    """
    seconds = max_silence.to_milliseconds() / 1000
    unit = _HOUR if seconds > _DAY else _FIVE_MINUTES
    if unit <= seconds <= _MAX_SILENCE and seconds % unit == 0:
        return []
    return [
        f"max_silence: got {seconds:g} seconds; allowed are whole hours up to 7 days, and up "
        "to a day multiples of 5 minutes"
    ]


def period_of(max_silence: cdk.Duration) -> cdk.Duration:
    """Returns the period of the alarm."""
    whole_hours = max_silence.to_seconds() % _HOUR == 0
    return cdk.Duration.seconds(_HOUR if whole_hours else _FIVE_MINUTES)


def silence_alarm(
    scope: cdk.Resource,
    construct_id: str,
    count: cloudwatch.IMetric,
    max_silence: cdk.Duration,
    description: str,
    alarm_name: str | None = None,
) -> cloudwatch.Alarm:
    """Creates an alarm on a count that is 0 in all periods of the silence.

    Missing data is treated as 0.
    """
    period = period_of(max_silence)
    return cloudwatch.Alarm(
        scope,
        construct_id,
        alarm_name=alarm_name,
        alarm_description=description,
        metric=count,
        threshold=1,
        comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        evaluation_periods=int(max_silence.to_seconds() // period.to_seconds()),
        treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
    )
