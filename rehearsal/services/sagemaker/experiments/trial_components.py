"""Trial components: stages of trials, such as a training job."""

from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.experiments.experiments import Experiments
from rehearsal.services.sagemaker.experiments.membership import COMPONENT, TRIAL, Membership
from rehearsal.services.sagemaker.experiments.metric_store import MetricStore
from rehearsal.services.sagemaker.experiments.trials import Trials
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.names import lineage_group_arn
from rehearsal.services.sagemaker.records import Record
from rehearsal.services.sagemaker.service_model import select, summary_shape
from rehearsal.services.sagemaker.stored_resource import Kind, StoredResource

_MAPS = ("Parameters", "InputArtifacts", "OutputArtifacts")
KIND = Kind(
    noun="TrialComponent",
    path=COMPONENT,
    lower_case=True,
    listing=Listing(
        operation="ListTrialComponents",
        member="TrialComponentSummaries",
        name="TrialComponentName",
    ),
    updatable=("DisplayName", "Status", "StartTime", "EndTime"),
    missing="TrialComponent '{name}' does not exist.",
    existing=(
        "Trial component names must be unique within an AWS account and region. "
        "Trial component '{name}' already exists."
    ),
)
# The kind of SageMaker job in Source.SourceType, and its member of SourceDetail.
SOURCE_TYPES = {
    "SageMakerTrainingJob": ("training-job", "TrainingJob"),
    "SageMakerProcessingJob": ("processing-job", "ProcessingJob"),
    "SageMakerTransformJob": ("transform-job", "TransformJob"),
}


