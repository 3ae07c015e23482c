"""Scheduled ingestion: jobs, permissions and validation."""

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler

from mlops_constructs.feature_store import (
    Feature,
    FeatureFiles,
    FeatureGroup,
    FeatureIngestion,
    FeatureSchema,
    IngestionJob,
    OfflineStore,
    OnlineStore,
    TargetStores,
)
from mlops_constructs.network import Network, NetworkUseCase

NIGHTLY = scheduler.ScheduleExpression.cron(
    hour="3", minute="0", time_zone=cdk.TimeZone.EUROPE_BERLIN
)
Define = Callable[..., FeatureIngestion]


@pytest.fixture
def repository(stack: cdk.Stack) -> ecr.IRepository:
    return ecr.Repository.from_repository_name(stack, "Images", "churn")


@pytest.fixture
def define(stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository) -> Define:
    def defined(files: FeatureFiles | None = None, **job: Any) -> FeatureIngestion:
        online_key = kms.Key.from_key_arn(
            stack, "Online", "arn:aws:kms:eu-west-1:111111111111:key/online"
        )
        return FeatureIngestion(
            stack,
            "Ingestion",
            feature_group=FeatureGroup.from_feature_group_name(
                stack, "Group", "Customers", online_encryption_key=online_key
            ),
            files=files or FeatureFiles(bucket=bucket, prefix="features/customers"),
            job=IngestionJob(**{"repository": repository, "tag_or_digest": "1", **job}),
            schedule=NIGHTLY,
        )

    return defined


def found(stack: cdk.Stack, resource_type: str) -> list[dict[str, Any]]:
    resources = assertions.Template.from_stack(stack).find_resources(resource_type)
    return [one["Properties"] for one in resources.values()]


def request(stack: cdk.Stack) -> dict[str, Any]:
    """Returns the request of Scheduler, without the values of CloudFormation."""
    content = found(stack, "AWS::Scheduler::Schedule")[0]["Target"]["Input"]
    parts = content["Fn::Join"][1] if isinstance(content, dict) else [content]
    text = "".join(part if isinstance(part, str) else "…" for part in parts)
    sent: dict[str, Any] = json.loads(text)
    return sent


def allowed(stack: cdk.Stack, description: str) -> dict[str, dict[str, Any]]:
    """Returns the statements of a role's policy by the first action of each."""
    (policy,) = (
        one
        for one in found(stack, "AWS::IAM::ManagedPolicy")
        if one["Description"].startswith(description)
    )
    by_action = {}
    for statement in policy["PolicyDocument"]["Statement"]:
        if statement["Effect"] == "Deny":
            continue
        action = statement["Action"]
        by_action[action if isinstance(action, str) else action[0]] = statement
    return by_action


def test_a_schedule_starts_the_job_of_the_image(
    stack: cdk.Stack, define: Define, key: kms.IKey
) -> None:
    name = define(concurrency=8).ingestion_name

    schedule = found(stack, "AWS::Scheduler::Schedule")[0]
    assert schedule["ScheduleExpression"] == "cron(0 3 * * ? *)"
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    assert schedule["KmsKeyArn"] == key.key_arn
    assert ":scheduler:::aws-sdk:sagemaker:createProcessingJob" in str(schedule["Target"]["Arn"])
    assert "DeadLetters" in str(schedule["Target"]["DeadLetterConfig"])
    sent = request(stack)
    assert sent.pop("RoleArn")
    assert sent.pop("AppSpecification") == {
        "ImageUri": "111111111111.dkr.ecr.eu-west-1.…/churn:1",
        "ContainerArguments": [
            "ingest",
            "--feature-group",
            "Customers",
            "--source",
            "s3://features/features/customers",
            "--ledger",
            f"s3://features/feature-ingestion/{name}",
            "--concurrency",
            "8",
        ],
    }
    assert sent == {
        "ProcessingJobName": f"{name}-<aws.scheduler.execution-id>",
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 20,
                "VolumeKmsKeyId": key.key_arn,
            }
        },
        "NetworkConfig": {
            "EnableInterContainerTrafficEncryption": True,
            "EnableNetworkIsolation": False,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }


