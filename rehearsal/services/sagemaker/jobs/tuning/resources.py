"""The resources of the training jobs of a hyperparameter tuning job."""

from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import AwsError

_SHARED = ("InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId")


def resources_of(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the ResourceConfig of the trials of a TrainingJobDefinition; empty if it has none.

    HyperParameterTuningResourceConfig may list several kinds of instances, of which SageMaker
    chooses one for each trial; here that is the first one.

    Raises:
        AwsError: ValidationException, if the members specify no kind of instance.
    """
    plain: Mapping[str, Any] | None = definition.get("ResourceConfig")
    tuning: Mapping[str, Any] | None = definition.get("HyperParameterTuningResourceConfig")
    if tuning is None:
        return dict(plain or {})
    choices = tuning.get("InstanceConfigs") or []
    if not choices and not (tuning.get("InstanceType") and tuning.get("InstanceCount")):
        raise AwsError(
            "ValidationException",
            "HyperParameterTuningResourceConfig needs InstanceConfigs, or InstanceType and "
            f"InstanceCount; got {', '.join(tuning) or 'nothing'}.",
        )
    chosen = {**tuning, **(choices[0] if choices else {})}
    return {name: chosen[name] for name in _SHARED if chosen.get(name) is not None}
