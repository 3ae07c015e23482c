"""The reports on a model package, as the registry locates them."""

import io
import json
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from rehearsal.client.real_account import RealAccount
from rehearsal.framework import standing_links
from rehearsal.story import package_reports
from tests.rehearsal.stubbed_aws import StubbedAws

APP = "arn:aws:sagemaker:us-east-1:111111111111:mlflow-app/app-ABC"
RUN = "s3://bucket/runs/1"


def package(**metadata: str) -> dict[str, Any]:
    statistics = {"ContentType": "application/json", "S3Uri": f"{RUN}/evaluation/evaluation.json"}
    return {
        "ModelMetrics": {"ModelQuality": {"Statistics": statistics}},
        "CustomerMetadataProperties": metadata,
    }


def bucket(**files: Any) -> StubbedAws:
    """Returns an account whose bucket has JSON files by the end of their key."""

    def get(request: Mapping[str, Any]) -> dict[str, Any]:
        name = request["Key"].rpartition("/")[2].removesuffix(".json")
        if name not in files:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(json.dumps(files[name]).encode())}

    return StubbedAws(GetObject=get)


def test_the_data_report_is_beside_its_page() -> None:
    aws = bucket(evaluation={"objective": "auc"}, data_report={"rows": {"train": 3}})
    found = package_reports.of_package(
        aws, package(data_report=f"{RUN}/preprocess/report/data_report.html")
    )
    assert found.evaluation == {"objective": "auc"}
    assert found.data == {"rows": {"train": 3}}
    assert [call["Key"] for _, call in aws.calls] == [
        "runs/1/evaluation/evaluation.json", "runs/1/preprocess/report/data_report.json",
    ]  # fmt: skip


def test_a_package_without_reports_has_none() -> None:
    aws = bucket()
    assert package_reports.of_package(aws, {}) == package_reports.Reports()
    assert aws.calls == []


def test_a_report_that_was_deleted_is_none() -> None:
    assert package_reports.of_package(bucket(), package()).evaluation == {}


def test_a_report_that_may_not_be_read_is_an_error() -> None:
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject")
    with pytest.raises(ClientError, match="AccessDenied"):
        package_reports.of_package(StubbedAws(GetObject=denied), package())


def test_the_link_to_mlflow_is_signed_for_its_app() -> None:
    aws = StubbedAws()
    found = package_reports.tracking_of(aws, package(mlflow_app=APP, mlflow_run="exec-1"))
    assert found is not None
    assert (found.app, found.run) == (APP, "exec-1")
    place, _, query = found.link.partition("?")
    assert place == f"{aws.url}/_mlflow/app-ABC/open"
    signature = query.rpartition("=")[2]
    secret = aws.root_keys.secret_access_key("111111111111")
    assert standing_links.is_valid(APP, signature, secret)
    assert not standing_links.is_valid(f"{APP}D", signature, secret)
    assert secret not in found.link


def test_a_real_account_has_no_link() -> None:
    local = vars(StubbedAws())
    names = ("url", "port", "pid", "ca_bundle", "accounts", "region", "root_keys", "proxy")
    account = RealAccount(
        **{name: local[name] for name in names}, session=boto3.Session("key", "secret")
    )
    found = package_reports.tracking_of(account, package(mlflow_app=APP, mlflow_run="exec-1"))
    assert found is not None
    assert (found.link, found.region) == ("", "us-east-1")


def test_a_package_that_was_not_tracked_has_no_app() -> None:
    assert package_reports.tracking_of(StubbedAws(), package()) is None
