"""Trials: sets of trial components of an experiment."""

from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.experiments.experiments import Experiments
from rehearsal.services.sagemaker.experiments.membership import TRIAL, Membership
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.stored_resource import Kind, StoredResource

KIND = Kind(
    noun="Trial",
    path=TRIAL,
    lower_case=True,
    listing=Listing(
        operation="ListTrials",
        member="TrialSummaries",
        name="TrialName",
        equal={"ExperimentName": "ExperimentName"},
    ),
    updatable=("DisplayName",),
    missing="Trial '{name}' does not exist.",
    existing=(
        "Trial names must be unique within an AWS account and region. "
        "Trial '{name}' already exists."
    ),
)
_SUMMARY = (
    "TrialComponentName",
    "TrialComponentArn",
    "TrialComponentSource",
    "CreationTime",
    "CreatedBy",
)


class Trials(StoredResource):
    """Create-, Describe-, List-, Update-, DeleteTrial.

    Args:
        backend: the backend of SageMaker.
        experiments: the experiments.
        membership: the trial components of trials.
    """

    def __init__(self, backend: Backend, experiments: Experiments, membership: Membership) -> None:
        super().__init__(backend, KIND)
        self._experiments = experiments
        self._membership = membership

    def prepare(self, record: Record, context: Context) -> None:
        self._experiments.find(context.scope, record["ExperimentName"], "CreateTrial")
        record.setdefault("DisplayName", record["TrialName"])

    def list_all(self, request: Request, context: Context) -> Response:
        scope, component = context.scope, request.get("TrialComponentName")
        if "ExperimentName" in request:
            self._experiments.find(scope, request["ExperimentName"], "ListTrials")
        if component is None:
            return super().list_all(request, context)
        return self.kind.listing.respond(self._membership.trials_of(scope, component), request)

    def check_delete(self, record: Record, scope: Scope) -> None:
        names = self._membership.component_names(record)
        if names:
            message = (
                f"Trial '{record['TrialName']}' cannot be deleted while trial components are "
                f"associated with it: disassociate {', '.join(names[:5])} first."
            )
            raise AwsError("ValidationException", message)

    def create_for(self, scope: Scope, name: str, experiment: str) -> Record:
        """Creates a trial that no user creates, unless it exists."""
        moment = now()
        record: Record = {
            "TrialName": name,
            "TrialArn": KIND.arn_of(scope, name),
            "DisplayName": name,
            "ExperimentName": experiment,
            "CreationTime": moment,
            "LastModifiedTime": moment,
        }
        with self.backend.lock:
            trials = self.backend.records.of(scope, TRIAL)
            if name not in trials:
                trials[name] = record
                self.backend.tags.put(record["TrialArn"], ())
            return trials[name]

    def searched(self, scope: Scope, record: Record) -> dict[str, Any]:
        """Returns a trial as Search shows it."""
        components = self._membership.components_of(scope, record)
        summaries = [{m: one[m] for m in _SUMMARY if m in one} for one in components]
        return {**record, "TrialComponentSummaries": summaries}