class TrialComponents(StoredResource):
    """Create-, Describe-, List-, Update-, Delete-, Associate-, DisassociateTrialComponent.

    Args:
        backend: the backend of SageMaker.
        experiments: the experiments.
        trials: the trials.
        membership: the trial components of trials.
        metrics: the metrics of trial components.
    """

    def __init__(
        self,
        backend: Backend,
        experiments: Experiments,
        trials: Trials,
        membership: Membership,
        metrics: MetricStore,
    ) -> None:
        super().__init__(backend, KIND)
        self._experiments = experiments
        self._trials = trials
        self._membership = membership
        self._metrics = metrics

    def prepare(self, record: Record, context: Context) -> None:
        record["LineageGroupArn"] = lineage_group_arn(context.scope)
        record.setdefault("DisplayName", record["TrialComponentName"])

    def describe(self, request: Request, context: Context) -> Response:
        operation = "DescribeTrialComponent"
        record = self.find(context.scope, request["TrialComponentName"], operation)
        return self.backend.describe(operation, self._measured(context.scope, record))

    def list_all(self, request: Request, context: Context) -> Response:
        chosen = [name for name in ("ExperimentName", "TrialName", "SourceArn") if name in request]
        if len(chosen) > 1:
            message = f"Give only one of ExperimentName, TrialName and SourceArn; got {chosen}."
            raise AwsError("ValidationException", message)
        records = self._chosen(request, context.scope)
        response = self.kind.listing.respond(records, request)
        # Records call the source of a component Source, summaries TrialComponentSource.
        shape = summary_shape(self.kind.listing.operation, self.kind.listing.member)
        for summary in response[self.kind.listing.member]:
            record = self.backend.records.of(context.scope, COMPONENT).get(
                summary["TrialComponentName"], {}
            )
            summary |= select({"TrialComponentSource": record.get("Source")}, shape)
        return response

    def changed(self, record: Record, scope: Scope) -> None:
        """Opens or drops the metrics of a component that was created or deleted."""
        name = record["TrialComponentName"]
        with self.backend.lock:
            exists = name in self.backend.records.of(scope, COMPONENT)
        if exists:
            self._metrics.open(scope, name, record["TrialComponentArn"])
        else:
            self._metrics.drop(scope, name)

    def changes(self, record: Record, given: Request) -> dict[str, Any]:
        """Merges the maps of a request with those of the component, after removals."""
        changed = super().changes(record, given)
        for member in _MAPS:
            removed = given.get(f"{member}ToRemove", ())
            if member in given or removed:
                kept = {
                    name: value
                    for name, value in record.get(member, {}).items()
                    if name not in removed
                }
                changed[member] = kept | given.get(member, {})
        return changed

    def check_delete(self, record: Record, scope: Scope) -> None:
        name = record["TrialComponentName"]
        trials = [trial["TrialName"] for trial in self._membership.trials_of(scope, name)]
        if trials:
            message = (
                f"TrialComponent '{name}' cannot be deleted while it is associated with trials: "
                f"disassociate it from {', '.join(trials[:5])} first."
            )
            raise AwsError("ValidationException", message)

    def associate_trial_component(self, request: Request, context: Context) -> Response:
        component, trial = self._pair(request, context.scope, "AssociateTrialComponent")
        self._membership.associate(trial, component)
        return _arns(component, trial)

    def disassociate_trial_component(self, request: Request, context: Context) -> Response:
        operation = "DisassociateTrialComponent"
        component, trial = self._pair(request, context.scope, operation)
        if component["TrialComponentName"] not in self._membership.component_names(trial):
            message = (
                f"TrialComponent '{component['TrialComponentName']}' is not associated with trial "
                f"'{trial['TrialName']}'."
            )
            raise AwsError("ResourceNotFound", message)
        self._membership.disassociate(trial, component)
        return _arns(component, trial)

    def searched(self, scope: Scope, record: Record) -> dict[str, Any]:
        """Returns a component as Search shows it: with its metrics, its trials and its job."""
        shown = self._measured(scope, record)
        parents = self._membership.parents(scope, record["TrialComponentName"])
        source = record.get("Source", {})
        if parents:
            shown["Parents"] = parents
        if source.get("SourceType") in SOURCE_TYPES:
            path, member = SOURCE_TYPES[source["SourceType"]]
            detail: dict[str, Any] = {"SourceArn": source["SourceArn"]}
            with self.backend.lock:
                job = self.backend.records.of(scope, path).get(
                    source["SourceArn"].rpartition("/")[2]
                )
            if job is not None:
                detail[member] = dict(job)
            shown["SourceDetail"] = detail
        return shown

    def _measured(self, scope: Scope, record: Record) -> dict[str, Any]:
        metrics = self._metrics.summaries(scope, record["TrialComponentName"])
        return {**record, "Metrics": metrics} if metrics else dict(record)

    def _chosen(self, request: Request, scope: Scope) -> list[Record]:
        operation = "ListTrialComponents"
        if "TrialName" in request:
            trial = self._trials.find(scope, request["TrialName"], operation)
            return self._membership.components_of(scope, trial)
        components = self.backend.all(scope, COMPONENT)
        if "ExperimentName" in request:
            self._experiments.find(scope, request["ExperimentName"], operation)
            names = {
                name
                for trial in self.backend.all(scope, TRIAL)
                if trial["ExperimentName"] == request["ExperimentName"]
                for name in self._membership.component_names(trial)
            }
            return [one for one in components if one["TrialComponentName"] in names]
        if "SourceArn" in request:
            # SageMaker's SDK writes the ARN of a job in lower case.
            wanted = request["SourceArn"].lower()
            return [
                one
                for one in components
                if one.get("Source", {}).get("SourceArn", "").lower() == wanted
            ]
        return components

    def _pair(self, request: Request, scope: Scope, operation: str) -> tuple[Record, Record]:
        return (
            self.find(scope, request["TrialComponentName"], operation),
            self._trials.find(scope, request["TrialName"], operation),
        )


def _arns(component: Record, trial: Record) -> Response:
    return {
        "TrialComponentArn": component["TrialComponentArn"],
        "TrialArn": trial["TrialArn"],
    }
