"""The lineage that SageMaker creates for jobs, model packages and endpoints.

Source: "Amazon SageMaker AI-Created Tracking Entities" in the developer guide. The names of
actions and contexts are not documented; they follow `NAME-TIME-aws-endpoint` and
`NAME-aws-model-group`, which published notebooks show.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.framework.platform import Context, Scope
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.experiments.job_components import (
    TRACKED,
    component_name,
    data_of,
)
from rehearsal.services.sagemaker.experiments.trial_components import KIND as COMPONENTS
from rehearsal.services.sagemaker.jobs.jobs import JobKind
from rehearsal.services.sagemaker.lineage.graph import ACTION, CONTEXT, LineageGraph
from rehearsal.services.sagemaker.records import Record

_CONTRIBUTED, _PRODUCED, _ASSOCIATED = "ContributedTo", "Produced", "AssociatedWith"
_DATA, _IMAGE, _MODEL, _CHECKPOINT = "DataSet", "Image", "Model", "Checkpoint"
_ENDED = ("Completed", "Stopped")
Uris = Iterator[tuple[str | None, str]]
"""URIs and the types of their artifacts."""


class LineageTracking:
    """Follows jobs and events, and extends the lineage graph.

    Args:
        backend: the backend of SageMaker.
        graph: the lineage graph.
    """

    def __init__(self, backend: Backend, graph: LineageGraph) -> None:
        self._backend = backend
        self._graph = graph
        self._followed = {
            "SageMaker Model Package Group State Change": self._group,
            "SageMaker Model Package State Change": self._package,
            "SageMaker Endpoint State Change": self._endpoint,
        }

    # Jobs

    def check(self, kind: JobKind, request: Mapping[str, Any], context: Context) -> None:
        """Accepts every job: lineage follows from it."""

    def added(self, kind: JobKind, scope: Scope, record: Record) -> None:
        """Connects the inputs of a new job with its trial component."""
        if kind.noun in TRACKED:
            component = COMPONENTS.arn_of(scope, component_name(kind, record))
            for uri, artifact_type in _INPUTS[kind.noun](record):
                self._connect(scope, uri, artifact_type, component, _CONTRIBUTED)

    def changed(
        self, kind: JobKind, scope: Scope, record: Record, changes: Mapping[str, Any]
    ) -> None:
        """Connects a job that has ended with its outputs."""
        if kind.noun not in TRACKED or changes.get(kind.status) not in _ENDED:
            return
        component = COMPONENTS.arn_of(scope, component_name(kind, record))
        for uri, artifact_type in _OUTPUTS[kind.noun](record):
            if uri:
                artifact = self._graph.track_artifact(scope, uri, artifact_type)
                self._graph.associate(scope, component, artifact, _PRODUCED)

    # Events

    def follow(self, scope: Scope, detail_type: str, detail: Mapping[str, Any]) -> None:
        """Extends the graph by what an event reports."""
        if detail_type in self._followed:
            with self._backend.lock:
                self._followed[detail_type](scope, detail)

    def _group(self, scope: Scope, detail: Mapping[str, Any]) -> None:
        name, arn = detail["ModelPackageGroupName"], detail["ModelPackageGroupArn"]
        with self._backend.lock:
            exists = name in self._backend.records.of(scope, "model-package-group")
        if exists:
            self._group_context(scope, name, arn)

    def _group_context(self, scope: Scope, name: str, arn: str) -> str:
        return self._graph.track(
            scope, CONTEXT, f"{name}-aws-model-group".lower(), "ModelGroup", arn
        )

    def _package(self, scope: Scope, detail: Mapping[str, Any]) -> None:
        if detail["ModelPackageStatus"] == "Deleting":
            return
        arn: str = detail["ModelPackageArn"]
        metadata = detail.get("MetadataProperties")
        members = {"MetadataProperties": metadata} if metadata else {}
        package = self._graph.track_artifact(scope, arn, _MODEL, **members)
        for container in detail.get("InferenceSpecification", {}).get("Containers", ()):
            for uri, artifact_type in _container(container):
                self._connect(scope, uri, artifact_type, package, _CONTRIBUTED)
        if "ModelPackageGroupName" not in detail:
            return
        group = detail["ModelPackageGroupName"]
        group_arn = scope.arn("sagemaker", f"model-package-group/{group.lower()}")
        context = self._group_context(scope, group, group_arn)
        self._graph.associate(scope, package, context, _ASSOCIATED)
        self._approval(scope, detail, package)

    def _approval(self, scope: Scope, detail: Mapping[str, Any], package: str) -> None:
        """Tracks the creation of a version, and each change of its approval, as an action."""
        changed = detail.get("UpdatedModelPackageFields")
        if changed is not None and "ModelApprovalStatus" not in changed:
            return
        status = detail["ModelApprovalStatus"]
        moment = int(detail["LastModifiedTime"].timestamp())
        version = f"{detail['ModelPackageGroupName']}-{detail['ModelPackageVersion']}"
        action = self._graph.track(
            scope,
            ACTION,
            f"{version}-{status}-{moment}-aws-model-group".lower(),
            "Approval",
            detail["ModelPackageArn"],
            Status="Completed",
            Properties={"ModelApprovalStatus": status},
        )
        self._graph.associate(scope, action, package, _CONTRIBUTED)

    def _endpoint(self, scope: Scope, detail: Mapping[str, Any]) -> None:
        if detail["EndpointStatus"] != "IN_SERVICE":
            return
        name, arn = detail["EndpointName"], detail["EndpointArn"]
        config = detail["EndpointConfigName"]
        created = int(detail["CreationTime"].timestamp())
        context = self._graph.track(
            scope, CONTEXT, f"{name}-{created}-aws-endpoint".lower(), "Endpoint", arn
        )
        action = self._graph.track(
            scope,
            ACTION,
            f"{config}-{created}-aws-endpoint".lower(),
            "ModelDeployment",
            arn,
            Status="Completed",
            Properties={"EndpointConfigName": config},
        )
        self._graph.associate(scope, action, context, _ASSOCIATED)
        for container in self._deployed(scope, config):
            package = container.get("ModelPackageName")
            if package:
                if not package.startswith("arn:"):
                    package = scope.arn("sagemaker", f"model-package/{package.lower()}")
                self._connect(scope, package, _MODEL, action, _CONTRIBUTED)
                container = self._packaged(scope, package)
            for uri, artifact_type in _container(container):
                self._connect(scope, uri, artifact_type, action, _CONTRIBUTED)

    def _deployed(self, scope: Scope, config: str) -> Iterator[Mapping[str, Any]]:
        """Yields the containers of the models of an endpoint configuration."""
        with self._backend.lock:
            records = self._backend.records
            variants = records.of(scope, "endpoint-config").get(config, {})
            models = [
                records.of(scope, "model").get(variant.get("ModelName", ""))
                for variant in variants.get("ProductionVariants", ())
            ]
        for model in models:
            if model is not None:
                yield from model.get("Containers") or [model["PrimaryContainer"]]

    def _packaged(self, scope: Scope, arn: str) -> Mapping[str, Any]:
        """Returns the first container of a model package; nothing for that of another account."""
        for package in self._backend.all(scope, "model-package"):
            if package["ModelPackageArn"] == arn:
                containers = package.get("InferenceSpecification", {}).get("Containers", ())
                return containers[0] if containers else {}
        return {}

    def _connect(
        self, scope: Scope, uri: str | None, artifact_type: str, target: str, kind: str
    ) -> None:
        if uri:
            artifact = self._graph.track_artifact(scope, uri, artifact_type)
            self._graph.associate(scope, artifact, target, kind)


def _container(container: Mapping[str, Any]) -> Uris:
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    yield container.get("Image"), _IMAGE
    yield container.get("ModelDataUrl") or source.get("S3Uri"), _MODEL


def _training_inputs(job: Record) -> Uris:
    yield job["AlgorithmSpecification"].get("TrainingImage"), _IMAGE
    for channel in job.get("InputDataConfig", ()):
        yield data_of(channel), _DATA


def _training_outputs(job: Record) -> Uris:
    yield job.get("ModelArtifacts", {}).get("S3ModelArtifacts"), _MODEL
    if job.get("EnableManagedSpotTraining"):
        yield job.get("CheckpointConfig", {}).get("S3Uri"), _CHECKPOINT


def _processing_inputs(job: Record) -> Uris:
    yield job["AppSpecification"]["ImageUri"], _IMAGE
    for given in job.get("ProcessingInputs", ()):
        yield given.get("S3Input", {}).get("S3Uri"), _DATA


def _processing_outputs(job: Record) -> Uris:
    for output in job.get("ProcessingOutputConfig", {}).get("Outputs", ()):
        yield output.get("S3Output", {}).get("S3Uri"), _DATA


def _transform_inputs(job: Record) -> Uris:
    yield data_of(job["TransformInput"]), _DATA


def _transform_outputs(job: Record) -> Uris:
    yield job["TransformOutput"]["S3OutputPath"], _DATA


_INPUTS = {
    "TrainingJob": _training_inputs,
    "ProcessingJob": _processing_inputs,
    "TransformJob": _transform_inputs,
}
_OUTPUTS = {
    "TrainingJob": _training_outputs,
    "ProcessingJob": _processing_outputs,
    "TransformJob": _transform_outputs,
}
