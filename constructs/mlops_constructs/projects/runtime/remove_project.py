"""Removes what a project has made before CloudFormation deletes it: a custom resource's handler.

CloudFormation deletes what is in a stack, and nothing that people and services have made with it:
it deletes no bucket with objects and no group with model packages, and it knows neither the
endpoints' stacks nor the SageMaker Pipeline. So, when the stack of a project is deleted, and after
its pipelines, this function

* stops the builds that still run,
* stops the training that runs, and deletes the SageMaker Pipeline,
* deletes the stacks of the endpoints, while the role exists that alone may do so,
* deletes model packages, all versions of all objects, and the log groups that services have made.

It does so only while the model package group carries the tag `REMOVAL_TAG`. An update that takes
the function out of the template takes the tag away first: who changes a project from `destroy` to
`retain` does keep it.

Every step looks at what AWS has, so the function can be run again. It has 15 minutes; when they are
over it raises, and Lambda repeats an asynchronous invocation that failed twice.
"""

from __future__ import annotations

import json
import logging
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REMOVAL_TAG = {"Key": "mlops-constructs:removed-with-stack", "Value": "true"}
_LOG = logging.getLogger(__name__)
_LOG.setLevel(logging.INFO)

PAUSE_SECONDS = 5.0
RESERVE_SECONDS = 20.0
LONGEST_REASON = 1000

_OBJECTS_AT_ONCE = 1000
_BUILDS_AT_ONCE = 100
_PATIENT = Config(retries={"mode": "adaptive", "max_attempts": 10})
# What another step, or somebody else, is still busy with.
_LATER = ("ConflictException", "OperationAborted", "ResourceInUse", "ThrottlingException")
_GONE = ("NoSuchBucket", "ResourceNotFound", "ResourceNotFoundException")


def handler(event: dict[str, Any], context: Any) -> None:
    """Answers CloudFormation; a deletion is answered when nothing is left."""
    properties = event["ResourceProperties"]
    answer = {
        "Status": "SUCCESS",
        # Another group would be another project: CloudFormation then asks for its removal, too.
        "PhysicalResourceId": properties["ModelPackageGroupArn"],
        **{name: event[name] for name in ("LogicalResourceId", "RequestId", "StackId")},
    }
    if event["RequestType"] == "Delete":
        answer["PhysicalResourceId"] = event["PhysicalResourceId"]
        deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000
        try:
            Removal(properties, deadline - RESERVE_SECONDS).run()
        except TimeoutError:
            raise  # Lambda runs the function again
        except Exception as error:  # whatever it is, CloudFormation must hear of it
            reason = f"{type(error).__name__}: {error}"[:LONGEST_REASON]
            answer |= {"Status": "FAILED", "Reason": reason}
    _put(event["ResponseURL"], answer)


