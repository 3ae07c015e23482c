"""Permissions to invoke an endpoint, and its metrics."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from mlops_constructs.hosting import (
    AsyncInference,
    Endpoint,
    EndpointBase,
    EndpointKind,
    Model,
    RealTimeVariant,
    ServerlessVariant,
)

Measure = Callable[[EndpointBase], cloudwatch.Metric]

Resources = Callable[[str], list[dict[str, Any]]]


def real_time(model: Model, **settings: Any) -> RealTimeVariant:
    return RealTimeVariant(model=model, **{"instance_type": "ml.m7i.large", **settings})


def test_a_principal_may_invoke_this_endpoint_only(
    stack: cdk.Stack, model: Model, resources: Resources
) -> None:
    caller = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))

    Endpoint(stack, "E", variants=[real_time(model)]).grant_invoke(caller)

    statement = resources("AWS::IAM::Policy")[0]["PolicyDocument"]["Statement"][0]
    assert statement["Action"] == [
        "sagemaker:InvokeEndpoint",
        "sagemaker:InvokeEndpointWithResponseStream",
    ]
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


@pytest.mark.parametrize(
    ("kind", "measure", "problem"),
    [
        (
            EndpointKind.ASYNCHRONOUS,
            lambda endpoint: endpoint.metric_invocations(),
            "got Invocations of an asynchronous endpoint, which AWS does not publish; it "
            "publishes ExpiredRequests",
        ),
        (
            EndpointKind.ASYNCHRONOUS,
            lambda endpoint: endpoint.metric_concurrent_requests(),
            "got ConcurrentRequestsPerModel of an asynchronous endpoint",
        ),
        (
            EndpointKind.SERVERLESS,
            lambda endpoint: endpoint.metric_disk_utilization(),
            "got DiskUtilization of a serverless endpoint, which AWS does not publish; it "
            "publishes MemoryUtilization",
        ),
        (
            EndpointKind.SERVERLESS,
            lambda endpoint: endpoint.metric_model_errors(),
            "got InvocationModelErrors of a serverless endpoint",
        ),
        (
            EndpointKind.REAL_TIME,
            lambda endpoint: endpoint.metric_backlog(),
            "got ApproximateBacklogSize of a real-time endpoint, which AWS does not publish; only "
            "asynchronous endpoints have a queue",
        ),
        (
            EndpointKind.REAL_TIME,
            lambda endpoint: endpoint.metric("TimeInBacklog"),
            "got TimeInBacklog of a real-time endpoint, which AWS does not publish; only "
            "asynchronous or serverless endpoints have it",
        ),
    ],
)
def test_a_metric_that_aws_does_not_publish_of_this_kind_is_rejected(
    stack: cdk.Stack, kind: EndpointKind, measure: Measure, problem: str
) -> None:
    endpoint = Endpoint.from_endpoint_name(stack, "E", "churn", kind=kind)

    with pytest.raises(ValueError, match="Endpoint S/E metric: ") as rejection:
        measure(endpoint)

    assert problem in str(rejection.value)


def test_an_endpoint_knows_its_kind(
    stack: cdk.Stack, model: Model, open_model: Model, bucket: s3.IBucket
) -> None:
    queue = AsyncInference.to_bucket(bucket)
    waiting = Endpoint(stack, "A", variants=[real_time(model)], asynchronous=queue)
    serverless = Endpoint(stack, "S", variants=[ServerlessVariant(model=open_model)])
    at_once = Endpoint(stack, "R", variants=[real_time(model)])
    imported = Endpoint.from_endpoint_name(stack, "I", "churn")

    kinds = [endpoint.kind for endpoint in (waiting, serverless, at_once, imported)]
    assert kinds == [
        EndpointKind.ASYNCHRONOUS,
        EndpointKind.SERVERLESS,
        EndpointKind.REAL_TIME,
        None,
    ]
    assert waiting.metric("TimeInBacklog").metric_name == "TimeInBacklog"
    assert serverless.metric_provisioned_concurrency_utilization().dimensions
