"""The Search operation: resources of a kind that satisfy an expression, with their tags.

Source: Search, SearchExpression, Filter, NestedFilters and VisibilityConditions in SageMaker's API
reference.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from botocore.model import ListShape, StructureShape

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.experiments.trial_components import TrialComponents
from rehearsal.services.sagemaker.experiments.trials import Trials
from rehearsal.services.sagemaker.listing import page
from rehearsal.services.sagemaker.records import Record
from rehearsal.services.sagemaker.registry.model_packages import tagged_arn
from rehearsal.services.sagemaker.search_expressions import TAGS, Property, matches, reject
from rehearsal.services.sagemaker.service_model import output_shape, select

DEFAULT_ORDER = "LastModifiedTime"


View = Callable[[Scope, Record], Mapping[str, Any]]
"""Returns a resource as Search shows it, with members that its record does not have."""


@dataclass(frozen=True)
class _Kind:
    """A kind of resource that Search supports.

    Args:
        path: the resource type in ARNs; empty for a part of another resource.
        arn: the member that holds the ARN.
        member: the member of a result that holds the resource. Defaults to the kind itself.
        order: the default of SortBy, if results have no time of modification or creation.
    """

    path: str
    arn: str
    member: str = ""
    order: str = ""


_KINDS: Mapping[str, _Kind] = {
    "Endpoint": _Kind("endpoint", "EndpointArn"),
    "Experiment": _Kind("experiment", "ExperimentArn"),
    "ExperimentTrial": _Kind("experiment-trial", "TrialArn", "Trial"),
    "ExperimentTrialComponent": _Kind(
        "experiment-trial-component", "TrialComponentArn", "TrialComponent"
    ),
    "FeatureGroup": _Kind("feature-group", "FeatureGroupArn"),
    "FeatureMetadata": _Kind("", "FeatureGroupArn"),
    "HubContent": _Kind("hub-content", "HubContentArn"),
    "HyperParameterTuningJob": _Kind("hyper-parameter-tuning-job", "HyperParameterTuningJobArn"),
    "Model": _Kind("model", "ModelArn", order="Model.CreationTime"),
    "ModelCard": _Kind("model-card", "ModelCardArn"),
    "ModelPackage": _Kind("model-package", "ModelPackageArn"),
    "ModelPackageGroup": _Kind("model-package-group", "ModelPackageGroupArn"),
    "Pipeline": _Kind("pipeline", "PipelineArn"),
    "PipelineExecution": _Kind("pipeline-execution", "PipelineExecutionArn"),
    "PipelineVersion": _Kind("", "PipelineArn"),
    "Project": _Kind("project", "ProjectArn"),
    "TrainingJob": _Kind("training-job", "TrainingJobArn"),
}


class Search:
    """The Search operation.

    Args:
        backend: the backend of SageMaker.
        components: the trial components.
        trials: the trials.
        parts: the sources of parts of resources, by the kind in requests.
    """

    def __init__(
        self,
        backend: Backend,
        components: TrialComponents,
        trials: Trials,
        parts: Mapping[str, Callable[[Scope], Sequence[Record]]],
    ) -> None:
        self._backend = backend
        self._parts = parts
        self._views: Mapping[str, View] = {
            "ExperimentTrial": trials.searched,
            "ExperimentTrialComponent": components.searched,
            "Model": self._model,
        }

    def search(self, request: Request, context: Context) -> Response:
        self._backend.accept("Search", request)
        resource = request["Resource"]
        if resource not in _KINDS:
            raise AwsError(
                "ValidationException",
                f"The rehearsal does not implement Search of {resource}: search for one of "
                f"{', '.join(_KINDS)}.",
            )
        kind = _KINDS[resource]
        member = kind.member or resource
        shape = _record_shape(member)
        view = self._views.get(resource, _recorded)
        visible = _visibility(request)
        order = Property(shape, request.get("SortBy", kind.order or _default_order(shape)))
        expression = request.get("SearchExpression")
        shown = [
            self._shown(record[kind.arn], view(context.scope, record), shape)
            for record in self._records(resource, context.scope)
        ]
        found = [
            one
            for one, tags in shown
            if (expression is None or matches(one, expression, shape))
            and _is_visible(tags, visible)
        ]
        if expression is not None and not shown:
            matches({}, expression, shape)  # validates the expression without resources, too
        # Records come oldest first; among equal keys (one millisecond) that order counts, too.
        keyed = sorted(
            ((order.sort_key(one), number, one) for number, one in enumerate(found)),
            key=lambda entry: entry[:2],
            reverse=request.get("SortOrder") != "Ascending",
        )
        results = page([{member: one} for _, _, one in keyed], request, "Results")
        return {**results, "TotalHits": {"Value": len(found), "Relation": "EqualTo"}}

    def _records(self, resource: str, scope: Scope) -> Sequence[Record]:
        if resource in self._parts:
            return self._parts[resource](scope)
        return self._backend.all(scope, _KINDS[resource].path)

    def _model(self, scope: Scope, record: Record) -> Mapping[str, Any]:
        """Returns a model as the model dashboard shows it: with its endpoints."""
        model: dict[str, Any] = {**record, "Tags": self._backend.tags.shown(record["ModelArn"])}
        configs = {
            config["EndpointConfigName"]
            for config in self._backend.all(scope, "endpoint-config")
            for variant in config["ProductionVariants"]
            if variant.get("ModelName") == record["ModelName"]
        }
        endpoints = [
            {
                "EndpointName": endpoint["EndpointName"],
                "EndpointArn": endpoint["EndpointArn"],
                "CreationTime": endpoint["CreationTime"],
                "LastModifiedTime": endpoint["LastModifiedTime"],
                "EndpointStatus": endpoint["EndpointStatus"],
            }
            for endpoint in self._backend.all(scope, "endpoint")
            if endpoint["EndpointConfigName"] in configs
        ]
        return {"Model": model, "Endpoints": endpoints}

    def _shown(
        self, arn: str, record: Mapping[str, Any], shape: StructureShape
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        """Returns a resource as a result with its current tags, and the tags."""
        shown = select(record, shape)
        shown.pop(TAGS, None)
        tags = self._backend.tags.of(tagged_arn(arn))
        if tags and TAGS in shape.members:
            shown[TAGS] = self._backend.tags.shape.write(tags)
        return shown, tags


def _recorded(_: Scope, record: Record) -> Mapping[str, Any]:
    return record


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


def _is_visible(tags: Mapping[str, str], visible: Mapping[str, str]) -> bool:
    return all(tags.get(key, value) == value for key, value in visible.items())
