"""Removes what a project created, before CloudFormation deletes it: a custom resource's handler.

CloudFormation only deletes the resources of a stack. It does not delete a bucket with objects or a
group with model packages, and it does not manage the endpoints' stacks and the SageMaker pipeline.
When the stack of a project is deleted, after its pipelines, this function

* stops running builds,
* stops running pipeline executions, and deletes the SageMaker pipeline,
* deletes the stacks of the endpoints while the role that this requires exists,
* deletes feature groups, model packages, all versions of all objects, and the log groups that
  services created.

It does so only if the model package group has the tag `REMOVAL_TAG`. An update that removes the
function from the template removes the tag first, so a change from `destroy` to `retain` retains
everything.

For a stage in an account other than that of the project there are no group, pipelines and builds;
the bucket has the tag.

Every step is idempotent, so the function can be invoked again. It has a timeout of 15 minutes,
before which it raises; Lambda retries a failed asynchronous invocation twice.
"""

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
MAX_REASON_LENGTH = 1000

_MAX_OBJECTS = 1000
_MAX_BUILDS = 100
_CONFIG = Config(retries={"mode": "adaptive", "max_attempts": 10})
# Errors of resources that are in use; the call is retried.
_RETRYABLE = ("ConflictException", "OperationAborted", "ResourceInUse", "ThrottlingException")
_GONE = ("NoSuchBucket", "NoSuchTagSet", "ResourceNotFound", "ResourceNotFoundException")


def handler(event: dict[str, Any], context: Any) -> None:
    """Responds to CloudFormation; a deletion succeeds when nothing remains."""
    properties = event["ResourceProperties"]
    response = {
        "Status": "SUCCESS",
        # Another group is another project, whose removal CloudFormation then requests.
        "PhysicalResourceId": properties.get("ModelPackageGroupArn", properties["BucketName"]),
        **{name: event[name] for name in ("LogicalResourceId", "RequestId", "StackId")},
    }
    if event["RequestType"] == "Delete":
        response["PhysicalResourceId"] = event["PhysicalResourceId"]
        deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000
        try:
            Removal(properties, deadline - RESERVE_SECONDS).run()
        except TimeoutError:
            raise  # Lambda retries the invocation
        except Exception as error:  # every failure must be reported to CloudFormation
            reason = f"{type(error).__name__}: {error}"[:MAX_REASON_LENGTH]
            response |= {"Status": "FAILED", "Reason": reason}
    _put(event["ResponseURL"], response)


