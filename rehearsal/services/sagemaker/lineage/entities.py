"""Actions, artifacts and contexts: the lineage entities that users create, too."""

from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend, caller_identity
from rehearsal.services.sagemaker.lineage.graph import (
    ACTION,
    ARTIFACT,
    CONTEXT,
    LineageGraph,
)
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.names import lineage_group_arn
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.stored_resource import Kind, StoredResource

ARTIFACTS = Listing(
    operation="ListArtifacts",
    member="ArtifactSummaries",
    name="ArtifactArn",
    equal={"SourceUri": "SourceUri", "ArtifactType": "ArtifactType"},
)
ACTIONS = Kind(
    noun="Action",
    path=ACTION,
    lower_case=True,
    listing=Listing(
        operation="ListActions",
        member="ActionSummaries",
        name="ActionName",
        equal={"SourceUri": "SourceUri", "ActionType": "ActionType"},
    ),
    updatable=("Description", "Status", "Properties"),
    missing="Action '{name}' does not exist.",
    existing="Action '{name}' already exists.",
)
CONTEXTS = Kind(
    noun="Context",
    path=CONTEXT,
    lower_case=True,
    listing=Listing(
        operation="ListContexts",
        member="ContextSummaries",
        name="ContextName",
        equal={"SourceUri": "SourceUri", "ContextType": "ContextType"},
    ),
    updatable=("Description", "Properties"),
    missing="Context '{name}' does not exist.",
    existing="Context '{name}' already exists.",
)
LINEAGE_KINDS = (ACTIONS, CONTEXTS)


class LineageEntities(StoredResource):
    """Create, Describe, List, Update and Delete of actions or contexts.

    Args:
        backend: the backend of SageMaker.
        kind: the kind of entity.
        graph: the lineage graph.
    """

    def __init__(self, backend: Backend, kind: Kind, graph: LineageGraph) -> None:
        super().__init__(backend, kind)
        self._graph = graph

    def prepare(self, record: Record, context: Context) -> None:
        record["SourceUri"] = record["Source"]["SourceUri"]
        record["LineageGroupArn"] = lineage_group_arn(context.scope)

    def changes(self, record: Record, given: Request) -> dict[str, Any]:
        return {**super().changes(record, given), **_properties(record, given)}

    def check_delete(self, record: Record, scope: Scope) -> None:
        _check_unassociated(self._graph, scope, record[self.kind.arn_member])


class Artifacts:
    """Create-, Describe-, List-, Update-, DeleteArtifact.

    Args:
        backend: the backend of SageMaker.
        graph: the lineage graph.
    """

    def __init__(self, backend: Backend, graph: LineageGraph) -> None:
        self._backend = backend
        self._graph = graph

    def create_artifact(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("CreateArtifact", request)
        source, tags = record.pop("Source"), record.pop("Tags", ())
        members = {**record, "CreatedBy": caller_identity(context)}
        with self._backend.lock:
            known = self._graph.artifact_of(context.scope, source["SourceUri"])
            if known is not None:
                message = (
                    f"An artifact of {source['SourceUri']} already exists: {known['ArtifactArn']}"
                )
                raise AwsError("ValidationException", message)
            artifact = self._graph.add_artifact(
                context.scope, source, members.pop("ArtifactType"), members
            )
            try:
                self._backend.tag_new(context, artifact["ArtifactArn"], tags)
            except AwsError:
                self._remove(context.scope, artifact)
                raise
        return {"ArtifactArn": artifact["ArtifactArn"]}

    def describe_artifact(self, request: Request, context: Context) -> Response:
        artifact = self._find(context.scope, request["ArtifactArn"], "DescribeArtifact")
        return self._backend.describe("DescribeArtifact", artifact)

    def list_artifacts(self, request: Request, context: Context) -> Response:
        return ARTIFACTS.respond(self._backend.all(context.scope, ARTIFACT), request)

    def update_artifact(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("UpdateArtifact", request)
        artifact = self._find(context.scope, given["ArtifactArn"], "UpdateArtifact")
        changes = _properties(artifact, given)
        if "ArtifactName" in given:
            changes["ArtifactName"] = given["ArtifactName"]
        with self._backend.lock:
            artifact.update(
                changes, LastModifiedTime=now(), LastModifiedBy=caller_identity(context)
            )
        return {"ArtifactArn": artifact["ArtifactArn"]}

    def delete_artifact(self, request: Request, context: Context) -> Response:
        scope, source = context.scope, request.get("Source")
        if bool(source) == bool(request.get("ArtifactArn")):
            message = "Give exactly one of ArtifactArn and Source."
            raise AwsError("ValidationException", message)
        if source:
            known = self._graph.artifact_of(scope, source["SourceUri"])
            if known is None:
                message = f"There is no artifact of {source['SourceUri']}."
                raise AwsError("ResourceNotFound", message)
            artifact = known
        else:
            artifact = self._find(scope, request["ArtifactArn"], "DeleteArtifact")
        _check_unassociated(self._graph, scope, artifact["ArtifactArn"])
        self._remove(scope, artifact)
        return {"ArtifactArn": artifact["ArtifactArn"]}

    def _find(self, scope: Scope, arn: str, operation: str) -> Record:
        prefix, _, key = arn.partition("/")
        name = key if prefix == scope.arn("sagemaker", ARTIFACT) else arn
        message = f"Artifact '{arn}' does not exist."
        return self._backend.find(scope, ARTIFACT, name, operation=operation, message=message)

    def _remove(self, scope: Scope, artifact: Record) -> None:
        arn = artifact["ArtifactArn"]
        self._backend.remove(scope, ARTIFACT, arn.rpartition("/")[2], arn)


def _properties(record: Record, given: Request) -> dict[str, Any]:
    """Returns the changed properties: those of the request replace all, then removals."""
    removed = given.get("PropertiesToRemove", ())
    if "Properties" not in given and not removed:
        return {}
    properties = given.get("Properties", record.get("Properties", {}))
    return {"Properties": {key: properties[key] for key in properties if key not in removed}}


def _check_unassociated(graph: LineageGraph, scope: Scope, arn: str) -> None:
    if graph.has_associations(scope, arn):
        message = f"{arn} cannot be deleted while it has associations: delete them first."
        raise AwsError("ValidationException", message)
