"""AWS::CodeCommit::Repository, with the files of `Code`."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from rehearsal.cloudformation.resource_requests import ResourceFailure
from rehearsal.cloudformation.resource_types import ResourceType

_MAX_FILES_PER_COMMIT = 100
_MAX_BYTES_PER_COMMIT = 7 * 1024 * 1024
_MAX_ARCHIVE_BYTES = 20 * 1024 * 1024  # CloudFormation's limit
_EXECUTABLE = 0o111
_MESSAGE = "Initial commit"


class _Pending(threading.local):
    """Properties that the API lacks, kept by thread until the resource has been created."""

    code: Mapping[str, Any] | None = None
    new_name: str | None = None


_pending = _Pending()


def _to_request(properties: dict[str, Any]) -> dict[str, Any]:
    given = dict(properties)
    if given.pop("Triggers", None):
        raise ResourceFailure(
            "AWS::CodeCommit::Repository Triggers: the rehearsal does not support them; use an "
            "EventBridge rule on 'CodeCommit Repository State Change'."
        )
    _pending.code = given.pop("Code", None)
    _pending.new_name = None
    return given


def _to_update_request(properties: dict[str, Any]) -> dict[str, Any]:
    """Returns an update request; AWS reads Code at creation only."""
    _to_request(properties)
    _pending.code = None
    _pending.new_name = properties.get("RepositoryName")
    return {"repositoryDescription": properties.get("RepositoryDescription", "")}


def _finish(client: Any, identifier: Mapping[str, Any]) -> None:
    code, _pending.code = _pending.code, None
    name = identifier["repositoryName"]
    if code is not None:
        _seed(client, name, code)
    if _pending.new_name not in (None, name):
        raise ResourceFailure(
            "AWS::CodeCommit::Repository: the rehearsal does not rename repositories from a "
            f"template ({name} to {_pending.new_name}); call UpdateRepositoryName."
        )


def _seed(client: Any, repository: str, code: Mapping[str, Any]) -> None:
    """Commits the files of `Code.S3`, which is read with the stack's credentials."""
    source = code["S3"]
    location = f"s3://{source['Bucket']}/{source['Key']}"
    request = {"Bucket": source["Bucket"], "Key": source["Key"]}
    if source.get("ObjectVersion"):
        request["VersionId"] = source["ObjectVersion"]
    try:
        content = _s3_beside(client).get_object(**request)["Body"].read()
    except ClientError as error:
        raise ResourceFailure(f"Code.S3 {location} cannot be read: {error}") from error
    if len(content) > _MAX_ARCHIVE_BYTES:
        raise ResourceFailure(
            f"Code.S3 {location} has {len(content)} bytes; at most {_MAX_ARCHIVE_BYTES} are allowed"
        )
    parent: dict[str, str] = {}
    for files in _commits(_files(content, location)):
        commit = client.create_commit(
            repositoryName=repository,
            branchName=code.get("BranchName", "main"),
            putFiles=files,
            commitMessage=_MESSAGE,
            **parent,
        )
        parent = {"parentCommitId": commit["commitId"]}


def _commits(files: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yields the files of one CreateCommit after another, within its limits."""
    taken: list[dict[str, Any]] = []
    size = 0
    for file in files:
        size += len(file["fileContent"])
        if taken and (len(taken) == _MAX_FILES_PER_COMMIT or size > _MAX_BYTES_PER_COMMIT):
            yield taken
            taken, size = [], len(file["fileContent"])
        taken.append(file)
    if taken:
        yield taken


def _files(content: bytes, location: str) -> Iterator[dict[str, Any]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile as error:
        raise ResourceFailure(f"Code.S3 {location} is not a zip file") from error
    with archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            executable = (entry.external_attr >> 16) & _EXECUTABLE
            yield {
                "filePath": entry.filename,
                "fileMode": "EXECUTABLE" if executable else "NORMAL",
                "fileContent": archive.read(entry),
            }


def _s3_beside(client: Any) -> Any:
    """Returns an S3 client with the credentials of `client`."""
    credentials = client._request_signer._credentials.get_frozen_credentials()
    session = boto3.Session(
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
        region_name=client.meta.region_name,
    )
    return session.client("s3", endpoint_url=client.meta.endpoint_url)


RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::CodeCommit::Repository",
        service="codecommit",
        create="CreateRepository",
        update="UpdateRepositoryDescription",
        delete="DeleteRepository",
        describe="GetRepository",
        identifier=("repositoryName",),
        ref="repositoryMetadata.repositoryId",
        attributes={
            "Arn": "repositoryMetadata.Arn",
            "Name": "repositoryMetadata.repositoryName",
            "CloneUrlHttp": "repositoryMetadata.cloneUrlHttp",
            "CloneUrlSsh": "repositoryMetadata.cloneUrlSsh",
            "RepositoryId": "repositoryMetadata.repositoryId",
        },
        name_property="RepositoryName",
        to_request=_to_request,
        to_update_request=_to_update_request,
        wait=_finish,
    )
]
