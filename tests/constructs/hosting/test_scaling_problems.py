"""Validation of scaling at synthesis."""

from collections.abc import Callable

import aws_cdk as cdk
import pytest
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_s3 as s3

from mlops_constructs.hosting import (
    AsyncInference,
    Model,
    RealTimeVariant,
    Scaling,
    ScalingMetric,
    ScalingPolicy,
    ScheduledAction,
    ServerlessVariant,
)

Rejection = Callable[..., str]
MORNING = autoscaling.Schedule.cron(hour="7", minute="30", week_day="MON-FRI")
CPU = ScalingMetric.utilization("CPU")


def variant(model: Model, scaling: Scaling) -> RealTimeVariant:
    return RealTimeVariant(model=model, instance_type="ml.m7i.large", scaling=scaling)


@pytest.mark.parametrize(
    ("scaling", "expected"),
    [
        (Scaling.between(1, 2), "scaling: got neither policies nor a schedule"),
        (
            Scaling.between(
                1, 2, ScalingPolicy.target_invocations(1), ScalingPolicy.target_invocations(2)
            ),
            "scaling: got 2 times InvocationsPerInstance; one target has each once",
        ),
        (
            Scaling.between(1, 2, ScalingPolicy.target_utilization(0.7)),
            "got target tracking of utilization; AWS predefines invocations, concurrency for inst",
        ),
        (
            Scaling.between(
                1,
                2,
                ScalingPolicy.target_metric(ScalingMetric.of_requests("X", statistic="p99"), 1),
            ),
            "scaling statistic: got p99 of X; target tracking supports Average, Maximum",
        ),
        (
            Scaling.between(1, 2, ScalingPolicy.target_backlog(5)),
            "scaling metric: got ApproximateBacklogSizePerInstance of a real-time endpoint, which "
            "AWS does not publish; only asynchronous endpoints have a queue",
        ),
        (
            Scaling.between(
                1,
                2,
                ScalingPolicy.target_metric(
                    ScalingMetric.of_requests("ServerlessProvisionedConcurrencyUtilization"), 1
                ),
            ),
            "scaling metric: got ServerlessProvisionedConcurrencyUtilization of a real-time",
        ),
        (
            Scaling.between(1, 2, ScalingPolicy.steps_above(CPU, 1, {5: 1})),
            "scaling steps: got distances [5]; the first must be 0",
        ),
        (
            Scaling.between(1, 2, ScalingPolicy.steps_above(CPU, 1, {})),
            "scaling steps: got distances []",
        ),
        (
            Scaling.between(1, 2, ScalingPolicy.steps_above(CPU, 1, {0: 0})),
            "scaling steps: got a change of 0",
        ),
        (
            Scaling.between(1, 2, ScalingPolicy.steps_above(CPU, 1, {0: 1, 5: -1})),
            "scaling steps: got some that add and some that remove",
        ),
        (
            Scaling.between(1, 2, ScalingPolicy.steps_above(CPU, 1, {0: 1}, minutes=0)),
            "scaling minutes: got 0; allowed is 1 or more",
        ),
        (
            Scaling.between(
                1, 2, ScalingPolicy.steps_below(CPU, 1, {0: -1}, cooldown=cdk.Duration.days(2))
            ),
            "scaling cooldown: got 172800 seconds; allowed are at most 86400",
        ),
        (
            Scaling.between(1, 2, schedule=[ScheduledAction(name="Day", schedule=MORNING)]),
            "schedule Day: got neither minimum nor maximum",
        ),
        (
            Scaling.between(
                1, 2, schedule=[ScheduledAction(name="Day", schedule=MORNING, minimum=0)]
            ),
            "schedule Day minimum: got 0; allowed is 1 or more instances",
        ),
        (
            Scaling.between(
                1,
                2,
                schedule=[ScheduledAction(name="Day", schedule=MORNING, minimum=3, maximum=2)],
            ),
            "schedule Day maximum: got 2; allowed is the minimum (3) or more",
        ),
    ],
)
def test_scaling_that_aws_rejects(
    rejection: Rejection, model: Model, scaling: Scaling, expected: str
) -> None:
    assert expected in rejection(variant(model, scaling))


@pytest.mark.parametrize(
    ("scaling", "expected"),
    [
        (
            Scaling.between(0, 2, ScalingPolicy.target_utilization(0.7)),
            "scaling minimum: got 0; allowed is 1 or more, since without provisioned",
        ),
        (
            Scaling.between(1, 21, ScalingPolicy.target_utilization(0.7)),
            "scaling maximum: got 21; allowed is max_concurrency (20) or less",
        ),
        (
            Scaling.between(1, 2, ScalingPolicy.target_utilization(70)),
            "scaling share: got 70; allowed is a share of the provisioned concurrency up to 1",
        ),
        (
            Scaling.between(1, 2, ScalingPolicy.target_invocations(70)),
            "AWS predefines utilization for provisioned concurrency",
        ),
        (
            Scaling.between(1, 2, ScalingPolicy.steps_above(CPU, 90, {0: 1})),
            "scaling metric: got CPUUtilization of a serverless endpoint, which AWS does not "
            "publish; it publishes MemoryUtilization",
        ),
    ],
)
def test_scaling_of_provisioned_concurrency_that_aws_rejects(
    rejection: Rejection, open_model: Model, scaling: Scaling, expected: str
) -> None:
    serverless = ServerlessVariant(model=open_model, max_concurrency=20, scaling=scaling)

    assert expected in rejection(serverless)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (
            ScalingPolicy.target_invocations(60),
            "got target tracking of invocations for instances behind a queue, of which AWS "
            "publishes no such metric; use target_backlog, or target_metric",
        ),
        (ScalingPolicy.target_concurrency(5), "got target tracking of concurrency for instances"),
        (
            ScalingPolicy.target_metric(ScalingMetric.of_requests("OverheadLatency"), 1),
            "scaling metric: got OverheadLatency of an asynchronous endpoint, which AWS does not "
            "publish; it publishes ExpiredRequests, Invocation4XXErrors",
        ),
        (
            ScalingPolicy.steps_above(ScalingMetric.of_requests("Invocations"), 1, {0: 1}),
            "scaling metric: got Invocations of an asynchronous endpoint",
        ),
        (
            ScalingPolicy.steps_below(ScalingMetric.of_queue("InvocationsProcessed"), 1, {0: -1}),
            "scaling metric: got InvocationsProcessed of an asynchronous endpoint, which AWS does "
            "not publish; it publishes ApproximateAgeOfOldestRequest",
        ),
    ],
)
def test_instances_behind_a_queue_scale_only_by_what_aws_publishes_of_them(
    rejection: Rejection, model: Model, bucket: s3.IBucket, policy: ScalingPolicy, expected: str
) -> None:
    scaled = variant(model, Scaling.between(1, 2, policy))

    assert expected in rejection(scaled, asynchronous=AsyncInference.to_bucket(bucket))
