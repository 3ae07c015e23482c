"""The smoke test of endpoints that are asynchronous, have components or variants, and of batch."""

from typing import Any

import pytest

import smoke_test
from model_deploy import endpoint_clients
from model_deploy.smoke_test_error import SmokeTestError
from tests.fake_endpoint import Aws

SERVES = "churn-staging serves arn:package/churn/7: 120 rows, accuracy 1.0000"
JOB = {
    "TransformJobName": "churn-staging-<aws.scheduler.execution-id>",
    "ModelName": "m-1",
    "DataCaptureConfig": {"DestinationS3Uri": "s3://b/batch/capture/staging"},
    "TransformInput": {
        "DataSource": {
            "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/batch/input/staging/"}
        },
        "ContentType": "application/jsonlines",
        "SplitType": "Line",
    },
    "TransformOutput": {"S3OutputPath": "s3://b/batch/predictions/staging", "KmsKeyId": "key"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    "DataProcessing": {"JoinSource": "Input"},
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    monkeypatch.setattr(endpoint_clients, "POLL_SECONDS", 60)
    monkeypatch.setattr("time.sleep", lambda _: None)
    return Aws()


@pytest.fixture
def asynchronous(aws: Aws) -> Aws:
    output = {"S3OutputPath": "s3://artifacts/async/responses/staging"}
    aws.config["AsyncInferenceConfig"] = {"OutputConfig": output}
    return aws


@pytest.fixture
def batch(aws: Aws) -> Aws:
    aws.endpoint = {}
    aws.schedule = JOB
    return aws


def failure_of(aws: Aws) -> str:
    with pytest.raises(SmokeTestError) as failure:
        smoke_test.run("churn-staging", aws)
    return str(failure.value)


def test_each_production_variant_is_tested(aws: Aws) -> None:
    aws.config["ProductionVariants"] = [
        {"VariantName": "AllTraffic", "ModelName": "m-1"},
        {"VariantName": "Second", "ModelName": "m-2"},
    ]

    assert smoke_test.run("churn-staging", aws) == f"{SERVES}\n{SERVES}"
    tested = {one["TargetVariant"] for one in aws.addressed}
    assert tested == {"AllTraffic", "Second"}


def test_an_inference_component_is_addressed_by_its_name(aws: Aws) -> None:
    aws.config["ProductionVariants"] = [{"VariantName": "AllTraffic"}]

    assert smoke_test.run("churn-staging", aws) == SERVES
    assert {one["InferenceComponentName"] for one in aws.addressed} == {"churn-staging"}


def test_a_component_without_copies_is_awaited(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    client = endpoint_clients.SynchronousClient(aws, "churn-staging", sleep=waits.append)
    aws.no_capacity = 3

    assert client.invoke(b"60,Bonn\n", "text/csv").startswith(b"yes")
    assert len(waits) == 3

    aws.no_capacity = 1000
    with pytest.raises(Exception, match="no capacity"):
        client.invoke(b"60,Bonn\n", "text/csv")


def test_an_asynchronous_endpoint_is_tested_by_objects_of_its_bucket(asynchronous: Aws) -> None:
    assert smoke_test.run("churn-staging", asynchronous) == SERVES
    requests = [uri for uri in asynchronous.objects if "/requests/" in uri]
    assert all(
        uri.startswith("s3://artifacts/async/requests/staging/smoke-test/") for uri in requests
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, "accepted a row with the unknown column no_such_column"),
        ((500, "no_such_column"), "got the status 500; allowed: 400 to 499"),
        ((400, "bad row"), "which does not name the column"),
    ],
)
def test_an_asynchronous_endpoint_has_to_reject_a_malformed_row(
    asynchronous: Aws, error: tuple[int, str] | None, expected: str
) -> None:
    asynchronous.error = error

    assert expected in failure_of(asynchronous)


def test_a_failure_of_an_asynchronous_endpoint_need_not_have_a_status(asynchronous: Aws) -> None:
    """SageMaker stores the response of the model, in which 500 rows are not a status."""
    asynchronous.stores_bare_failures = True
    asynchronous.error = (400, "no_such_column is unknown, in the first of 500 rows")
    assert smoke_test.run("churn-staging", asynchronous) == SERVES

    asynchronous.error = (400, "bad row")
    assert "which does not name the column" in failure_of(asynchronous)


def test_an_asynchronous_endpoint_that_never_responds_fails(
    asynchronous: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = {"OutputLocation": "s3://artifacts/none", "FailureLocation": "s3://artifacts/no"}
    monkeypatch.setattr(asynchronous, "invoke_endpoint_async", lambda **_: nowhere)

    assert failure_of(asynchronous) == (
        "the asynchronous endpoint wrote no response within 20 minutes"
    )


def test_a_batch_stage_is_tested_by_one_job_like_those_of_its_schedule(batch: Aws) -> None:
    assert smoke_test.run("churn-staging", batch) == SERVES

    (job,) = batch.jobs
    source: Any = job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    assert source.startswith("s3://b/batch/input/staging.smoke-test/")
    output = job["TransformOutput"]
    assert output["S3OutputPath"].startswith("s3://b/batch/predictions/staging.smoke-test/")
    assert output["KmsKeyId"] == "key"
    # The rows of the test are not traffic that a monitor compares.
    assert "DataCaptureConfig" not in job
    assert job["TransformResources"] == JOB["TransformResources"]
    assert job["TransformJobName"].startswith("churn-staging-")


def test_a_batch_stage_whose_job_fails_is_reported_with_the_reason(batch: Aws) -> None:
    batch.job_status = "Failed"

    assert "is Failed: ClientError: bad rows" in failure_of(batch)


def test_predictions_of_a_batch_that_are_always_wrong_fail(batch: Aws) -> None:
    batch.csv_line = lambda _: "maybe,0.5"

    assert "none of 120 held-out rows got its known label" in failure_of(batch)


def test_a_stage_without_an_endpoint_and_a_schedule_fails(batch: Aws) -> None:
    batch.schedule = None

    assert failure_of(batch) == (
        "there is neither an endpoint churn-staging nor a schedule churn-staging-batch"
    )
