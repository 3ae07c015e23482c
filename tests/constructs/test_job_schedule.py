"""Jobs that Scheduler starts: which of them its role may start."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from mlops_constructs._job_schedule import PROCESSING, ScheduledJobs


@pytest.fixture
def stack() -> cdk.Stack:
    environment = cdk.Environment(account="111111111111", region="eu-west-1")
    return cdk.Stack(cdk.App(), "S", env=environment)


def startable(stack: cdk.Stack, prefix: str) -> Any:
    """The resources of CreateProcessingJob in the policy of Scheduler's role."""
    ScheduledJobs(
        kind=PROCESSING,
        name_prefix=prefix,
        request={"RoleArn": "arn:aws:iam::111111111111:role/runs"},
        expression="rate(1 hour)",
        time_zone=None,
        description="Starts runs",
        role_description="EventBridge Scheduler: starts runs",
        dead_letter_queue=sqs.Queue.from_queue_arn(
            stack, "Lost", "arn:aws:sqs:eu-west-1:111111111111:lost"
        ),
    ).schedule(Construct(stack, "Runs"), role_id="Role")
    (policy,) = (
        assertions.Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy").values()
    )
    return policy["Properties"]["PolicyDocument"]["Statement"][0]["Resource"]


def test_names_are_allowed_as_given_and_as_sagemaker_writes_them_in_arns(stack: cdk.Stack) -> None:
    given, lower = (str(arn) for arn in startable(stack, "Nightly-Churn"))

    assert ":processing-job/Nightly-Churn-*" in given
    assert ":processing-job/nightly-churn-*" in lower


def test_a_prefix_that_only_cloudformation_knows_stays_as_it_is(stack: cdk.Stack) -> None:
    prefix = cdk.CfnParameter(stack, "Prefix").value_as_string

    resource = startable(stack, prefix)

    assert {"Ref": "Prefix"} in resource["Fn::Join"][1]
