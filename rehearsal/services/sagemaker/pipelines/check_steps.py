"""QualityCheck and ClarifyCheck steps: a processing job, and the baselines before and after it.

The job computes a baseline of the dataset. Unless SkipCheck is set, it also compares the dataset
with an earlier baseline: the supplied one, or that of the group's newest approved model package.

Source: "Baseline calculation, drift detection and lifecycle with ClarifyCheck and QualityCheck
steps" in the developer guide.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.services.sagemaker.pipelines.job_steps import JOB_STEPS, run_job
from rehearsal.services.sagemaker.pipelines.step_run import (
    StepFailedError,
    StepOutcome,
    StepRun,
    read_object,
)

# Files of a check, as AWS's analyzer and Clarify name them.
_FILES: Mapping[str, tuple[str, str]] = {
    "QualityCheck": ("statistics.json", "constraints.json"),
    "ClarifyCheck": ("", "analysis.json"),
}
_VIOLATIONS = "constraint_violations.json"
# Members of a model package's DriftCheckBaselines, each with those for statistics and constraints.
_DRIFT_CHECK: Mapping[str, tuple[str, str, str]] = {
    "DATA_QUALITY": ("ModelDataQuality", "Statistics", "Constraints"),
    "MODEL_QUALITY": ("ModelQuality", "Statistics", "Constraints"),
    "DATA_BIAS": ("Bias", "", "PreTrainingConstraints"),
    "MODEL_BIAS": ("Bias", "", "PostTrainingConstraints"),
    "MODEL_EXPLAINABILITY": ("Explainability", "", "Constraints"),
}
# Places of a baseline in a monitoring container, as Model Monitor chooses them.
_STATISTICS = ("baseline_statistics", "/opt/ml/processing/baseline/stats")
_CONSTRAINTS = ("baseline_constraints", "/opt/ml/processing/baseline/constraints")


@dataclass(frozen=True)
class Baseline:
    """The S3 URIs of a baseline; empty without one."""

    statistics: str
    constraints: str


def run(run: StepRun) -> StepOutcome:
    """Runs the processing job of a check step.

    Raises:
        StepFailedError: the job fails, there is no baseline to compare with, or the dataset
            violates it.
    """
    step = run.step
    key = step["Type"]
    skip, new = bool(step.get("SkipCheck")), bool(step.get("RegisterNewBaseline"))
    earlier = Baseline("", "") if skip and new else _earlier_baseline(run)
    if not (skip and new) and not earlier.constraints:
        raise StepFailedError(
            f"ClientError: There is no baseline of type {step['CheckType']} to check with: supply "
            "SuppliedBaselineConstraints, or approve a model package with DriftCheckBaselines."
        )
    arguments = dict(run.arguments) if skip else _with_baseline(run.arguments, earlier)
    if step.get("ModelName"):
        # AWS documents no way by which Clarify learns the name; this one is the rehearsal's.
        named = {"model_name": step["ModelName"]}
        arguments["Environment"] = {**(arguments.get("Environment") or {}), **named}
    calculated = _calculated(key, arguments)
    used = calculated if new else earlier
    details = _details(run, calculated, used)
    run.started({key: details})

    def started(metadata: Mapping[str, Any]) -> None:
        details["CheckJobArn"] = metadata["ProcessingJob"]["Arn"]
        run.started({key: dict(details)})

    try:
        run_job(run, JOB_STEPS["Processing"], arguments=arguments, started=started)
    except StepFailedError as error:
        raise StepFailedError(str(error), error.exception_type, {key: details}) from error
    if not skip:
        _check_violations(run, key, arguments, details)
    properties = {name: value for name, value in details.items() if "Baseline" in name and value}
    return StepOutcome(properties, {key: details})


def _earlier_baseline(run: StepRun) -> Baseline:
    """Returns the supplied baseline, else that of the newest approved model package."""
    step = run.step
    supplied = Baseline(
        step.get("SuppliedBaselineStatistics") or "", step.get("SuppliedBaselineConstraints") or ""
    )
    group = step.get("ModelPackageGroupName")
    if supplied.constraints or not group:
        return supplied
    packages = run.client.list_model_packages(
        ModelPackageGroupName=group,
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=1,
    )["ModelPackageSummaryList"]
    if not packages:
        return supplied
    package = run.client.describe_model_package(ModelPackageName=packages[0]["ModelPackageArn"])
    member, statistics, constraints = _DRIFT_CHECK[step["CheckType"]]
    found = package.get("DriftCheckBaselines", {}).get(member, {})
    return Baseline(
        supplied.statistics or found.get(statistics, {}).get("S3Uri", ""),
        found.get(constraints, {}).get("S3Uri", ""),
    )


def _with_baseline(arguments: Mapping[str, Any], baseline: Baseline) -> dict[str, Any]:
    """Returns the request of a job that compares its dataset with a baseline."""
    inputs = list(arguments.get("ProcessingInputs") or ())
    environment = dict(arguments.get("Environment") or {})
    for uri, (variable, folder) in (
        (baseline.statistics, _STATISTICS),
        (baseline.constraints, _CONSTRAINTS),
    ):
        if uri:
            source = {
                "S3Uri": uri,
                "LocalPath": folder,
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            }
            inputs.append({"InputName": variable, "S3Input": source})
            environment[variable] = f"{folder}/{uri.rpartition('/')[2]}"
    return {**arguments, "ProcessingInputs": inputs, "Environment": environment}


def _output(arguments: Mapping[str, Any], name: str) -> str:
    """Returns the S3 URI of a file that the job writes."""
    outputs = arguments.get("ProcessingOutputConfig", {}).get("Outputs") or ()
    if not outputs:
        raise StepFailedError("ClientError: The job of a check step needs an output.")
    return f"{outputs[0]['S3Output']['S3Uri'].rstrip('/')}/{name}" if name else ""


def _calculated(kind: str, arguments: Mapping[str, Any]) -> Baseline:
    statistics, constraints = _FILES[kind]
    return Baseline(_output(arguments, statistics), _output(arguments, constraints))


def _details(run: StepRun, calculated: Baseline, used: Baseline) -> dict[str, Any]:
    """Returns the metadata of a check step."""
    step = run.step
    details = {
        "CheckType": step["CheckType"],
        "BaselineUsedForDriftCheckStatistics": used.statistics,
        "BaselineUsedForDriftCheckConstraints": used.constraints,
        "CalculatedBaselineStatistics": calculated.statistics,
        "CalculatedBaselineConstraints": calculated.constraints,
        "ModelPackageGroupName": step.get("ModelPackageGroupName"),
        "SkipCheck": bool(step.get("SkipCheck")),
        "RegisterNewBaseline": bool(step.get("RegisterNewBaseline")),
    }
    return {name: value for name, value in details.items() if value not in ("", None)}


def _check_violations(
    run: StepRun, kind: str, arguments: Mapping[str, Any], details: dict[str, Any]
) -> None:
    """Adds the report of violations; fails the step if it must not have any."""
    uri = _output(arguments, _VIOLATIONS)
    try:
        content = read_object(run.session, uri)
    except StepFailedError as error:
        raise StepFailedError(
            f"ClientError: The job of the check wrote no report of violations: {error}",
            None,
            {kind: details},
        ) from error
    violations = json.loads(content).get("violations") or []
    if not violations:
        return
    details["ViolationReport"] = uri
    if run.step.get("FailOnViolation") is not False:
        # tests/integ/sagemaker/workflow/test_quality_check_steps.py of the SDK has AWS's words.
        check = "Quality" if kind == "QualityCheck" else "Clarify"
        raise StepFailedError(
            f"ClientError: {check} check failed. See violation report {uri}, which has "
            f"{len(violations)} violations.",
            None,
            {kind: details},
        )
