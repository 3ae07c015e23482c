"""Who may call an endpoint, and what CloudWatch knows about it."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from mlops_constructs.hosting import (
    Endpoint,
    Model,
    RealTimeVariant,
)

Resources = Callable[[str], list[dict[str, Any]]]


def real_time(model: Model, **settings: Any) -> RealTimeVariant:
    return RealTimeVariant(model=model, **{"instance_type": "ml.m7i.large", **settings})


def test_a_principal_may_invoke_this_endpoint_only(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    caller = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))

    Endpoint(stack, "E", variants=[real_time(model)]).grant_invoke(caller)

    statement = resources("AWS::IAM::Policy")[0]["PolicyDocument"]["Statement"][0]
    assert statement["Action"] == "sagemaker:InvokeEndpoint"
    assert "Ref" in statement["Resource"]


def test_an_imported_endpoint_can_be_invoked_and_measured(
    stack: cdk.Stack, resources: Resources
) -> None:
    caller = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    imported = Endpoint.from_endpoint_name(stack, "E", "Churn-Prod")

    imported.grant_invoke(caller)

    assert imported.metric_invocations().dimensions == {
        "EndpointName": "Churn-Prod",
        "VariantName": "AllTraffic",
    }
    statement = resources("AWS::IAM::Policy")[0]["PolicyDocument"]["Statement"][0]
    assert ":endpoint/churn-prod" in str(statement["Resource"])


def test_metrics_have_their_own_statistic_and_the_callers_options_win(
    stack: cdk.Stack, model: Model
) -> None:
    endpoint = Endpoint(stack, "E", variants=[real_time(model, name="champion")])

    described = {
        metric.metric_name: (metric.namespace, metric.statistic)
        for metric in (
            endpoint.metric("ModelSetupTime"),
            endpoint.metric_invocations(),
            endpoint.metric_invocations_per_instance(),
            endpoint.metric_client_errors(),
            endpoint.metric_server_errors(),
            endpoint.metric_model_latency(statistic="p99"),
            endpoint.metric_overhead_latency(),
            endpoint.metric_cpu_utilization(),
            endpoint.metric_memory_utilization(),
        )
    }
    assert described == {
        "ModelSetupTime": ("AWS/SageMaker", "Average"),
        "Invocations": ("AWS/SageMaker", "Sum"),
        "InvocationsPerInstance": ("AWS/SageMaker", "Sum"),
        "Invocation4XXErrors": ("AWS/SageMaker", "Sum"),
        "Invocation5XXErrors": ("AWS/SageMaker", "Sum"),
        "ModelLatency": ("AWS/SageMaker", "p99"),
        "OverheadLatency": ("AWS/SageMaker", "Average"),
        "CPUUtilization": ("/aws/sagemaker/Endpoints", "Average"),
        "MemoryUtilization": ("/aws/sagemaker/Endpoints", "Average"),
    }
    one = endpoint.metric_invocations(variant="other", period=cdk.Duration.minutes(1), label="n")
    assert one.dimensions is not None and one.dimensions["VariantName"] == "other"
    assert (one.period.to_seconds(), one.label) == (60, "n")
    default = endpoint.metric_invocations().dimensions
    assert default is not None and default["VariantName"] == "champion"
