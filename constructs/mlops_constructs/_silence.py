"""When what should write or report counts as silent, in CloudWatch's terms."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

_FIVE_MINUTES, _HOUR, _DAY = 300, 3600, 86_400
_LONGEST = 7 * _DAY


def silence_problems(max_silence: cdk.Duration) -> list[str]:
    """What an alarm cannot look at.

    Source: PutMetricAlarm of CloudWatch's API reference: all periods of an alarm are a day
    together, or a week where each has an hour or more.
    """
    seconds = max_silence.to_milliseconds() / 1000
    unit = _HOUR if seconds > _DAY else _FIVE_MINUTES
    if unit <= seconds <= _LONGEST and seconds % unit == 0:
        return []
    return [
        f"max_silence: got {seconds:g} seconds; allowed are whole hours up to 7 days, and up "
        "to a day multiples of 5 minutes"
    ]


def period_of(max_silence: cdk.Duration) -> cdk.Duration:
    """The length of the periods that have to be silent."""
    whole_hours = max_silence.to_seconds() % _HOUR == 0
    return cdk.Duration.seconds(_HOUR if whole_hours else _FIVE_MINUTES)


def silence_alarm(
    scope: cdk.Resource,
    construct_id: str,
    count: cloudwatch.IMetric,
    max_silence: cdk.Duration,
    description: str,
) -> cloudwatch.Alarm:
    """The alarm on a count that is 0 in all periods of the silence.

    What does nothing has no data at all, which is as bad as 0.
    """
    period = period_of(max_silence)
    return cloudwatch.Alarm(
        scope,
        construct_id,
        alarm_description=description,
        metric=count,
        threshold=1,
        comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        evaluation_periods=int(max_silence.to_seconds() // period.to_seconds()),
        treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
    )