class Removal:
    """Removes one project.

    Args:
        properties: properties of the custom resource: BucketName, StackNames, LogGroupNames; those
            of a project also ModelPackageGroupArn, ModelPackageGroupName, PipelineName
            (SageMaker's) and BuildProjectNames, and FeatureGroupPrefix if it has a feature store.
        deadline: time of `time.monotonic()` in seconds at which `run` gives up.
    """

    def __init__(self, properties: Mapping[str, Any], deadline: float) -> None:
        self._group_arn: str | None = properties.get("ModelPackageGroupArn")
        self._group: str = properties.get("ModelPackageGroupName", "")
        self._pipeline: str = properties.get("PipelineName", "")
        self._bucket: str = properties["BucketName"]
        self._stacks: Sequence[str] = properties["StackNames"]
        self._builds: Sequence[str] = properties.get("BuildProjectNames", ())
        self._features: str = properties.get("FeatureGroupPrefix", "")
        self._name = self._group or self._bucket
        self._logs: Sequence[str] = properties["LogGroupNames"]
        self._deadline = deadline
        self._requested: set[str] = set()
        self._sagemaker = _client("sagemaker")
        self._codebuild = _client("codebuild")
        self._cloudformation = _client("cloudformation")
        self._s3 = _client("s3")

    def run(self) -> None:
        """Removes the project.

        Raises:
            TimeoutError: if the deadline has passed.
        """
        if not self._is_to_be_removed():
            _LOG.info("%s is retained: it has no tag %s", self._name, REMOVAL_TAG["Key"])
            return
        if self._group_arn is not None:
            self._until_none("builds", self._running_builds, self._stop_build)
            self._until_none("training", self._running_training, self._stop_training)
            self._attempt(self._sagemaker.delete_pipeline, PipelineName=self._pipeline)
        self._until_none("stacks", self._existing_stacks, self._delete_stack)
        if self._group_arn is not None:
            self._until_none("feature groups", self._feature_groups, self._delete_feature_group)
            self._until_none("model packages", self._packages, self._delete_package)
        self._until_none("objects", self._objects, self._delete_objects)
        for name in self._logs:
            self._attempt(_client("logs").delete_log_group, logGroupName=name)
        _LOG.info("%s is removed, except for the resources of its stack", self._name)

    def _is_to_be_removed(self) -> bool:
        if self._group_arn is None:
            tagged = _found(self._s3.get_bucket_tagging, Bucket=self._bucket)
            return REMOVAL_TAG in (tagged or {"TagSet": []})["TagSet"]
        pages = self._sagemaker.get_paginator("list_tags").paginate(ResourceArn=self._group_arn)
        tags = _found(lambda: [tag for page in pages for tag in page["Tags"]])
        return REMOVAL_TAG in (tags or [])

    def _running_builds(self) -> list[str]:
        running = []
        for project in self._builds:
            listed = _found(self._codebuild.list_builds_for_project, projectName=project)
            ids = (listed or {"ids": []})["ids"][:_MAX_BUILDS]  # the latest builds
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
        if arn not in self._requested:
            self._requested.add(arn)
            self._attempt(self._sagemaker.stop_pipeline_execution, PipelineExecutionArn=arn)

    def _existing_stacks(self) -> list[dict[str, Any]]:
        described = [
            _found(self._cloudformation.describe_stacks, StackName=name) for name in self._stacks
        ]
        return [one["Stacks"][0] for one in described if one]

    def _delete_stack(self, stack: Mapping[str, Any]) -> None:
        name, status = stack["StackName"], stack["StackStatus"]
        if status == "DELETE_FAILED" and name in self._requested:
            reason = stack.get("StackStatusReason", "see its events")
            raise RuntimeError(f"stack {name} cannot be deleted: {reason}")
        if not status.endswith("_IN_PROGRESS"):  # a deployment must finish first
            self._requested.add(name)
            self._cloudformation.delete_stack(StackName=name)

    def _feature_groups(self) -> list[dict[str, Any]]:
        if not self._features:
            return []
        pages = self._sagemaker.get_paginator("list_feature_groups").paginate(
            NameContains=self._features
        )
        groups = [one for page in pages for one in page["FeatureGroupSummaries"]]
        return [one for one in groups if one["FeatureGroupName"].startswith(self._features)]

    def _delete_feature_group(self, group: Mapping[str, Any]) -> None:
        if group.get("FeatureGroupStatus") != "Deleting":
            name = group["FeatureGroupName"]
            self._attempt(self._sagemaker.delete_feature_group, FeatureGroupName=name)

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
        """Returns the remaining versions as one or no request to DeleteObjects."""
        found = (
            _found(self._s3.list_object_versions, Bucket=self._bucket, MaxKeys=_MAX_OBJECTS) or {}
        )
        versions = [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]
        objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in versions]
        return [objects] if objects else []

    def _delete_objects(self, objects: Sequence[Mapping[str, str]]) -> None:
        request = {"Objects": objects, "Quiet": True}
        response = self._s3.delete_objects(Bucket=self._bucket, Delete=request)
        failed = [one for one in response.get("Errors", ()) if one["Code"] != "InternalError"]
        if failed:
            first = failed[0]
            raise RuntimeError(f"{self._bucket}/{first['Key']}: {first['Code']} {first['Message']}")

    def _until_none(
        self, what: str, remaining: Callable[[], Sequence[Any]], remove: Callable[[Any], None]
    ) -> None:
        """Repeats the removal until nothing remains."""
        while left := remaining():
            if time.monotonic() > self._deadline:
                raise TimeoutError(f"{what} of {self._name} remain: {str(left)[:500]}")
            _LOG.info("Removing %s %s", len(left), what)
            for one in left:
                remove(one)
            if what != "objects":
                self._wait()

    def _wait(self) -> None:
        time.sleep(min(PAUSE_SECONDS, max(0.0, self._deadline - time.monotonic())))

    def _attempt(self, call: Callable[..., Any], **request: Any) -> None:
        """Makes a call whose resource may be gone or busy; the next round checks what remains."""
        try:
            call(**request)
        except ClientError as error:
            if not _is_gone(error) and error.response["Error"]["Code"] not in _RETRYABLE:
                raise


def _client(service: str) -> Any:
    return boto3.client(service, config=_CONFIG)  # type: ignore[call-overload]


def _found(look: Callable[..., Any], **request: Any) -> Any:
    """Returns the response of a call, or None if the resource does not exist."""
    try:
        return look(**request)
    except ClientError as error:
        if _is_gone(error):
            return None
        raise


def _is_gone(error: ClientError) -> bool:
    """Returns True for a missing resource, for which some services have no specific error code."""
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    unnamed = code in ("ValidationError", "ValidationException")
    absent = any(words in message for words in ("does not exist", "ould not find", "not found"))
    return code in _GONE or (unnamed and absent)


def _put(url: str, response: Mapping[str, str]) -> None:
    """Sends the response to CloudFormation."""
    # The signature of the URL does not include a content type, which urllib would add.
    request = urllib.request.Request(  # noqa: S310 - the URL comes from CloudFormation
        url, json.dumps(response).encode(), {"Content-Type": ""}, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        return
