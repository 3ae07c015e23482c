"""Use of each example after its deployment, and the expected results."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping

from botocore.exceptions import ClientError

from tests.docs.another_region import deploys_into_another_region
from tests.docs.batch_monitoring import finds_drift_of_a_batch
from tests.docs.conftest import INTERCEPT, Account
from tests.docs.feature_ingestion import ingests_files
from tests.docs.projects import creates_projects_in_both_ways
from tests.docs.pull_requests import builds_pull_requests
from tests.docs.retraining import retrains_once
from tests.docs.waiting import eventually

Use = Callable[[Account, Mapping[str, str]], None]
ROW = b"1,2\n"
SUM = 3.0


def invoke(account: Account, endpoint: str, **options: str) -> float:
    """Returns the number that an endpoint predicts for the row."""
    answer = account.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, ContentType="text/csv", Body=ROW, **options
    )
    return float(answer["Body"].read())


def answers(account: Account, outputs: Mapping[str, str]) -> None:
    assert invoke(account, outputs["EndpointName"]) == SUM + INTERCEPT


def answers_for_production_alone(account: Account, outputs: Mapping[str, str]) -> None:
    """The candidate would add its intercept; its predictions are not returned."""
    assert {invoke(account, outputs["EndpointName"]) for _ in range(10)} == {SUM}


def answers_by_target_model(account: Account, outputs: Mapping[str, str]) -> None:
    endpoint, model = outputs["EndpointName"], outputs["TargetModel"]

    assert invoke(account, endpoint, TargetModel=model) == SUM + INTERCEPT


def answers_in_the_bucket(account: Account, outputs: Mapping[str, str]) -> None:
    s3, bucket = account.client("s3"), account.outputs_of("Stores")["BucketName"]
    key = f"{outputs['RequestPrefix']}/{uuid.uuid4()}.csv"
    s3.put_object(Bucket=bucket, Key=key, Body=ROW)

    place = account.client("sagemaker-runtime").invoke_endpoint_async(
        EndpointName=outputs["EndpointName"],
        ContentType="text/csv",
        InputLocation=f"s3://{bucket}/{key}",
    )["OutputLocation"]

    def answer() -> bytes | None:
        try:
            content: bytes = s3.get_object(Bucket=bucket, Key=place.split("/", 3)[3])["Body"].read()
        except s3.exceptions.NoSuchKey:
            return None
        return content

    assert float(eventually(answer)) == SUM + INTERCEPT


def wakes_a_component(account: Account, outputs: Mapping[str, str]) -> None:
    """Without a copy, the first request fails and starts one by its alarm."""
    component = outputs["ChurnComponent"]

    def answer() -> float | None:
        try:
            return invoke(account, outputs["EndpointName"], InferenceComponentName=component)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ValidationError", error
            return None

    assert eventually(answer) == SUM + INTERCEPT


def tells_what_is_spent(account: Account, outputs: Mapping[str, str]) -> None:
    """The rehearsal spends nothing, so the notification is for less than 1 % of the budget."""
    sqs, topic = account.client("sqs"), outputs["TopicArn"]
    queue = sqs.create_queue(QueueName=f"budget-{uuid.uuid4()}")["QueueUrl"]
    arn = topic.replace(":sns:", ":sqs:").rpartition(":")[0] + ":" + queue.rpartition("/")[2]
    deliver = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Resource": arn}
    policy = {"Version": "2012-10-17", "Statement": [{**deliver, "Action": "sqs:SendMessage"}]}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    account.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    less_than_a_percent = {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "LESS_THAN",
        "Threshold": 1.0,
    }

    account.client("budgets").create_notification(
        AccountId=topic.split(":")[4],
        BudgetName=outputs["BudgetName"],
        Notification=less_than_a_percent,
        Subscribers=[{"SubscriptionType": "SNS", "Address": topic}],
    )

    (told,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert f"Budget Name: {outputs['BudgetName']}" in told["Body"]
    assert "ACTUAL Amount: 0.00 USD" in told["Body"]


USES: dict[str, Use] = {
    "asynchronous_endpoint": answers_in_the_bucket,
    "batch_drift_monitor": finds_drift_of_a_batch,
    "cross_region_deployment": deploys_into_another_region,
    "drift_monitor": retrains_once,
    "feature_ingestion": ingests_files,
    "hub_model": answers,
    "cost_budget": tells_what_is_spent,
    "inference_components": wakes_a_component,
    "multi_model_endpoint": answers_by_target_model,
    "project_templates": creates_projects_in_both_ways,
    "pull_request_builds": builds_pull_requests,
    "real_time_endpoint": answers,
    "serial_pipeline": answers,
    "serverless_endpoint": answers,
    "shadow_endpoint": answers_for_production_alone,
}
