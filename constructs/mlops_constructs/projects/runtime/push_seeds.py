"""Pushes the seeds of a project to its repositories: the handler of a custom resource.

The seeds are zip files beside this module. For each repository the function copies its seed to the
project's bucket and starts a build, because git needs more than a function has; then it waits for
the builds. It returns the names of the repositories, so that pipelines wait for their code.

Only the creation pushes: a newer seed does not change existing repositories, and a deletion retains
them.
"""

import json
import os
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

PAUSE_SECONDS = 2.0
RESERVE_SECONDS = 20.0
RESPONSE_TIMEOUT_SECONDS = 30
MAX_REASON_LENGTH = 1000  # CloudFormation rejects a response of more than 4096 bytes
_REASON = "SEED: "


def handler(event: dict[str, Any], context: Any) -> None:
    """Pushes the seeds of a new project, and sends the response."""
    properties = event["ResourceProperties"]
    response = {
        "Status": "SUCCESS",
        # Another owner or name is another repository, which CloudFormation then requests.
        "PhysicalResourceId": ",".join(sorted(properties["Repositories"].values())),
        "Data": {
            _attribute(suffix): full_name.rpartition("/")[2]
            for suffix, full_name in properties["Repositories"].items()
        },
        **{name: event[name] for name in ("LogicalResourceId", "RequestId", "StackId")},
    }
    if event["RequestType"] == "Delete":
        response["PhysicalResourceId"] = event["PhysicalResourceId"]
    elif response["PhysicalResourceId"] != event.get("PhysicalResourceId"):
        deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000
        try:
            push_all(properties, deadline - RESERVE_SECONDS)
        except Exception as error:  # every failure must be reported to CloudFormation
            response |= {"Status": "FAILED", "Reason": str(error)[:MAX_REASON_LENGTH]}
    _respond(event["ResponseURL"], response)


def push_all(properties: Mapping[str, Any], deadline: float) -> None:
    """Pushes the seeds to the repositories.

    Args:
        properties: Bucket and Prefix of copies, BuildProjectName, UrlPrefix of the repositories for
            git, and Repositories: OWNER/NAME by the name of the seed.
        deadline: time of `time.monotonic()` in seconds at which the function gives up.

    Raises:
        RuntimeError: with the reason of each build that failed.
        TimeoutError: if the deadline has passed.
    """
    s3, codebuild = boto3.client("s3"), boto3.client("codebuild")
    copies, builds = [], {}
    try:
        for name, repository in properties["Repositories"].items():
            key = f"{properties['Prefix']}{name}.zip"
            seed = Path(os.environ.get("SEEDS", Path(__file__).parent)) / f"{name}.zip"
            copy = {"Bucket": properties["Bucket"], "Key": key}
            version = s3.put_object(**copy, Body=seed.read_bytes())["VersionId"]
            copies.append({**copy, "VersionId": version})
            started = codebuild.start_build(
                projectName=properties["BuildProjectName"],
                sourceLocationOverride=f"{properties['Bucket']}/{key}",
                environmentVariablesOverride=[
                    {"name": "REPOSITORY", "value": repository},
                    {
                        "name": "REPOSITORY_URL",
                        "value": f"{properties['UrlPrefix']}{repository}.git",
                    },
                ],
            )
            builds[started["build"]["id"]] = repository
        failures = _wait(codebuild, builds, deadline)
    finally:
        # By version: CloudFormation can then delete the bucket if the creation of the stack fails.
        for one in copies:
            s3.delete_object(**one)
    if failures:
        raise RuntimeError("; ".join(failures))


def _wait(codebuild: Any, builds: Mapping[str, str], deadline: float) -> list[str]:
    """Waits until all builds have ended; returns the reasons of those that failed."""
    while True:
        found = codebuild.batch_get_builds(ids=list(builds))["builds"]
        if all(one["buildStatus"] != "IN_PROGRESS" for one in found):
            return [
                f"{builds[one['id']]}: {_reason(one)}"
                for one in found
                if one["buildStatus"] != "SUCCEEDED"
            ]
        if time.monotonic() > deadline:
            raise TimeoutError(f"the builds of {', '.join(builds.values())} have not ended")
        time.sleep(PAUSE_SECONDS)


def _reason(build: Mapping[str, Any]) -> str:
    """Returns the reason of a failed build: the line that `push_seed.py` ended with."""
    logs = build.get("logs", {})
    group, stream = logs.get("groupName"), logs.get("streamName")
    if group and stream:
        events = boto3.client("logs").get_log_events(
            logGroupName=group, logStreamName=stream, limit=100
        )["events"]
        lines = [one["message"].strip() for one in events]
        found = [line.removeprefix(_REASON) for line in lines if line.startswith(_REASON)]
        if found:
            return found[-1]
    contexts = [one for phase in build.get("phases", ()) for one in phase.get("contexts", ())]
    messages = [one["message"] for one in contexts if one.get("message")]
    return f"{build['buildStatus']}: {'; '.join(messages)}"


def _attribute(suffix: str) -> str:
    """Returns the name of an attribute: letters and digits."""
    return "".join(part.capitalize() for part in suffix.split("-"))


def _respond(url: str, response: Mapping[str, Any]) -> None:
    """Sends the response to CloudFormation."""
    # The signature of the URL does not include a content type, which urllib would add.
    request = urllib.request.Request(  # noqa: S310 - the URL comes from CloudFormation
        url, json.dumps(response).encode(), {"Content-Type": ""}, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=RESPONSE_TIMEOUT_SECONDS):  # noqa: S310
        return
