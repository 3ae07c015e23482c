"""The Search operation: resources of a kind that satisfy an expression, with their tags.

Source: Search, SearchExpression, Filter, NestedFilters and VisibilityConditions in SageMaker's API
reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from botocore.model import ListShape, StructureShape

from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.listing import page
from rehearsal.services.sagemaker.records import Record
from rehearsal.services.sagemaker.registry.model_packages import tagged_arn
from rehearsal.services.sagemaker.search_expressions import TAGS, Property, matches, reject
from rehearsal.services.sagemaker.service_model import output_shape, select

DEFAULT_ORDER = "LastModifiedTime"


@dataclass(frozen=True)
class _Kind:
    """A kind of resource that Search supports.

    Args:
        path: the resource type in ARNs.
        arn: the member that holds the ARN.
    """

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


class Search:
    """The Search operation.

    Args:
        backend: the backend of SageMaker.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def search(self, request: Request, context: Context) -> Response:
        self._backend.accept("Search", request)
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
        shown = [
            self._shown(record[_KINDS[resource].arn], record, shape)
            for record in self._backend.all(context.scope, _KINDS[resource].path)
        ]
        found = [
            one
            for one in shown
            if (expression is None or matches(one, expression, shape)) and _is_visible(one, visible)
        ]
        if expression is not None and not shown:
            matches({}, expression, shape)  # validates the expression without resources, too
        # Records come oldest first; among equal keys (one millisecond) that order counts, too.
        keyed = sorted(
            ((order.sort_key(one), number, one) for number, one in enumerate(found)),
            key=lambda entry: entry[:2],
            reverse=request.get("SortOrder") != "Ascending",
        )
        results = page([{resource: one} for _, _, one in keyed], request, "Results")
        return {**results, "TotalHits": {"Value": len(found), "Relation": "EqualTo"}}

    def _shown(self, arn: str, record: Record, shape: StructureShape) -> dict[str, Any]:
        """Returns a resource as a result, with its current tags."""
        shown = select(record, shape)
        shown.pop(TAGS, None)
        tags = self._backend.tags.of(tagged_arn(arn))
        if tags and TAGS in shape.members:
            shown[TAGS] = self._backend.tags.shape.write(tags)
        return shown


def _record_shape(resource: str) -> StructureShape:
    results = cast(ListShape, output_shape("Search").members["Results"])
    record = cast(StructureShape, results.member)
    return cast(StructureShape, record.members[resource])


def _default_order(shape: StructureShape) -> str:
    return DEFAULT_ORDER if DEFAULT_ORDER in shape.members else "CreationTime"


def _visibility(request: Request) -> dict[str, str]:
    """Returns the tags that results must not have with another value."""
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
