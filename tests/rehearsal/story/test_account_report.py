"""A report with the documented policy alone, from the AWS APIs of a running server."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from rehearsal.client import project as projects
from rehearsal.client import real_account
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.project import Project
from rehearsal.client.real_account import RealAccount
from rehearsal.story import history, report
from rehearsal.story.package_reports import Reports
from rehearsal.story.summary import Summary
from tests.constructs.projects.deployed_project import (
    ACCOUNT,
    DESTROY,
    REGION,
    bootstrapped_aws,
    project_in,
)
from tests.rehearsal.story.test_history import DOCUMENT

NAME = "recorded"
TRUST = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with bootstrapped_aws(tmp_path_factory.mktemp("recorded") / "aws") as started:
        yield started


@pytest.fixture(scope="module")
def recorded(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A project with one approved model, its evaluation in the encrypted bucket, and an alarm."""
    found = project_in(aws, tmp_path_factory.mktemp("project"), NAME)
    stack = found.deploy(DESTROY)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Failures"]
    bucket = found.outputs["ArtifactBucketName"]
    key = "runs/1/evaluation.json"
    metrics = {"binary_classification_metrics": {"auc": {"value": 0.81}}}
    aws.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(metrics).encode())
    statistics = {"ContentType": "application/json", "S3Uri": f"s3://{bucket}/{key}"}
    aws.client("sagemaker").create_model_package(
        ModelPackageGroupName=NAME,
        ModelApprovalStatus="Approved",
        ModelMetrics={"ModelQuality": {"Statistics": statistics}},
        CustomerMetadataProperties={"problem_type": "binary", "commit": "0123456789"},
        InferenceSpecification={
            "Containers": [{"Image": found.outputs["ImageRepositoryUri"] + ":1"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=f"{NAME}-prod-drift-data-quality-warning",
        Namespace="MLOps/DriftMonitor",
        MetricName="constraint_violations",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )


def policy(*, without: str = "") -> dict[str, Any]:
    """Returns the policy of the documentation without an action."""
    found = re.search(r"<!-- report policy -->\n```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    document: dict[str, Any] = json.loads(found[1])
    for statement in document["Statement"]:
        actions = statement["Action"]
        listed = actions if isinstance(actions, list) else [actions]
        statement["Action"] = [one for one in listed if one != without] or "sts:GetCallerIdentity"
    return document


def reader(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, document: dict[str, Any], name: str
) -> RealAccount:
    """Returns the account as `rehearse report --aws` reads it, with one policy."""
    iam = aws.client("iam")
    trust = {"Version": "2012-10-17", "Statement": [TRUST]}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="Report", PolicyDocument=json.dumps(document))
    assumed = aws.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="report")
    for variable, value in {
        "AWS_ACCESS_KEY_ID": assumed["Credentials"]["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": assumed["Credentials"]["SecretAccessKey"],
        "AWS_SESSION_TOKEN": assumed["Credentials"]["SessionToken"],
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_CA_BUNDLE": str(aws.ca_bundle),
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(variable, value)
    boto3.setup_default_session()
    return real_account.connect(region=REGION)


def read(account: RealAccount) -> tuple[Project, Summary, Reports]:
    project = projects.find(account, NAME)
    return project, *history.read(account, project)


@pytest.mark.usefixtures("recorded")
def test_the_documented_policy_is_enough_for_the_whole_page(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, found, reports = read(reader(aws, monkeypatch, policy(), "whole"))

    assert found.unread == []
    assert found.metrics == {"auc": 0.81}
    assert found.model_package.endswith(f"model-package/{NAME}/1")
    assert [one.name for one in found.life.alarms] == [f"{NAME}-prod-drift-data-quality-warning"]
    assert {"push", "training", "approval"} <= {event.kind for event in found.life.events}
    report.write(tmp_path / "page.html", found, reports)
    assert "Not readable" not in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("action", "part"),
    [
        ("sagemaker:ListModelPackages", "Versions of the model"),
        ("codepipeline:ListPipelineExecutions", "Pipelines"),
        ("cloudwatch:DescribeAlarms", "Alarms"),
        ("scheduler:ListSchedules", "Drift monitors"),
        ("s3:GetObject", "Quality and data of the model"),
        ("kms:Decrypt", "Quality and data of the model"),
    ],
)
@pytest.mark.usefixtures("recorded")
def test_without_an_action_the_page_names_the_part_and_the_action(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, action: str, part: str
) -> None:
    name = f"without-{action.replace(':', '-')}"

    _, found, _ = read(reader(aws, monkeypatch, policy(without=action), name))

    assert (part, action) in [(one.part, one.action) for one in found.unread]
    assert {one.action for one in found.unread} == {action}
