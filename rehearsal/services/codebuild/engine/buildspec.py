"""The build specification of CodeBuild, version 0.2.

Source: https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.exceptions import ClientError

from rehearsal.containers.sandbox_files import OutsideError, beneath
from rehearsal.framework.aws_client import aws_client

DEFAULT_FILE = "buildspec.yml"
_S3_ARN = "arn:aws:s3:::"
PHASES = ("install", "pre_build", "build", "post_build")
_TOP_LEVEL = {
    "version",
    "env",
    "phases",
    "artifacts",
    "cache",
    "run-as",
    "batch",
    "reports",
    "proxy",
}
_ENV = {"shell", "variables", "parameter-store", "secrets-manager", "exported-variables"}
_UNSUPPORTED_ENV = {"git-credential-helper"}
_PHASE = {"commands", "finally", "on-failure", "runtime-versions", "run-as"}
_ARTIFACTS = {
    "files",
    "name",
    "base-directory",
    "discard-paths",
    "exclude-paths",
    "enable-symlinks",
    "secondary-artifacts",
}


class BuildspecError(Exception):
    """A build specification that CodeBuild rejects or the rehearsal does not support."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """The commands of a phase; `on_failure` is ABORT, CONTINUE or None (default transitions)."""

    commands: tuple[str, ...] = ()
    finally_commands: tuple[str, ...] = ()
    on_failure: str | None = None
    runtime_versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ArtifactFiles:
    """The files of an artifact, below `base_directory`, which may be a glob."""

    files: tuple[str, ...]
    base_directory: str | None = None
    discard_paths: bool = False
    exclude_paths: tuple[str, ...] = ()
    enable_symlinks: bool = False
    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Buildspec:
    """A parsed build specification."""

    shell: str = "sh"
    variables: Mapping[str, str] = field(default_factory=dict)
    parameter_store: Mapping[str, str] = field(default_factory=dict)
    secrets_manager: Mapping[str, str] = field(default_factory=dict)
    exported_variables: tuple[str, ...] = ()
    phases: Mapping[str, Phase] = field(default_factory=dict)
    artifacts: ArtifactFiles | None = None
    secondary_artifacts: Mapping[str, ArtifactFiles] = field(default_factory=dict)
    cache_paths: tuple[str, ...] = ()


def parse(text: str) -> Buildspec:
    """Parses a build specification.

    Raises:
        BuildspecError: the specification is not valid; the message has all problems.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(f"the build specification is not valid YAML: {error}") from error
    if not isinstance(document, dict):
        raise BuildspecError("the build specification must be a mapping with version and phases")
    problems = _Problems()
    spec = _buildspec(document, problems)
    if problems.found:
        raise BuildspecError("; ".join(problems.found))
    return spec


