"""Search: resources of a kind that satisfy an expression, with their tags.

Source: Search, SearchExpression, Filter, NestedFilters and VisibilityConditions in SageMaker's API
reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from botocore.model import ListShape, StructureShape

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.control_plane import ControlPlane
from rehearsal.services.sagemaker.listing import page
from rehearsal.services.sagemaker.records import Record
from rehearsal.services.sagemaker.search_expressions import TAGS, Property, matches, reject
from rehearsal.services.sagemaker.service_model import output_shape, select

DEFAULT_ORDER = "LastModifiedTime"


@dataclass(frozen=True)
class _Kind:
    """Where resources of a kind are, and which of their members is the ARN."""

    path: str
    arn: str


_KINDS: Mapping[str, _Kind] = {
    "Endpoint": _Kind("endpoint", "EndpointArn"),
    "FeatureGroup": _Kind("feature-group", "FeatureGroupArn"),
    "HyperParameterTuningJob": _Kind("hyper-parameter-tuning-job", "HyperParameterTuningJobArn"),
    "ModelPackage": _Kind("model-package", "ModelPackageArn"),
    "ModelPackageGroup": _Kind("model-package-group", "ModelPackageGroupArn"),
    "Pipeline": _Kind("pipeline", "PipelineArn"),
    "PipelineExecution": _Kind("pipeline-execution", "PipelineExecutionArn"),
    "Project": _Kind("project", "ProjectArn"),
    "TrainingJob": _Kind("training-job", "TrainingJobArn"),
}


class Search(ControlPlane):
    """Search."""

    def search(self, request: Request, context: Context) -> Response:
        self.accept("Search", request)
        resource = request["Resource"]
        if resource not in _KINDS:
            raise AwsError(
                "ValidationException",
                f"The rehearsal does not implement Search of {resource}: search for one of "
                f"{', '.join(_KINDS)}.",
            )
        shape = _record_shape(resource)
        visible = _visibility(request)
        order = Property(shape, request.get("SortBy", _default_order(shape)))
        expression = request.get("SearchExpression")
        with self.lock:
            shown = [
                self._shown(context.scope, resource, record, shape)
                for record in self.records.of(context.scope, _KINDS[resource].path).values()
            ]
        found = [
            one
            for one in shown
            if (expression is None or matches(one, expression, shape)) and _is_visible(one, visible)
        ]
        if expression is not None and not shown:
            matches({}, expression, shape)  # what is wrong with it is wrong without results too
        # Records come oldest first; among equal keys (one millisecond) that order counts, too.
        keyed = sorted(
            ((order.sort_key(one), number, one) for number, one in enumerate(found)),
            key=lambda entry: entry[:2],
            reverse=request.get("SortOrder") != "Ascending",
        )
        answer = page([{resource: one} for _, _, one in keyed], request, "Results")
        return {**answer, "TotalHits": {"Value": len(found), "Relation": "EqualTo"}}

    def _shown(
        self, scope: Scope, resource: str, record: Record, shape: StructureShape
    ) -> dict[str, Any]:
        """A record as a result of a search, with its tags."""
        shown = select(record, shape)
        tagged = str(record[_KINDS[resource].arn])
        if resource == "ModelPackage" and (group := record.get("ModelPackageGroupName")):
            # A version has the tags of its group: CreateModelPackage in the API reference.
            tagged = scope.arn("sagemaker", f"model-package-group/{group.lower()}")
        tags = self.backend.tags.of(tagged)
        if tags and TAGS in shape.members:
            shown[TAGS] = [{"Key": key, "Value": value} for key, value in tags.items()]
        return shown


def _record_shape(resource: str) -> StructureShape:
    results = cast(ListShape, output_shape("Search").members["Results"])
    record = cast(StructureShape, results.member)
    return cast(StructureShape, record.members[resource])


def _default_order(shape: StructureShape) -> str:
    return DEFAULT_ORDER if DEFAULT_ORDER in shape.members else "CreationTime"


def _visibility(request: Request) -> dict[str, str]:
    """The tags whose values results have, where they have them."""
    visible = {}
    for one in request.get("VisibilityConditions", ()):
        key = one.get("Key", "")
        if not key.startswith(f"{TAGS}."):
            reject(f"Key of VisibilityConditions is Tags.KEY, not {key}")
        visible[key.removeprefix(f"{TAGS}.")] = one.get("Value", "")
    return visible


def _is_visible(shown: Mapping[str, Any], visible: Mapping[str, str]) -> bool:
    tags = {tag["Key"]: tag["Value"] for tag in shown.get(TAGS, ())}
    return all(tags.get(key, value) == value for key, value in visible.items())
