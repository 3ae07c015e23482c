"""The artifacts of a build: their files and their upload."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from rehearsal.containers.sandbox_files import beneath
from rehearsal.framework import zip_archive
from rehearsal.framework.aws_client import aws_client
from rehearsal.services.codebuild.engine.buildspec import ArtifactFiles, Buildspec
from rehearsal.services.codebuild.engine.plan import BuildPlan, Uploaded

_S3_ARN = "arn:aws:s3:::"
_DEFAULT_KEY = "alias/aws/s3"


class ArtifactError(Exception):
    """Artifacts that cannot be found or uploaded."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """An artifact of a project; `identifier` is None for the primary one."""

    identifier: str | None
    settings: Mapping[str, Any]
    files: ArtifactFiles


def expected(plan: BuildPlan, spec: Buildspec) -> Iterator[Expected]:
    """Yields the artifacts of a build.

    Raises:
        ArtifactError: the build specification lacks one.
    """
    described = [(None, plan.artifacts, spec.artifacts)]
    described += [
        (item["artifactIdentifier"], item, spec.secondary_artifacts.get(item["artifactIdentifier"]))
        for item in plan.secondary_artifacts
    ]
    for identifier, settings, files in described:
        if settings.get("type", "NO_ARTIFACTS") == "NO_ARTIFACTS":
            continue
        if settings["type"] == "CODEPIPELINE" and not settings.get("location"):
            continue  # the pipeline's action has no output artifact
        if files is None:
            where = "artifacts" if identifier is None else f"secondary-artifacts/{identifier}"
            raise ArtifactError(f"no {where} in the build specification, but one is expected")
        yield Expected(identifier=identifier, settings=settings, files=files)


def collect(spec: ArtifactFiles, source: Path) -> list[tuple[str, Path]]:
    """Returns the files of an artifact, as pairs of name and path.

    Raises:
        ArtifactError: no file matches.
        OutsideError: a folder or file is a link out of the source folder.
    """
    base = _base_directory(spec.base_directory, source)
    beneath(source, base)
    found: dict[str, Path] = {}
    for pattern in spec.files:
        for path in _matches(base, pattern):
            name = path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name
            found[path.name if spec.discard_paths else name] = path
    for pattern in spec.exclude_paths:
        excluded = set(_matches(base, pattern))
        found = {name: path for name, path in found.items() if path not in excluded}
    if not found:
        raise ArtifactError("no matching artifact paths found")
    for path in found.values():
        beneath(source, path.parent)
    return sorted(found.items())


def _base_directory(pattern: str | None, source: Path) -> Path:
    if pattern is None:
        return source
    directories = sorted(path for path in _glob(source, pattern.rstrip("/")) if path.is_dir())
    if not directories:
        raise ArtifactError(f"no matching base directory path found for {pattern}")
    return directories[0]


def _matches(base: Path, pattern: str) -> list[Path]:
    """Returns the files of a glob; a trailing `**` matches everything below, as in CodeBuild."""
    if pattern.endswith("**"):
        pattern += "/*"
    return [path for path in _glob(base, pattern) if path.is_symlink() or path.is_file()]


def _glob(base: Path, pattern: str) -> list[Path]:
    if pattern.startswith("/"):
        raise ArtifactError(
            f"the rehearsal supports artifact paths below the source folder only, got {pattern}"
        )
    if pattern in {"", "."}:
        return [base]
    return [Path(os.path.normpath(path)) for path in base.glob(pattern)]


def upload(
    artifact: Mapping[str, Any],
    files: list[tuple[str, Path]],
    *,
    source: Path,
    session: boto3.Session,
    scratch: Path,
    encryption_key: str | None,
    build_uuid: str,
    name: str | None,
) -> Uploaded:
    """Uploads files by a project's artifact settings (types S3 and CODEPIPELINE).

    Args:
        artifact: the artifact settings.
        files: the files, as pairs of name and path.
        source: the source folder; links out of it are not followed.
        session: a session of the service role.
        scratch: a folder for the archive.
        encryption_key: the KMS key of the build, or None.
        build_uuid: the id of the build.
        name: the name from the build specification, or None.

    Raises:
        ArtifactError: S3 rejects the upload.
        OutsideError: a file is a link out of the source folder.
    """
    client: Any = aws_client(session, "s3")
    encryption = _encryption(artifact, encryption_key)
    if artifact["type"] == "CODEPIPELINE":
        bucket, _, key = artifact["location"].removeprefix(_S3_ARN).partition("/")
        return _put_zip(client, bucket, key, files, scratch, encryption)
    bucket = artifact["location"]
    chosen = name if name and artifact.get("overrideArtifactName") else artifact.get("name")
    namespace = build_uuid if artifact.get("namespaceType") == "BUILD_ID" else ""
    parts = [artifact.get("path", "").strip("/"), namespace, (chosen or "").strip("/")]
    key = "/".join(part for part in parts if part)
    if artifact.get("packaging") == "ZIP":
        return _put_zip(client, bucket, key, files, scratch, encryption)
    for file_name, path in files:
        target = f"{key}/{file_name}".lstrip("/")
        _put(client, bucket, target, beneath(source, path).read_bytes(), encryption)
    return Uploaded(location=f"{_S3_ARN}{bucket}/{key}", sha256="", md5="")


def _encryption(artifact: Mapping[str, Any], key: str | None) -> dict[str, str]:
    if artifact.get("encryptionDisabled") or not key:
        return {}
    if key.endswith(_DEFAULT_KEY):
        return {}  # the bucket's own default encryption applies
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}


def _put_zip(
    client: Any,
    bucket: str,
    key: str,
    files: list[tuple[str, Path]],
    scratch: Path,
    encryption: Mapping[str, str],
) -> Uploaded:
    archive = scratch / "artifact.zip"
    zip_archive.pack(archive, files)
    content = archive.read_bytes()
    archive.unlink()
    _put(client, bucket, key, content, encryption)
    return Uploaded(
        location=f"{_S3_ARN}{bucket}/{key}",
        sha256=hashlib.sha256(content).hexdigest(),
        md5=base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode(),
    )


def _put(client: Any, bucket: str, key: str, content: bytes, encryption: Mapping[str, str]) -> None:
    try:
        client.put_object(Bucket=bucket, Key=key, Body=content, **encryption)
    except ClientError as error:
        described = error.response["Error"]
        raise ArtifactError(
            f"Error in UPLOAD_ARTIFACTS phase: {described['Code']}: "
            f"{described.get('Message', '')} ({_S3_ARN}{bucket}/{key})"
        ) from error
