"""Adapter components: archives beside the model of a base component.

They are defined, checked and read from S3 with the role of the base, but not served: AWS documents
no contract by which a container gets an adapter and learns that a request is for it.
"""

from __future__ import annotations

import re
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from typing import Any

import boto3

from rehearsal.framework.platform import AwsError, Scope
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError, reason_of
from rehearsal.services.sagemaker.hosting import models
from rehearsal.services.sagemaker.hosting.components.deployment import InferenceComponentDeployments
from rehearsal.services.sagemaker.hosting.components.placement import KIND
from rehearsal.services.sagemaker.records import Record

_BASE = "BaseInferenceComponentName"
_ARCHIVE = re.compile(r"s3://([^/]+)/(.+\.tar\.gz)")
_TAKEN = {"Specification": {_BASE, "Container"}, "Container": {"ArtifactUrl"}}


def is_adapter(specification: Mapping[str, Any]) -> bool:
    """Whether a specification is that of an adapter."""
    return bool(specification.get(_BASE))


class InferenceComponentAdapters(InferenceComponentDeployments):
    """Checks adapters, and reads what they consist of."""

    def adapters_of(self, scope: Scope, base: Record) -> list[str]:
        """The names of the adapters on a base component."""
        name = base["InferenceComponentName"]
        beside = self.hosted(scope, base["EndpointName"])
        return sorted(
            record["InferenceComponentName"]
            for record in beside
            if record["_specification"].get(_BASE) == name
        )

    def check_adapter(self, scope: Scope, given: Mapping[str, Any], endpoint: Record) -> Record:
        """The base of an adapter. Raises AwsError (ValidationException) for what AWS refuses.

        `given` is a request with a specification that names a base.
        """
        specification = given["Specification"]
        container = specification.get("Container", {})
        if specification.get("ModelName") or specification.get("ComputeResourceRequirements"):
            raise _refused(
                f"{_BASE} makes an adapter, which has neither ModelName nor "
                "ComputeResourceRequirements: it uses those of its base."
            )
        url = container.get("ArtifactUrl", "")
        if not _ARCHIVE.fullmatch(url):
            raise _refused(
                f"{_BASE} needs Container with ArtifactUrl, the S3 URI of one gzip-compressed tar "
                f'archive (.tar.gz); got "{url}".'
            )
        unknown = [
            *(name for name in ("RuntimeConfig", "DeploymentConfig") if given.get(name)),
            *sorted(set(specification) - _TAKEN["Specification"]),
            *(f"Container.{name}" for name in sorted(set(container) - _TAKEN["Container"])),
        ]
        if unknown:
            raise _refused(
                f"The rehearsal does not implement {', '.join(unknown)} of an adapter: leave it "
                "out."
            )
        return self._base(scope, specification[_BASE], endpoint, given.get("VariantName"))

    def _base(self, scope: Scope, name: str, endpoint: Record, variant: str | None) -> Record:
        base = self.find(scope, KIND, name, operation="CreateInferenceComponent")
        arn = base["InferenceComponentArn"]
        if is_adapter(base["_specification"]):
            raise _refused(f'Base inference component "{arn}" is an adapter itself.')
        if base["EndpointName"] != endpoint["EndpointName"]:
            raise _refused(
                f'Base inference component "{arn}" is on endpoint {base["EndpointName"]}, not on '
                f"{endpoint['EndpointName']}."
            )
        if variant not in (None, base["VariantName"]):
            raise _refused(
                f'Base inference component "{arn}" is on variant {base["VariantName"]}, not on '
                f"{variant}."
            )
        if base["InferenceComponentStatus"] != "InService":
            status = base["InferenceComponentStatus"]
            raise _refused(f'Base inference component "{arn}" is {status}, not InService.')
        return base

    def load_adapter(
        self, scope: Scope, record: Record, base: Record, specification: Mapping[str, Any]
    ) -> None:
        """Reads the archive of an adapter; without one it fails, or keeps what it had."""
        try:
            live = self._live_of(scope, record)
            _read_archive(self._session_of(scope, base), specification["Container"]["ArtifactUrl"])
        except Exception as error:  # whatever it is, the adapter must settle and say why
            status = "InService" if "Specification" in record else "Failed"
            self.set_component(record, status, FailureReason=reason_of(error))
            return
        name = record["InferenceComponentName"]
        live.adapters[name] = base["InferenceComponentName"]
        described = dict(specification)
        self.set_component(record, "InService", _specification=described, Specification=described)

    def _session_of(self, scope: Scope, base: Record) -> boto3.Session:
        """A session of the role that runs the base: its model's, or that of the fleet."""
        role = self.config_of(scope, base).get("ExecutionRoleArn")
        name = base["_specification"].get("ModelName")
        if name:
            model = self.find(scope, models.KIND, name, operation="CreateInferenceComponent")
            role = model["ExecutionRoleArn"]
        source_arn = scope.arn("sagemaker", f"endpoint/{base['EndpointName']}")
        return self.role_session(scope, str(role), source_arn)


def _read_archive(session: boto3.Session, url: str) -> None:
    """Raises ExecutionFailedError or ClientError for what is no archive that a role may read."""
    found = _ARCHIVE.fullmatch(url)
    if found is None:
        raise ExecutionFailedError(f"{url} is no S3 URI of a .tar.gz archive.")
    answer = session.client("s3").get_object(Bucket=found[1], Key=found[2])
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(answer["Body"], file)
        file.seek(0)
        try:
            with tarfile.open(fileobj=file, mode="r:gz") as archive:
                archive.getmembers()
        except (tarfile.TarError, OSError, EOFError) as error:
            raise ExecutionFailedError(
                f'Failed to extract model data archive from URL "{url}". Please ensure that the '
                f"object located at the URL is a valid tar.gz archive: {error}"
            ) from error


def _refused(message: str) -> AwsError:
    return AwsError("ValidationException", message)
