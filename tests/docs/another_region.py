"""The pipeline of an example, run until it has deployed to another Region."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import aws_cdk as cdk
import every_example

from tests.docs.conftest import Account
from tests.docs.synthesis import REGION, Synthesis, define
from tests.docs.waiting import eventually

STACK = "cross-region-prod"
THERE = "eu-west-1"
PARAMETER = "/cross-region/version"
TEMPLATE = {
    "Resources": {
        "Version": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": PARAMETER, "Type": "String", "Value": {"Ref": "AWS::Region"}},
        }
    }
}


def deploys_into_another_region(account: Account, outputs: Mapping[str, str]) -> None:
    there = dataclasses.replace(account, aws=dataclasses.replace(account.aws, region=THERE))
    there.bootstrap()
    stores, roles = synthesised("deployment_region", THERE)
    store = there.create(stores)
    there.create(roles)
    known = {"bucket": store["BucketName"], "key_arn": key_of(there, store["BucketName"])}
    account.update(synthesised("cross_region_deployment", REGION, **known)[1])

    account.client("codecommit").create_commit(
        repositoryName=outputs["RepositoryName"],
        branchName="main",
        putFiles=[{"filePath": "prod.template.json", "fileContent": json.dumps(TEMPLATE).encode()}],
    )

    assert of_pushed_commit(account, outputs["PipelineName"]) == "Succeeded"
    assert STACK in there.stack_names()
    assert STACK not in account.stack_names()
    found = there.client("ssm").get_parameter(Name=PARAMETER)["Parameter"]
    assert found["Value"] == THERE
    there.delete_stack(STACK)
    there.delete(roles)


def synthesised(title: str, region: str, **options: Any) -> tuple[Synthesis, Synthesis]:
    """Synthesizes the stores of a Region, and an example that uses them there."""
    directory = Path(tempfile.mkdtemp(prefix=f"{title}-"))
    file = every_example.FOLDER / "delivery" / f"{title}.py"
    app, stack = define(file, directory, region=region, **options)
    app.synth()
    stores = cast(cdk.Stack, app.node.find_child("Stores"))
    return Synthesis(app, stores, directory), Synthesis(app, stack, directory)


def key_of(account: Account, bucket: str) -> str:
    """Returns the ARN of the key that encrypts a bucket."""
    rules = account.client("s3").get_bucket_encryption(Bucket=bucket)
    default = rules["ServerSideEncryptionConfiguration"]["Rules"][0]
    return str(default["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"])


def of_pushed_commit(account: Account, pipeline: str) -> str:
    """Returns the final status of the execution that a push has started."""

    def status() -> str | None:
        found = account.client("codepipeline").list_pipeline_executions(pipelineName=pipeline)
        newest = found["pipelineExecutionSummaries"][0]
        started = newest["trigger"]["triggerType"] != "CreatePipeline"
        return newest["status"] if started and newest["status"] != "InProgress" else None

    return str(eventually(status))
