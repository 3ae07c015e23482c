"""Experiments: groups of trials."""

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.experiments.membership import TRIAL
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.stored_resource import Kind, StoredResource

KIND = Kind(
    noun="Experiment",
    path="experiment",
    lower_case=True,
    listing=Listing(
        operation="ListExperiments", member="ExperimentSummaries", name="ExperimentName"
    ),
    updatable=("DisplayName", "Description"),
    missing="Experiment '{name}' does not exist.",
    existing=(
        "Experiment names must be unique within an AWS account and region. "
        "Experiment '{name}' already exists."
    ),
)


class Experiments(StoredResource):
    """Create-, Describe-, List-, Update-, DeleteExperiment.

    Args:
        backend: the backend of SageMaker.
    """

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend, KIND)

    def prepare(self, record: Record, context: Context) -> None:
        record.setdefault("DisplayName", record["ExperimentName"])

    def create_for(self, scope: Scope, name: str) -> None:
        """Creates the experiment of a pipeline, unless it exists."""
        moment = now()
        with self.backend.lock:
            experiments = self.backend.records.of(scope, KIND.path)
            if name in experiments:
                return
            experiments[name] = {
                "ExperimentName": name,
                "ExperimentArn": KIND.arn_of(scope, name),
                "DisplayName": name,
                "CreationTime": moment,
                "LastModifiedTime": moment,
            }
            self.backend.tags.put(experiments[name]["ExperimentArn"], ())

    def check_delete(self, record: Record, scope: Scope) -> None:
        name = record["ExperimentName"]
        trials = [
            trial["TrialName"]
            for trial in self.backend.all(scope, TRIAL)
            if trial["ExperimentName"] == name
        ]
        if trials:
            message = (
                f"Experiment '{name}' cannot be deleted while it has trials: delete "
                f"{', '.join(trials[:5])} first."
            )
            raise AwsError("ValidationException", message)
