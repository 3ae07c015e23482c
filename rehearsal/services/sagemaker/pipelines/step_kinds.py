"""Types of steps: what each may have besides Name and Arguments, and those without support here."""

from collections.abc import Mapping
from dataclasses import dataclass

_CACHED = frozenset({"CacheConfig"})
_RETRIED = frozenset({"RetryPolicies"})
_CHECK = {
    "CheckType": "String",
    "ModelPackageGroupName": "String",
    "SkipCheck": "Boolean",
    "FailOnViolation": "Boolean",
    "RegisterNewBaseline": "Boolean",
    "SuppliedBaselineConstraints": "String",
}


@dataclass(frozen=True, kw_only=True)
class StepKind:
    """A type of steps.

    Args:
        operation: the API name of the operation whose request its Arguments are. Defaults to none.
        members: further members of the step, other than `typed`. Defaults to none.
        typed: members that take a value or reference of a type. Defaults to none.
        required: the further members that it needs. Defaults to none.
    """

    operation: str | None = None
    members: frozenset[str] = frozenset()
    typed: Mapping[str, str] | None = None
    required: tuple[str, ...] = ()

    @property
    def all_members(self) -> frozenset[str]:
        return self.members | frozenset(self.typed or ())


STEP_KINDS: Mapping[str, StepKind] = {
    "Processing": StepKind(
        operation="CreateProcessingJob",
        members=_CACHED | _RETRIED | {"PropertyFiles"},
    ),
    "Training": StepKind(operation="CreateTrainingJob", members=_CACHED | _RETRIED),
    "Tuning": StepKind(operation="CreateHyperParameterTuningJob", members=_CACHED | _RETRIED),
    "Transform": StepKind(operation="CreateTransformJob", members=_CACHED | _RETRIED),
    "Model": StepKind(operation="CreateModel", members=_RETRIED),
    "RegisterModel": StepKind(operation="CreateModelPackage", members=_RETRIED),
    "EndpointConfig": StepKind(operation="CreateEndpointConfig", members=_CACHED | _RETRIED),
    "Endpoint": StepKind(operation="CreateEndpoint", members=_CACHED),
    "Lambda": StepKind(
        members=_CACHED | {"OutputParameters"},
        typed={"FunctionArn": "String"},
        required=("FunctionArn",),
    ),
    "Callback": StepKind(
        members=_CACHED | {"OutputParameters"},
        typed={"SqsQueueUrl": "String"},
        required=("SqsQueueUrl",),
    ),
    "EMRServerless": StepKind(members=_CACHED | _RETRIED),
    "QualityCheck": StepKind(
        operation="CreateProcessingJob",
        members=_CACHED | _RETRIED,
        typed={**_CHECK, "SuppliedBaselineStatistics": "String"},
        required=("CheckType",),
    ),
    "ClarifyCheck": StepKind(
        operation="CreateProcessingJob",
        members=_CACHED | _RETRIED,
        typed={**_CHECK, "ModelName": "String"},
        required=("CheckType",),
    ),
    "Condition": StepKind(),
    "Fail": StepKind(),
}

OPERATIONS: Mapping[str, str] = {
    name: kind.operation for name, kind in STEP_KINDS.items() if kind.operation
}
"""Step types that call SageMaker, and the operation whose request their Arguments are."""

BRANCHES = ("IfSteps", "ElseSteps")
"""Arguments of a Condition step that hold steps."""

CHECK_TYPES: Mapping[str, tuple[str, ...]] = {
    "QualityCheck": ("DATA_QUALITY", "MODEL_QUALITY"),
    "ClarifyCheck": ("DATA_BIAS", "MODEL_BIAS", "MODEL_EXPLAINABILITY"),
}

UNSUPPORTED_KINDS: Mapping[str, str] = {
    "EMR": "has no clusters of Amazon EMR: run the work in an EMRServerless or Processing step",
    "AutoML": "has no Autopilot: train with a Training or Tuning step",
    "InferenceComponent": "deploys no inference components from pipelines: deploy with a stack",
    "Lineage": "has no lineage: remove the step",
    "Job": "has no such jobs: use a Training or Processing step",
    "Cleanup": "removes nothing from pipelines: use a Lambda step",
    "ForEach": "repeats no steps: write one step for each item",
}
"""Types of steps of AWS that the rehearsal does not run, each with the reason and what to do."""
