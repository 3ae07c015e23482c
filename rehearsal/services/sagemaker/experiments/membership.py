"""Trial components in trials."""

from typing import Any

from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.records import Record

TRIAL = "experiment-trial"
COMPONENT = "experiment-trial-component"
_COMPONENTS = "Components"


class Membership:
    """The trial components that are associated with trials.

    Args:
        backend: the backend of SageMaker.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def associate(self, trial: Record, component: Record) -> None:
        """Associates a component with a trial, unless it is."""
        with self._backend.lock:
            names = self.component_names(trial)
            if component["TrialComponentName"] not in names:
                trial[_COMPONENTS] = (*names, component["TrialComponentName"])

    def disassociate(self, trial: Record, component: Record) -> None:
        """Ends the association of a component with a trial."""
        with self._backend.lock:
            trial[_COMPONENTS] = tuple(
                name
                for name in self.component_names(trial)
                if name != component["TrialComponentName"]
            )

    def component_names(self, trial: Record) -> tuple[str, ...]:
        """Returns the names of the components of a trial, in the order of their association."""
        names: tuple[str, ...] = trial.get(_COMPONENTS, ())
        return names

    def components_of(self, scope: Scope, trial: Record) -> list[Record]:
        """Returns the components of a trial."""
        with self._backend.lock:
            known = self._backend.records.of(scope, COMPONENT)
            return [known[name] for name in self.component_names(trial) if name in known]

    def trials_of(self, scope: Scope, component: str) -> list[Record]:
        """Returns the trials with which a component is associated."""
        with self._backend.lock:
            trials = list(self._backend.records.of(scope, TRIAL).values())
            return [trial for trial in trials if component in self.component_names(trial)]

    def parents(self, scope: Scope, component: str) -> list[dict[str, Any]]:
        """Returns the trials of a component, and their experiments, as Search shows them."""
        members = ("TrialName", "ExperimentName")
        return [
            {member: trial[member] for member in members}
            for trial in self.trials_of(scope, component)
        ]