class Removal:
    """Removes one project.

    `properties` are those of the custom resource: ModelPackageGroupArn and ModelPackageGroupName,
    PipelineName (SageMaker's), BucketName, StackNames, BuildProjectNames and LogGroupNames.
    """

    def __init__(self, properties: Mapping[str, Any], deadline: float) -> None:
        self._group_arn: str = properties["ModelPackageGroupArn"]
        self._group: str = properties["ModelPackageGroupName"]
        self._pipeline: str = properties["PipelineName"]
        self._bucket: str = properties["BucketName"]
        self._stacks: Sequence[str] = properties["StackNames"]
        self._builds: Sequence[str] = properties["BuildProjectNames"]
        self._logs: Sequence[str] = properties["LogGroupNames"]
        self._deadline = deadline
        self._asked: set[str] = set()
        self._sagemaker = _client("sagemaker")
        self._codebuild = _client("codebuild")
        self._cloudformation = _client("cloudformation")
        self._s3 = _client("s3")

    def run(self) -> None:
        """Removes the project; raises TimeoutError when there is no time left."""
        if not self._is_to_be_removed():
            _LOG.info("%s is kept: its group has no tag %s", self._group, REMOVAL_TAG["Key"])
            return
        self._until_none("builds", self._running_builds, self._stop_build)
        self._until_none("training", self._running_training, self._stop_training)
        self._attempt(self._sagemaker.delete_pipeline, PipelineName=self._pipeline)
        self._until_none("stacks", self._existing_stacks, self._delete_stack)
        self._until_none("model packages", self._packages, self._delete_package)
        self._until_none("objects", self._objects, self._delete_objects)
        for name in self._logs:
            self._attempt(_client("logs").delete_log_group, logGroupName=name)
        _LOG.info("%s is removed, but for what CloudFormation deletes itself", self._group)

    def _is_to_be_removed(self) -> bool:
        pages = self._sagemaker.get_paginator("list_tags").paginate(ResourceArn=self._group_arn)
        tags = _found(lambda: [tag for page in pages for tag in page["Tags"]])
        return REMOVAL_TAG in (tags or [])

    def _running_builds(self) -> list[str]:
        running = []
        for project in self._builds:
            listed = _found(self._codebuild.list_builds_for_project, projectName=project)
            ids = (listed or {"ids": []})["ids"][:_BUILDS_AT_ONCE]  # the newest ones
            found = self._codebuild.batch_get_builds(ids=ids)["builds"] if ids else []
            running += [one["id"] for one in found if one["buildStatus"] == "IN_PROGRESS"]
        return running

    def _stop_build(self, build: str) -> None:
        self._attempt(self._codebuild.stop_build, id=build)

    def _running_training(self) -> list[dict[str, Any]]:
        pages = self._sagemaker.get_paginator("list_pipeline_executions").paginate(
            PipelineName=self._pipeline
        )
        executions = _found(
            lambda: [one for page in pages for one in page["PipelineExecutionSummaries"]]
        )
        busy = ("Executing", "Stopping")
        return [one for one in executions or [] if one["PipelineExecutionStatus"] in busy]

    def _stop_training(self, execution: Mapping[str, Any]) -> None:
        arn = execution["PipelineExecutionArn"]
        if arn not in self._asked:
            self._asked.add(arn)
            self._attempt(self._sagemaker.stop_pipeline_execution, PipelineExecutionArn=arn)

    def _existing_stacks(self) -> list[dict[str, Any]]:
        described = [
            _found(self._cloudformation.describe_stacks, StackName=name) for name in self._stacks
        ]
        return [one["Stacks"][0] for one in described if one]

    def _delete_stack(self, stack: Mapping[str, Any]) -> None:
        name, status = stack["StackName"], stack["StackStatus"]
        if status == "DELETE_FAILED" and name in self._asked:
            reason = stack.get("StackStatusReason", "its events say why")
            raise RuntimeError(f"stack {name} cannot be deleted: {reason}")
        if not status.endswith("_IN_PROGRESS"):  # what still deploys is waited for
            self._asked.add(name)
            self._cloudformation.delete_stack(StackName=name)

    def _packages(self) -> list[str]:
        pages = self._sagemaker.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=self._group
        )
        packages = _found(
            lambda: [one for page in pages for one in page["ModelPackageSummaryList"]]
        )
        return [one["ModelPackageArn"] for one in packages or []]

    def _delete_package(self, package: str) -> None:
        self._attempt(self._sagemaker.delete_model_package, ModelPackageName=package)

    def _objects(self) -> list[list[dict[str, str]]]:
        """The first versions that are left, as one or no request to DeleteObjects."""
        found = (
            _found(self._s3.list_object_versions, Bucket=self._bucket, MaxKeys=_OBJECTS_AT_ONCE)
            or {}
        )
        versions = [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]
        objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in versions]
        return [objects] if objects else []

    def _delete_objects(self, objects: Sequence[Mapping[str, str]]) -> None:
        request = {"Objects": objects, "Quiet": True}
        answer = self._s3.delete_objects(Bucket=self._bucket, Delete=request)
        refused = [one for one in answer.get("Errors", ()) if one["Code"] != "InternalError"]
        if refused:
            first = refused[0]
            raise RuntimeError(f"{self._bucket}/{first['Key']}: {first['Code']} {first['Message']}")

    def _until_none(
        self, what: str, remaining: Callable[[], Sequence[Any]], remove: Callable[[Any], None]
    ) -> None:
        """Removes what there is until nothing is left, as AWS takes its time."""
        while left := remaining():
            if time.monotonic() > self._deadline:
                raise TimeoutError(f"still there: {what} of {self._group}: {str(left)[:500]}")
            _LOG.info("Removing %s %s", len(left), what)
            for one in left:
                remove(one)
            if what != "objects":
                self._wait()

    def _wait(self) -> None:
        time.sleep(min(PAUSE_SECONDS, max(0.0, self._deadline - time.monotonic())))

    def _attempt(self, call: Callable[..., Any], **request: Any) -> None:
        """A call that may come too late, or too early: the next round sees what is left."""
        try:
            call(**request)
        except ClientError as error:
            if not _is_gone(error) and error.response["Error"]["Code"] not in _LATER:
                raise


def _client(service: str) -> Any:
    return boto3.client(service, config=_PATIENT)  # type: ignore[call-overload]


def _found(look: Callable[..., Any], **request: Any) -> Any:
    """What AWS answers; None for what is gone."""
    try:
        return look(**request)
    except ClientError as error:
        if _is_gone(error):
            return None
        raise


def _is_gone(error: ClientError) -> bool:
    """Neither SageMaker nor CloudFormation has an error of its own for what does not exist."""
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    unnamed = code in ("ValidationError", "ValidationException")
    absent = any(words in message for words in ("does not exist", "ould not find", "not found"))
    return code in _GONE or (unnamed and absent)


def _put(address: str, answer: Mapping[str, str]) -> None:
    """Puts the answer where CloudFormation waits for it."""
    # The address is signed without a content type, which urllib would add.
    request = urllib.request.Request(  # noqa: S310 - CloudFormation's own address
        address, json.dumps(answer).encode(), {"Content-Type": ""}, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        return
