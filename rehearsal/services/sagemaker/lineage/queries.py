"""QueryLineage: the entities that are connected with an entity.

Source: QueryLineage and QueryFilters in the API reference; "Querying Lineage Entities" in the
developer guide.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.lineage.graph import Entity, LineageGraph
from rehearsal.services.sagemaker.listing import moment_of
from rehearsal.services.sagemaker.records import Record

MAX_DEPTH = 10
PAGE = 50
_EDGE = ("SourceArn", "DestinationArn", "AssociationType")


@dataclass
class _Walk:
    """The entities that a traversal from one entity has reached.

    Args:
        depths: the distance of each reached entity by its ARN.
        arrivals: the associations by which each entity was reached.
    """

    depths: dict[str, int] = field(default_factory=dict)
    arrivals: dict[str, list[tuple[str, Record]]] = field(default_factory=dict)


class LineageQueries:
    """The QueryLineage operation.

    Args:
        graph: the lineage graph.
    """

    def __init__(self, graph: LineageGraph) -> None:
        self._graph = graph

    def query_lineage(self, request: Request, context: Context) -> Response:
        scope, filters = context.scope, request.get("Filters") or {}
        starts = request.get("StartArns") or []
        if not starts and not filters:
            message = "Give StartArns or Filters: the query has neither."
            raise AwsError("ValidationException", message)
        for start in starts:
            if self._graph.entity(scope, start) is None:
                raise AwsError("ResourceNotFound", f"{start} does not exist.")
        entities = {one.arn: one for one in self._graph.entities(scope)}
        if not starts:
            matched = [one.arn for one in entities.values() if _matches(one, filters)]
            return _response(matched, [], entities, request)
        canonical = {arn.lower(): arn for arn in entities}
        start = canonical.get(starts[0].lower(), starts[0])
        walk = _walk(
            start,
            self._graph.associations(scope),
            request.get("Direction", "Both"),
            request.get("MaxDepth", MAX_DEPTH),
        )
        matched = [
            arn
            for arn in walk.depths
            if arn != start and arn in entities and _matches(entities[arn], filters)
        ]
        if not request.get("IncludeEdges"):
            return _response(matched, [], entities, request)
        on_path, edges = _paths(walk, matched)
        vertices = [arn for arn in walk.depths if arn in on_path and arn in entities]
        return _response(vertices, edges, entities, request)


def _walk(start: str, associations: list[Record], direction: str, max_depth: int) -> _Walk:
    """Visits the entities in a direction, nearest first."""
    steps: dict[str, list[tuple[str, Record]]] = {}
    for one in associations:
        source, destination = one["SourceArn"], one["DestinationArn"]
        if direction in ("Both", "Descendants"):
            steps.setdefault(source, []).append((destination, one))
        if direction in ("Both", "Ascendants"):
            steps.setdefault(destination, []).append((source, one))
    walk = _Walk(depths={start: 0})
    pending = [start]
    while pending:
        here = pending.pop(0)
        if walk.depths[here] >= max_depth:
            continue
        for there, association in steps.get(here, ()):
            if there not in walk.depths:
                walk.depths[there] = walk.depths[here] + 1
                pending.append(there)
            if walk.depths[there] > walk.depths[here]:
                walk.arrivals.setdefault(there, []).append((here, association))
    return walk


def _paths(walk: _Walk, matched: list[str]) -> tuple[set[str], list[Record]]:
    """Returns the entities and associations on the paths to matched entities."""
    entities: set[str] = set()
    edges: list[Record] = []
    pending = list(matched)
    while pending:
        here = pending.pop()
        if here in entities:
            continue
        entities.add(here)
        for before, association in walk.arrivals.get(here, ()):
            edges.append(association)
            pending.append(before)
    return entities, edges


def _matches(entity: Entity, filters: Mapping[str, Any]) -> bool:
    types, kinds = filters.get("Types"), filters.get("LineageTypes")
    if types and entity.type not in types:
        return False
    if kinds and entity.lineage_type not in kinds:
        return False
    times = (("Created", entity.created), ("Modified", entity.modified))
    for member, moment in times:
        before, after = filters.get(f"{member}Before"), filters.get(f"{member}After")
        if before is not None and moment >= moment_of(before):
            return False
        if after is not None and moment <= moment_of(after):
            return False
    properties = filters.get("Properties")
    # "An entity is included in the results if it matches any of the provided pairs."
    return not properties or any(
        entity.properties.get(name) == value for name, value in properties.items()
    )


def _response(
    arns: list[str], edges: list[Record], entities: Mapping[str, Entity], request: Request
) -> Response:
    kept, more = page(arns, request, size=PAGE)
    vertices = [
        {
            "Arn": entities[arn].arn,
            "Type": entities[arn].type,
            "LineageType": entities[arn].lineage_type,
        }
        for arn in kept
    ]
    shown = [
        {member: edge[member] for member in _EDGE}
        for edge in edges
        if edge["DestinationArn"] in kept or edge["SourceArn"] in kept
    ]
    return {"Vertices": vertices, "Edges": shown, **more}
