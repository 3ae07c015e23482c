"""The sources of a build."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from rehearsal.framework import zip_archive
from rehearsal.framework.aws_client import aws_client
from rehearsal.framework.clock import utc_now
from rehearsal.framework.platform import Credentials
from rehearsal.git import codecommit_credentials
from rehearsal.git.repository import CLONE_REFERENCE, ISOLATED_ENVIRONMENT
from rehearsal.services.codebuild.engine.plan import BuildPlan
from rehearsal.services.codebuild.engine.workspace import BuildWorkspace

_S3_ARN = "arn:aws:s3:::"


class SourceError(Exception):
    """A source that cannot be fetched."""


@dataclass(frozen=True)
class SourceAccess:
    """The access to sources: the build's role and the gateway's certificate authorities."""

    session: boto3.Session
    credentials: Credentials
    ca_bundle: Path


def fetch(
    source: Mapping[str, Any], version: str | None, directory: Path, access: SourceAccess
) -> str | None:
    """Fetches a source into `directory`; returns its version, if it has one.

    Raises:
        SourceError: the source does not exist, or the role may not read it.
    """
    match source["type"]:
        case "NO_SOURCE":
            return None
        case "CODEPIPELINE":
            return _from_pipeline(version, directory, access)
        case "S3":
            return _from_s3(source["location"], version, directory, access)
        case "CODECOMMIT":
            return _clone(source["location"], version, directory, access)
    raise SourceError(
        f"the rehearsal does not support the source provider {source['type']}; use CODECOMMIT, "
        "CODEPIPELINE, S3 or NO_SOURCE"
    )


def fetch_all(
    plan: BuildPlan, workspace: BuildWorkspace, access: SourceAccess
) -> tuple[str | None, dict[str, str]]:
    """Fetches all sources of a build into its workspace.

    Returns:
        The version of the primary source, and the paths of the secondary ones by identifier.

    Raises:
        SourceError: a source does not exist, or the role may not read it.
    """
    primary = workspace.host_path(workspace.source_path)
    version = fetch(plan.source, plan.source_version, primary, access)
    paths = {}
    for source in plan.secondary_sources:
        identifier = source["sourceIdentifier"]
        path = f"{workspace.source_path.rsplit('/', 1)[0]}/{identifier}"
        paths[identifier] = path
        folder = workspace.host_path(path)
        folder.mkdir()
        fetch(source, plan.secondary_versions.get(identifier), folder, access)
    return version, paths


def _from_pipeline(version: str | None, directory: Path, access: SourceAccess) -> str | None:
    if not version or not version.startswith(_S3_ARN):
        raise SourceError(
            "a source of type CODEPIPELINE comes from a pipeline; use sourceTypeOverride to start "
            "the build yourself"
        )
    bucket, _, key = version.removeprefix(_S3_ARN).partition("/")
    revision = _download_zip(bucket, key, None, directory, access)
    reference = directory / CLONE_REFERENCE
    if reference.is_file() and not reference.is_symlink():
        target = json.loads(reference.read_text())
        reference.unlink()
        return _clone(target["cloneUrl"], target["commitId"], directory, access)
    return revision


def _from_s3(
    location: str, version: str | None, directory: Path, access: SourceAccess
) -> str | None:
    bucket, _, key = location.removeprefix(_S3_ARN).partition("/")
    if not key.endswith("/"):
        return _download_zip(bucket, key, version, directory, access)
    client: Any = aws_client(access.session, "s3")
    try:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
        for page in pages:
            for item in page.get("Contents", []):
                name = item["Key"][len(key) :]
                if item["Key"].endswith("/"):
                    continue
                target = directory / name
                if ".." in target.parts or not target.is_relative_to(directory):
                    raise SourceError(f"{_S3_ARN}{bucket}/{item['Key']} would leave its folder")
                target.parent.mkdir(parents=True, exist_ok=True)
                client.download_file(bucket, item["Key"], str(target))
    except ClientError as error:
        raise SourceError(_reason(error, f"{_S3_ARN}{location}")) from error
    return None


def _download_zip(
    bucket: str, key: str, version: str | None, directory: Path, access: SourceAccess
) -> str | None:
    client: Any = aws_client(access.session, "s3")
    archive = directory.parent / "source.zip"
    arn = f"{_S3_ARN}{bucket}/{key}"
    request = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
    try:
        found = client.get_object(**request)
        with archive.open("wb") as target:
            for chunk in found["Body"].iter_chunks(1 << 20):
                target.write(chunk)
        zip_archive.unpack(archive, directory)
    except ClientError as error:
        raise SourceError(_reason(error, arn)) from error
    except (zipfile.BadZipFile, ValueError) as error:
        raise SourceError(f"{arn} is not a zip file that can be extracted: {error}") from error
    finally:
        archive.unlink(missing_ok=True)
    revision: str | None = found.get("Metadata", {}).get("codepipeline-artifact-revision-id")
    return revision or found.get("VersionId")


def _reason(error: ClientError, arn: str) -> str:
    described = error.response["Error"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return (
        f"{described['Code']}: {described.get('Message', '')} status code: {status} for primary "
        f"source and source version {arn}"
    )


def _clone(url: str, version: str | None, directory: Path, access: SourceAccess) -> str:
    environment = _git_environment(url, access)
    _git(["clone", "--quiet", url, str(directory)], directory.parent, environment)
    if version:
        _git(["checkout", "--quiet", version], directory, environment)
    return _git(["rev-parse", "HEAD"], directory, environment).strip()


def _git_environment(url: str, access: SourceAccess) -> dict[str, str]:
    parts = urlsplit(url)
    credentials = access.credentials
    password = codecommit_credentials.sign(
        credentials.access_key_id,
        credentials.secret_access_key,
        region=access.session.region_name,
        host=parts.netloc,
        path=parts.path,
        at=utc_now(),
    )
    user = f"{credentials.access_key_id}%{credentials.session_token}"
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {
        "PATH": os.environ["PATH"],
        **ISOLATED_ENVIRONMENT,
        "GIT_SSL_CAINFO": str(access.ca_bundle),
        # As environment variables, so that no process listing shows the password.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
    }


def _git(arguments: list[str], directory: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=directory,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise SourceError(f"git {arguments[0]} failed: {lines[-1] if lines else done.returncode}")
    return done.stdout
