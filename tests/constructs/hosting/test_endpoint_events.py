"""EventBridge rules for endpoints."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns

from mlops_constructs.hosting import Endpoint

Resources = Callable[[str], list[dict[str, Any]]]


def test_a_change_of_state_reaches_a_target(stack: cdk.Stack, resources: Resources) -> None:
    endpoint = Endpoint.from_endpoint_name(stack, "E", "churn-prod")
    topic = sns.Topic(stack, "Topic")

    endpoint.on_state_change("Failed", statuses=["FAILED"], target=targets.SnsTopic(topic))

    rule = resources("AWS::Events::Rule")[0]
    assert rule["EventPattern"] == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Endpoint State Change"],
        "detail": {"EndpointName": ["churn-prod"], "EndpointStatus": ["FAILED"]},
    }
    assert rule["Targets"][0]["Arn"] == {"Ref": "TopicBFC7AF6E"}


def test_each_step_of_a_rollout_is_an_event(stack: cdk.Stack, resources: Resources) -> None:
    endpoint = Endpoint.from_endpoint_name(stack, "E", "churn-prod")

    rule = endpoint.on_deployment_state_change("Rollout", description="Notifies of rollouts")
    rule.add_target(targets.SnsTopic(sns.Topic(stack, "Topic")))

    rendered = resources("AWS::Events::Rule")[0]
    assert rendered["Description"] == "Notifies of rollouts"
    assert rendered["EventPattern"] == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Endpoint Deployment State Change"],
        "detail": {"EndpointName": ["churn-prod"]},
    }