def test_runs_may_read_files_keep_the_ledger_and_put_records_of_one_group(
    stack: cdk.Stack, define: Define
) -> None:
    name = define().ingestion_name

    runs = allowed(stack, "SageMaker: ingests records")
    assert runs["sagemaker:DescribeFeatureGroup"]["Action"] == [
        "sagemaker:DescribeFeatureGroup",
        "sagemaker:PutRecord",
    ]
    assert ":feature-group/customers" in str(runs["sagemaker:DescribeFeatureGroup"]["Resource"])
    assert ":s3:::features/features/customers/*" in str(runs["s3:GetObject"]["Resource"])
    assert f"features/feature-ingestion/{name}/*" in str(runs["s3:PutObject"]["Resource"])
    assert "s3:DeleteObject" not in runs
    starts = allowed(stack, "EventBridge Scheduler")
    jobs = str(starts["sagemaker:CreateProcessingJob"]["Resource"])
    # SageMaker writes names in its ARNs in lower case.
    assert f":processing-job/{name}-*" in jobs
    assert f":processing-job/{name.lower()}-*" in jobs
    assert starts["iam:PassRole"]["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }


def test_the_key_of_the_online_store_is_used_to_write_it(stack: cdk.Stack, define: Define) -> None:
    define()

    (policy,) = (
        one
        for one in found(stack, "AWS::IAM::ManagedPolicy")
        if one["Description"].startswith("SageMaker: ingests records")
    )
    online = [
        statement["Action"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "key/online" in str(statement["Resource"])
    ]
    assert online == ["kms:Decrypt"]


def test_a_job_joins_a_private_network(stack: cdk.Stack, define: Define) -> None:
    network = Network(stack, "Network", uses=[NetworkUseCase.FEATURE_STORE])

    define(network=network)

    joined = request(stack)["NetworkConfig"]
    assert len(joined["VpcConfig"]["Subnets"]) == len(network.subnet_ids)
    assert joined["EnableInterContainerTrafficEncryption"]
    assert "ec2:CreateNetworkInterface" in allowed(stack, "SageMaker: ingests records")


def test_a_custom_role_and_a_ledger_in_another_bucket(
    stack: cdk.Stack, define: Define, bucket: s3.IBucket
) -> None:
    role = iam.Role.from_role_arn(stack, "Own", "arn:aws:iam::111111111111:role/own")
    files = FeatureFiles(
        bucket=bucket,
        prefix="features",
        ledger_bucket=s3.Bucket.from_bucket_name(stack, "Ledger", "ledgers"),
        ledger_prefix="features",
    )

    ingestion = define(files, role=role)

    assert request(stack)["RoleArn"] == role.role_arn
    arguments = request(stack)["AppSpecification"]["ContainerArguments"]
    assert f"s3://ledgers/features/{ingestion.ingestion_name}" in arguments


def test_a_failure_is_reported(stack: cdk.Stack, define: Define) -> None:
    ingestion = define()

    ingestion.on_failure("Failed")

    (rule,) = found(stack, "AWS::Events::Rule")
    assert rule["EventPattern"] == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Processing Job State Change"],
        "detail": {
            "ProcessingJobName": [{"prefix": f"{ingestion.ingestion_name}-"}],
            "ProcessingJobStatus": ["Failed", "Stopped"],
        },
    }


def test_all_problems_come_at_once(define: Define, bucket: s3.IBucket) -> None:
    with pytest.raises(ValueError, match="FeatureIngestion S/Ingestion cannot be def") as error:
        define(
            FeatureFiles(bucket=bucket, prefix="x" * 188, ledger_prefix="/a/"),
            tag_or_digest="",
            instance_type="m5",
            volume_size_in_gb=0,
            max_runtime=cdk.Duration.days(10),
            concurrency=101,
        )

    text = str(error.value)
    assert "files prefix: got 'xxx" in text
    assert "(188 characters); allowed is a path of 1 to 187 characters" in text
    assert "files ledger_prefix: got '/a/' (3 characters)" in text
    assert "job tag_or_digest: got ''" in text
    assert "job instance_type: got 'm5'; allowed is one such as ml.m5.large" in text
    assert "job volume_size_in_gb: got 0; allowed are 1 to 16384" in text
    assert "job max_runtime: got 864000 seconds; allowed are 1 to 777600" in text
    assert "job concurrency: got 101; allowed are 1 to 100" in text


def test_a_ledger_among_the_files_and_a_key_for_local_disks_are_rejected(
    bucket: s3.IBucket, repository: ecr.IRepository, key: kms.IKey
) -> None:
    files = FeatureFiles(bucket=bucket, prefix="features", ledger_prefix="features/ledger")
    assert "would be ingested as files" in files.problems()[0]

    job = IngestionJob(repository=repository, tag_or_digest="1", instance_type="ml.m5d.large")
    assert "cannot encrypt its local NVMe disks" in next(iter(job.problems(key)))
    assert not list(job.problems(None))


class TestDirectWrites:
    """Files of the offline store, without PutRecord."""

    SCHEMA = FeatureSchema(
        features=[Feature.string("id"), Feature.string("at")],
        record_identifier="id",
        event_time="at",
    )

    def ingestion(
        self, stack: cdk.Stack, group: Any, bucket: s3.IBucket, repository: ecr.IRepository
    ) -> FeatureIngestion:
        return FeatureIngestion(
            stack,
            "Ingestion",
            feature_group=group,
            files=FeatureFiles(bucket=bucket, prefix="features/customers"),
            job=IngestionJob(repository=repository, tag_or_digest="1"),
            schedule=NIGHTLY,
            target_stores=TargetStores.OFFLINE,
        )

    def test_it_may_write_the_files_of_the_group_and_no_record(
        self, stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository
    ) -> None:
        key = kms.Key.from_key_arn(
            stack, "OfflineKey", "arn:aws:kms:eu-west-1:111111111111:key/offline"
        )
        store = OfflineStore.glue(bucket, prefix="features/store", encryption_key=key)
        group = FeatureGroup(stack, "Direct", schema=self.SCHEMA, offline=store)

        self.ingestion(stack, group, bucket, repository)

        arguments = request(stack)["AppSpecification"]["ContainerArguments"]
        assert arguments[-2:] == ["--store", "offline"]
        statements = allowed(stack, "SageMaker: ingests")
        written = statements["s3:AbortMultipartUpload"]
        assert json.dumps(written["Resource"]).count("/features/store/*") == 1
        assert statements["sagemaker:DescribeFeatureGroup"]["Action"] == (
            "sagemaker:DescribeFeatureGroup"
        )
        assert "PutRecord" not in json.dumps(statements)
        policies = json.dumps(found(stack, "AWS::IAM::ManagedPolicy"))
        keys = '["kms:Decrypt", "kms:GenerateDataKey"], "Effect": "Allow", "Resource": "'
        assert f"{keys}{key.key_arn}" in policies

    @pytest.mark.parametrize("kind", ["online", "iceberg", "imported"])
    def test_a_group_without_files_of_the_glue_format_is_rejected(
        self, stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository, kind: str
    ) -> None:
        if kind == "imported":
            group: Any = FeatureGroup.from_feature_group_name(stack, "Group", "customers")
        else:
            stores: dict[str, Any] = {
                "online": {"online": OnlineStore.standard()},
                "iceberg": {"offline": OfflineStore.iceberg(bucket)},
            }
            group = FeatureGroup(stack, "Group", schema=self.SCHEMA, **stores[kind])
        with pytest.raises(ValueError, match=r"target_stores: got TargetStores\.OFFLINE"):
            self.ingestion(stack, group, bucket, repository)
