"""Adapter components: archives beside the model of a base component.

They are defined, validated and read from S3 with the role of the base, but not served: AWS does not
document how a container receives an adapter, or a request for it.
"""

import re
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from typing import Any

import boto3

from rehearsal.framework.platform import AwsError, Scope
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError, reason_of
from rehearsal.services.sagemaker.hosting.components.placement import (
    KIND,
    ComponentPlacement,
    Specification,
)
from rehearsal.services.sagemaker.hosting.models import Models
from rehearsal.services.sagemaker.records import Record

_BASE = "BaseInferenceComponentName"
_ARCHIVE = re.compile(r"s3://([^/]+)/(.+\.tar\.gz)")
_TAKEN = {"Specification": {_BASE, "Container"}, "Container": {"ArtifactUrl"}}


def is_adapter(specification: Mapping[str, Any]) -> bool:
    """Returns True if a specification is that of an adapter."""
    return bool(specification.get(_BASE))


class ComponentAdapters:
    """Checks adapters, and reads their archives.

    Args:
        backend: the backend of SageMaker.
        models: the models of SageMaker.
        placement: the components of endpoints.
    """

    def __init__(self, backend: Backend, models: Models, placement: ComponentPlacement) -> None:
        self._backend = backend
        self._models = models
        self._placement = placement

    def of(self, scope: Scope, base: Record) -> list[str]:
        """Returns the names of the adapters on a base component."""
        names = [
            record["InferenceComponentName"]
            for record in self._placement.on(scope, base["EndpointName"])
        ]
        wanted = base["InferenceComponentName"]
        return sorted(
            name
            for name in names
            if self._placement.specification(scope, name).get(_BASE) == wanted
        )

    def check(self, scope: Scope, given: Mapping[str, Any], endpoint: Record) -> Record:
        """Validates an adapter and returns its base.

        Args:
            scope: account and region.
            given: a request with a specification that names a base.
            endpoint: the record of the endpoint.

        Raises:
            AwsError: ValidationException.
        """
        specification = given["Specification"]
        container = specification.get("Container", {})
        if specification.get("ModelName") or specification.get("ComputeResourceRequirements"):
            raise _invalid(
                f"{_BASE} makes an adapter, which has neither ModelName nor "
                "ComputeResourceRequirements: it uses those of its base."
            )
        url = container.get("ArtifactUrl", "")
        if not _ARCHIVE.fullmatch(url):
            raise _invalid(
                f"{_BASE} needs Container with ArtifactUrl, the S3 URI of one gzip-compressed tar "
                f'archive (.tar.gz); got "{url}".'
            )
        unknown = [
            *(name for name in ("RuntimeConfig", "DeploymentConfig") if given.get(name)),
            *sorted(set(specification) - _TAKEN["Specification"]),
            *(f"Container.{name}" for name in sorted(set(container) - _TAKEN["Container"])),
        ]
        if unknown:
            raise _invalid(
                f"The rehearsal does not implement {', '.join(unknown)} of an adapter: remove it."
            )
        return self._base(scope, specification[_BASE], endpoint, given.get("VariantName"))

    def _base(self, scope: Scope, name: str, endpoint: Record, variant: str | None) -> Record:
        base = self._backend.find(scope, KIND, name, operation="CreateInferenceComponent")
        arn = base["InferenceComponentArn"]
        if is_adapter(self._placement.specification(scope, name)):
            raise _invalid(f'Base inference component "{arn}" is an adapter itself.')
        if base["EndpointName"] != endpoint["EndpointName"]:
            raise _invalid(
                f'Base inference component "{arn}" is on endpoint {base["EndpointName"]}, not on '
                f"{endpoint['EndpointName']}."
            )
        if variant not in (None, base["VariantName"]):
            raise _invalid(
                f'Base inference component "{arn}" is on variant {base["VariantName"]}, not on '
                f"{variant}."
            )
        if base["InferenceComponentStatus"] != "InService":
            status = base["InferenceComponentStatus"]
            raise _invalid(f'Base inference component "{arn}" is {status}, not InService.')
        return base

    def load(
        self, scope: Scope, record: Record, base: Record, specification: Specification
    ) -> None:
        """Reads the archive of an adapter; on failure the adapter keeps its earlier archive."""
        try:
            live = self._placement.live(scope, record)
            _read_archive(self._session_of(scope, base), specification["Container"]["ArtifactUrl"])
        except Exception as error:  # any failure must settle the adapter, with its reason
            status = "InService" if "Specification" in record else "Failed"
            self._placement.set_status(record, status, FailureReason=reason_of(error))
            return
        name = record["InferenceComponentName"]
        live.adapters[name] = base["InferenceComponentName"]
        self._placement.specify(scope, name, specification)
        self._placement.set_status(record, "InService", Specification=dict(specification))

    def _session_of(self, scope: Scope, base: Record) -> boto3.Session:
        """Returns a session of the role that runs the base: its model's, or that of the fleet."""
        role = self._placement.config_of(scope, base).get("ExecutionRoleArn")
        name = self._placement.specification(scope, base["InferenceComponentName"]).get("ModelName")
        if name:
            role = self._models.served(scope, name, "CreateInferenceComponent").role_arn
        source_arn = scope.arn("sagemaker", f"endpoint/{base['EndpointName']}")
        return self._backend.identity.role_session(scope, str(role), source_arn)


def _read_archive(session: boto3.Session, url: str) -> None:
    """Raises ExecutionFailedError or ClientError if a role cannot read an archive."""
    found = _ARCHIVE.fullmatch(url)
    if found is None:
        raise ExecutionFailedError(f"{url} is not the S3 URI of a .tar.gz archive.")
    response = session.client("s3").get_object(Bucket=found[1], Key=found[2])
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(response["Body"], file)
        file.seek(0)
        try:
            with tarfile.open(fileobj=file, mode="r:gz") as archive:
                archive.getmembers()
        except (tarfile.TarError, OSError, EOFError) as error:
            raise ExecutionFailedError(
                f'Failed to extract model data archive from URL "{url}". Please ensure that the '
                f"object located at the URL is a valid tar.gz archive: {error}"
            ) from error


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
