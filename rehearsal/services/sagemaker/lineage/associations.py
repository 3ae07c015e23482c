"""Associations: the directed edges between lineage entities."""

from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend, caller_identity
from rehearsal.services.sagemaker.lineage.graph import (
    ASSOCIATION,
    Entity,
    LineageGraph,
    association_key,
)
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record

LISTING = Listing(
    operation="ListAssociations",
    member="AssociationSummaries",
    name="SourceArn",
    modified=None,
    equal={
        "SourceArn": "SourceArn",
        "DestinationArn": "DestinationArn",
        "AssociationType": "AssociationType",
    },
)
DEFAULT_TYPE = "AssociatedWith"


class Associations:
    """AddAssociation, DeleteAssociation, ListAssociations.

    Args:
        backend: the backend of SageMaker.
        graph: the lineage graph.
    """

    def __init__(self, backend: Backend, graph: LineageGraph) -> None:
        self._backend = backend
        self._graph = graph

    def add_association(self, request: Request, context: Context) -> Response:
        source, destination = self._ends(request, context.scope)
        added = self._graph.associate(
            context.scope,
            source.arn,
            destination.arn,
            request.get("AssociationType", DEFAULT_TYPE),
            CreatedBy=caller_identity(context),
        )
        if not added:
            message = f"An association of {source.arn} with {destination.arn} already exists."
            raise AwsError("ValidationException", message)
        return {"SourceArn": source.arn, "DestinationArn": destination.arn}

    def delete_association(self, request: Request, context: Context) -> Response:
        source, destination = request["SourceArn"], request["DestinationArn"]
        with self._backend.lock:
            known = self._backend.records.of(context.scope, ASSOCIATION)
            if known.pop(association_key(source, destination), None) is None:
                message = f"There is no association of {source} with {destination}."
                raise AwsError("ResourceNotFound", message)
        return {"SourceArn": source, "DestinationArn": destination}

    def list_associations(self, request: Request, context: Context) -> Response:
        shown = [self._shown(context.scope, one) for one in self._graph.associations(context.scope)]
        kept = [
            one
            for one in shown
            if request.get("SourceType") in (None, *one["SourceTypes"])
            and request.get("DestinationType") in (None, *one["DestinationTypes"])
        ]
        return LISTING.respond(kept, request)

    def _ends(self, request: Request, scope: Scope) -> tuple[Entity, Entity]:
        found = []
        for member in ("SourceArn", "DestinationArn"):
            entity = self._graph.entity(scope, request[member])
            if entity is None:
                message = f"{member} {request[member]} does not exist."
                raise AwsError("ResourceNotFound", message)
            found.append(entity)
        return found[0], found[1]

    def _shown(self, scope: Scope, association: Record) -> Record:
        shown: dict[str, Any] = dict(association)
        for end in ("Source", "Destination"):
            entity = self._graph.entity(scope, association[f"{end}Arn"])
            if entity is not None:
                shown[f"{end}Type"] = entity.type
                # SageMaker's SDK filters by the kind of an entity, too.
                shown[f"{end}Types"] = (entity.type, entity.lineage_type)
                if entity.name:
                    shown[f"{end}Name"] = entity.name
        return shown
