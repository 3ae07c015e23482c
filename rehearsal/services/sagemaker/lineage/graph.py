"""The lineage graph: entities of four kinds, and the associations between them."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.experiments.membership import COMPONENT
from rehearsal.services.sagemaker.names import artifact_id, lineage_group_arn
from rehearsal.services.sagemaker.records import Record, now

ARTIFACT = "artifact"
ACTION = "action"
CONTEXT = "context"
ASSOCIATION = "association"
EXPERIMENT = "experiment"


@dataclass(frozen=True)
class Entity:
    """An entity of the graph.

    Args:
        arn: its ARN.
        type: its type, such as `Model`.
        lineage_type: its kind, such as `Artifact`.
        name: its name; empty for an artifact without one.
        created: the time of its creation.
        modified: the time of its last change.
        properties: its properties. Defaults to none.
    """

    arn: str
    type: str
    lineage_type: str
    name: str
    created: datetime.datetime
    modified: datetime.datetime
    properties: Mapping[str, str] = field(default_factory=dict)


# The kind in QueryLineage, and the member of a record with its name, by the resource type.
_KINDS = {
    ARTIFACT: ("Artifact", "ArtifactName"),
    ACTION: ("Action", "ActionName"),
    CONTEXT: ("Context", "ContextName"),
    COMPONENT: ("TrialComponent", "TrialComponentName"),
    EXPERIMENT: ("Experiment", "ExperimentName"),
}


class LineageGraph:
    """Entities and associations of all accounts.

    Args:
        backend: the backend of SageMaker.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def entity(self, scope: Scope, arn: str) -> Entity | None:
        """Returns an entity of an account and region, or None."""
        prefix, _, name = arn.partition("/")
        path = prefix.rpartition(":")[2]
        if path not in _KINDS or prefix != scope.arn("sagemaker", path):
            return None
        with self._backend.lock:
            for record in self._candidates(scope, path, name):
                shown = _entity(path, record)
                if shown.arn.lower() == arn.lower():
                    return shown
        return None

    def _candidates(self, scope: Scope, path: str, name: str) -> Iterator[Record]:
        records = self._backend.records.of(scope, path)
        if name in records:
            yield records[name]
        # ARNs have names in lower case.
        yield from (one for key, one in records.items() if key.lower() == name.lower())

    def entities(self, scope: Scope) -> list[Entity]:
        """Returns the entities of an account and region, without experiments, oldest first."""
        with self._backend.lock:
            found = [
                _entity(path, record)
                for path in (ARTIFACT, ACTION, CONTEXT, COMPONENT)
                for record in self._backend.records.of(scope, path).values()
            ]
        return sorted(found, key=lambda one: one.created)

    def associations(self, scope: Scope) -> list[Record]:
        """Returns the associations whose entities exist, oldest first."""
        associations = self._backend.all(scope, ASSOCIATION)
        known: dict[str, bool] = {}
        for one in associations:
            for end in ("SourceArn", "DestinationArn"):
                if one[end] not in known:
                    known[one[end]] = self.entity(scope, one[end]) is not None
        return [one for one in associations if known[one["SourceArn"]] and _ends(one, known)]

    def has_associations(self, scope: Scope, arn: str) -> bool:
        """Returns True if an entity is the source or destination of an association."""
        return any(
            arn in (one["SourceArn"], one["DestinationArn"]) for one in self.associations(scope)
        )

    def associate(
        self, scope: Scope, source: str, destination: str, kind: str, **members: Any
    ) -> bool:
        """Adds an association; returns False if there is one between both entities."""
        record = {
            "SourceArn": source,
            "DestinationArn": destination,
            "AssociationType": kind,
            "CreationTime": now(),
            **members,
        }
        with self._backend.lock:
            known = self._backend.records.of(scope, ASSOCIATION)
            key = association_key(source, destination)
            if key in known:
                return False
            known[key] = record
        return True

    # Entities that SageMaker creates

    def track_artifact(self, scope: Scope, uri: str, kind: str, **members: Any) -> str:
        """Returns the ARN of the artifact of a URI, which is created if it is new."""
        with self._backend.lock:
            known = self.artifact_of(scope, uri)
            if known is None:
                known = self.add_artifact(scope, {"SourceUri": uri}, kind, members)
        arn: str = known["ArtifactArn"]
        return arn

    def artifact_of(self, scope: Scope, uri: str) -> Record | None:
        """Returns the artifact of a URI, of which there is at most one."""
        with self._backend.lock:
            return self._backend.records.of(scope, ARTIFACT).get(artifact_id(scope, uri))

    def add_artifact(
        self, scope: Scope, source: Mapping[str, Any], kind: str, members: Mapping[str, Any]
    ) -> Record:
        """Adds an artifact; the caller holds the lock and has checked that the URI is new."""
        key = artifact_id(scope, source["SourceUri"])
        record = _tracked(scope, ARTIFACT, key, "ArtifactArn", source) | {
            "ArtifactType": kind,
            **members,
        }
        self._backend.records.of(scope, ARTIFACT)[key] = record
        self._backend.tags.put(record["ArtifactArn"], ())
        return record

    def track(self, scope: Scope, path: str, name: str, kind: str, uri: str, **members: Any) -> str:
        """Returns the ARN of an action or context, which is created if it is new.

        Args:
            scope: account and region.
            path: the resource type, `action` or `context`.
            name: its name.
            kind: its type, such as `ModelDeployment`.
            uri: the ARN of the resource that it represents.
            members: further members.
        """
        noun, member = _KINDS[path]
        with self._backend.lock:
            records = self._backend.records.of(scope, path)
            if name not in records:
                source = {"SourceUri": uri, "SourceType": "ARN"}
                records[name] = _tracked(scope, path, name.lower(), f"{noun}Arn", source) | {
                    member: name,
                    f"{noun}Type": kind,
                    **members,
                }
                self._backend.tags.put(records[name][f"{noun}Arn"], ())
            arn: str = records[name][f"{noun}Arn"]
        return arn


def association_key(source: str, destination: str) -> str:
    """Returns the key of an association."""
    return f"{source} {destination}".lower()


def _tracked(
    scope: Scope, path: str, key: str, arn: str, source: Mapping[str, Any]
) -> dict[str, Any]:
    moment = now()
    return {
        arn: scope.arn("sagemaker", f"{path}/{key}"),
        "Source": dict(source),
        "SourceUri": source["SourceUri"],
        "CreationTime": moment,
        "LastModifiedTime": moment,
        "LineageGroupArn": lineage_group_arn(scope),
    }


def _entity(path: str, record: Record) -> Entity:
    noun, member = _KINDS[path]
    kind = record.get(f"{noun}Type")
    if kind is None:
        # A component that represents a job has the kind of the job.
        kind = record.get("Source", {}).get("SourceType", "").removeprefix("SageMaker") or noun
    return Entity(
        arn=record[f"{noun}Arn"],
        type=kind,
        lineage_type=noun,
        name=record.get(member, ""),
        created=record["CreationTime"],
        modified=record["LastModifiedTime"],
        properties=record.get("Properties", {}),
    )


def _ends(association: Record, known: Mapping[str, bool]) -> bool:
    return known[association["DestinationArn"]]