class _Problems:
    """Collects problems, so that one error reports all of them."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, text: str) -> None:
        self.found.append(text)

    def unknown(self, where: str, given: Mapping[str, Any], known: set[str]) -> None:
        for key in sorted(set(map(str, given)) - known):
            self.add(f"{where} has the unknown key {key!r} (known: {', '.join(sorted(known))})")

    def mapping(self, where: str, value: Any) -> dict[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.add(f"{where} must be a mapping, got {value!r}")
            return {}
        return value

    def strings(self, where: str, value: Any) -> tuple[str, ...]:
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            if isinstance(item, dict | list) or item is None:
                self.add(
                    f"expected {where}[{index}] to be of string type, found {item!r}: "
                    "quote text that contains ': '"
                )
        return tuple(_scalar(item) for item in items)

    def string_map(self, where: str, value: Any) -> dict[str, str]:
        found = self.mapping(where, value)
        for key, item in found.items():
            if isinstance(item, dict | list) or item is None:
                self.add(f"expected {where}.{key} to be of string type, found {item!r}")
        return {str(key): _scalar(item) for key, item in found.items()}


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _truth(value: Any) -> bool:
    return str(value).lower() in {"yes", "true"}


def _buildspec(document: dict[str, Any], problems: _Problems) -> Buildspec:
    version = str(document.get("version", ""))
    if version != "0.2":
        problems.add(f"version must be 0.2, got {version or 'nothing'}")
    problems.unknown("the build specification", document, _TOP_LEVEL)
    for key in ("batch", "run-as", "reports", "proxy"):
        if document.get(key):
            problems.add(f"the rehearsal does not support {key!r} in a build specification")
    env = problems.mapping("env", document.get("env"))
    problems.unknown("env", env, _ENV | _UNSUPPORTED_ENV)
    if _truth(env.get("git-credential-helper", "no")):
        problems.add("the rehearsal does not support env/git-credential-helper")
    shell = str(env.get("shell", "sh"))
    if shell not in {"sh", "bash"}:
        problems.add(f"env/shell must be sh or bash, got {shell!r}")
    artifacts = problems.mapping("artifacts", document.get("artifacts"))
    secondary = problems.mapping(
        "artifacts.secondary-artifacts", artifacts.get("secondary-artifacts")
    )
    cache = problems.mapping("cache", document.get("cache"))
    problems.unknown("cache", cache, {"paths"})
    return Buildspec(
        shell=shell,
        variables=problems.string_map("env.variables", env.get("variables")),
        parameter_store=problems.string_map("env.parameter-store", env.get("parameter-store")),
        secrets_manager=problems.string_map("env.secrets-manager", env.get("secrets-manager")),
        exported_variables=problems.strings(
            "env.exported-variables", env.get("exported-variables")
        ),
        phases=_phases(problems.mapping("phases", document.get("phases")), problems),
        artifacts=_artifacts("artifacts", artifacts, problems) if "files" in artifacts else None,
        secondary_artifacts={
            str(name): _artifacts(f"artifacts.secondary-artifacts.{name}", item, problems)
            for name, item in secondary.items()
        },
        cache_paths=problems.strings("cache.paths", cache.get("paths")),
    )


def _phases(document: dict[str, Any], problems: _Problems) -> dict[str, Phase]:
    problems.unknown("phases", document, set(PHASES))
    if not document:
        problems.add("phases must name at least one of " + ", ".join(PHASES))
    phases = {}
    for name in PHASES:
        where = f"phases.{name}"
        given = problems.mapping(where, document.get(name))
        problems.unknown(where, given, _PHASE)
        if given.get("run-as"):
            problems.add(f"the rehearsal does not support run-as ({where})")
        on_failure = given.get("on-failure")
        if on_failure is not None and on_failure not in {"ABORT", "CONTINUE"}:
            problems.add(
                f"{where}.on-failure must be ABORT or CONTINUE, got {on_failure!r} "
                "(the rehearsal does not support RETRY)"
            )
        versions = problems.string_map(f"{where}.runtime-versions", given.get("runtime-versions"))
        if versions and name != "install":
            problems.add(f"runtime-versions belongs to the install phase, found in {name}")
        phases[name] = Phase(
            commands=problems.strings(f"{where}.commands", given.get("commands")),
            finally_commands=problems.strings(f"{where}.finally", given.get("finally")),
            on_failure=on_failure,
            runtime_versions=versions,
        )
    return phases


def _artifacts(where: str, document: Any, problems: _Problems) -> ArtifactFiles:
    given = problems.mapping(where, document)
    problems.unknown(where, given, _ARTIFACTS)
    files = problems.strings(f"{where}.files", given.get("files"))
    if not files:
        problems.add(f"{where}.files must name at least one file")
    base = given.get("base-directory")
    name = given.get("name")
    return ArtifactFiles(
        files=files,
        base_directory=None if base is None else str(base),
        discard_paths=_truth(given.get("discard-paths", "no")),
        exclude_paths=problems.strings(f"{where}.exclude-paths", given.get("exclude-paths")),
        enable_symlinks=_truth(given.get("enable-symlinks", "no")),
        name=None if name is None else str(name),
    )


def is_inline(given: str | None) -> bool:
    """Returns True if a project's `buildspec` is the specification itself, not its location."""
    text = (given or "").lstrip()
    return "\n" in text or text.startswith(("{", "version:"))


def read(given: str | None, source: Path, shown: str, session: boto3.Session) -> Buildspec:
    """Returns the specification that `buildspec` of a project contains or locates.

    Args:
        given: the project's `buildspec`: text, a path in the source, or the ARN of an object.
        source: the folder of the primary source.
        shown: the path of that folder inside of the build.
        session: a session of the service role.

    Raises:
        BuildspecError: the specification cannot be read or is not valid.
    """
    if given and is_inline(given):
        return parse(given)
    name = given or DEFAULT_FILE
    if name.startswith(_S3_ARN):
        return parse(_from_s3(name, session))
    try:
        return parse(beneath(source, source / name).read_text())
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise BuildspecError(f"stat {shown}/{name}: {reason}") from error
    except OutsideError as error:
        raise BuildspecError(f"{shown}/{name}: {error}") from error


def _from_s3(arn: str, session: boto3.Session) -> str:
    bucket, _, key = arn.removeprefix(_S3_ARN).partition("/")
    client: Any = aws_client(session, "s3")
    try:
        content: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        raise BuildspecError(f"{arn}: {error}") from error
    return content.decode()
