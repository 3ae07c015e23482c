"""QualityCheck and ClarifyCheck steps run a job, choose baselines and report violations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane
from tests.rehearsal.services.sagemaker.pipelines.pipeline_runs import (
    Eventually,
    Run,
    definition,
    processing,
    runner,
    steps_of,
)

REPORT = "s3://bucket/check"
SUPPLIED = {
    "SuppliedBaselineStatistics": "s3://bucket/old/statistics.json",
    "SuppliedBaselineConstraints": "s3://bucket/old/constraints.json",
}
CALCULATED = {
    "CalculatedBaselineStatistics": f"{REPORT}/statistics.json",
    "CalculatedBaselineConstraints": f"{REPORT}/constraints.json",
}
LATER = processing("Later")
LATER["Arguments"]["Environment"] = {
    "USED": {"Get": "Steps.Quality.BaselineUsedForDriftCheckConstraints"}
}


def quality(**members: Any) -> dict[str, Any]:
    step = processing("Quality")
    output = {
        "OutputName": "quality_check_output",
        "S3Output": {
            "S3Uri": REPORT,
            "LocalPath": "/opt/ml/processing/output",
            "S3UploadMode": "EndOfJob",
        },
    }
    step["Arguments"]["ProcessingOutputConfig"] = {"Outputs": [output]}
    step["Arguments"]["Environment"] = {"output_path": "/opt/ml/processing/output"}
    return {**step, "Type": "QualityCheck", "CheckType": "DATA_QUALITY", **members}


@pytest.fixture
def run(sagemaker: Any, eventually: Eventually) -> Run:
    return runner(sagemaker, eventually)


def finds(platform: FakePlatform, data_plane: FakeDataPlane, *violations: dict[str, Any]) -> None:
    """Lets the job of the check find violations."""

    def write(job: Any) -> dict[str, Any]:
        content = json.dumps({"violations": list(violations)}).encode()
        platform.objects[f"{REPORT}/constraint_violations.json"] = content
        return {}

    data_plane.behaviour["Quality"] = write


def approved(sagemaker: Any, constraints: str) -> None:
    """Registers an approved model with a baseline."""
    baseline = {"S3Uri": constraints, "ContentType": "application/json"}
    statistics = {**baseline, "S3Uri": constraints.replace("constraints", "statistics")}
    sagemaker.create_model_package(
        **requests.model_package(
            ModelApprovalStatus="Approved",
            DriftCheckBaselines={
                "ModelDataQuality": {"Constraints": baseline, "Statistics": statistics}
            },
        )
    )


def test_a_new_baseline_needs_no_earlier_one(
    sagemaker: Any, data_plane: FakeDataPlane, run: Run
) -> None:
    step = quality(SkipCheck=True, RegisterNewBaseline=True, ModelPackageGroupName=None)

    execution = run(definition(step, LATER))

    assert execution["PipelineExecutionStatus"] == "Succeeded"
    job, later = data_plane.runs
    assert "baseline_constraints" not in job.request["Environment"]
    assert later.request["Environment"] == {"USED": f"{REPORT}/constraints.json"}
    details = steps_of(sagemaker, execution)["Quality"]["Metadata"]["QualityCheck"]
    assert details.pop("CheckJobArn").endswith(job.name)
    assert details == {
        "CheckType": "DATA_QUALITY",
        "SkipCheck": True,
        "RegisterNewBaseline": True,
        **CALCULATED,
        "BaselineUsedForDriftCheckStatistics": f"{REPORT}/statistics.json",
        "BaselineUsedForDriftCheckConstraints": f"{REPORT}/constraints.json",
    }


def test_a_check_compares_with_the_supplied_baseline(
    sagemaker: Any, platform: FakePlatform, data_plane: FakeDataPlane, run: Run
) -> None:
    finds(platform, data_plane)

    execution = run(definition(quality(**SUPPLIED), LATER))

    assert execution["PipelineExecutionStatus"] == "Succeeded"
    job, later = data_plane.runs
    folder = "/opt/ml/processing/baseline"
    assert job.request["Environment"] == {
        "output_path": "/opt/ml/processing/output",
        "baseline_statistics": f"{folder}/stats/statistics.json",
        "baseline_constraints": f"{folder}/constraints/constraints.json",
    }
    places = {
        given["InputName"]: (given["S3Input"]["S3Uri"], given["S3Input"]["LocalPath"])
        for given in job.request["ProcessingInputs"]
    }
    assert places["baseline_constraints"] == (
        "s3://bucket/old/constraints.json",
        f"{folder}/constraints",
    )
    assert later.request["Environment"] == {"USED": "s3://bucket/old/constraints.json"}
    details = steps_of(sagemaker, execution)["Quality"]["Metadata"]["QualityCheck"]
    assert "ViolationReport" not in details


def test_the_baseline_of_the_newest_approved_model_is_used(
    sagemaker: Any, platform: FakePlatform, data_plane: FakeDataPlane, run: Run
) -> None:
    finds(platform, data_plane)
    sagemaker.create_model_package_group(ModelPackageGroupName="churn")
    approved(sagemaker, "s3://bucket/v1/constraints.json")
    approved(sagemaker, "s3://bucket/v2/constraints.json")
    sagemaker.create_model_package(**requests.model_package())

    run(definition(quality(ModelPackageGroupName="churn"), LATER))

    job, later = data_plane.runs
    uris = [given["S3Input"]["S3Uri"] for given in job.request["ProcessingInputs"]]
    assert uris[-2:] == ["s3://bucket/v2/statistics.json", "s3://bucket/v2/constraints.json"]
    assert later.request["Environment"] == {"USED": "s3://bucket/v2/constraints.json"}


@pytest.mark.parametrize("members", [{}, {"ModelPackageGroupName": "churn"}, {"SkipCheck": True}])
def test_without_a_baseline_the_step_fails_before_its_job(
    sagemaker: Any, data_plane: FakeDataPlane, run: Run, members: dict[str, Any]
) -> None:
    sagemaker.create_model_package_group(ModelPackageGroupName="churn")
    sagemaker.create_model_package(**requests.model_package())

    execution = run(definition(quality(**members)))

    assert execution["PipelineExecutionStatus"] == "Failed"
    assert data_plane.runs == []
    reason = steps_of(sagemaker, execution)["Quality"]["FailureReason"]
    assert "There is no baseline of type DATA_QUALITY to check with" in reason


@pytest.mark.parametrize(
    ("fail", "status"), [(True, "Failed"), (None, "Failed"), (False, "Succeeded")]
)
def test_violations_are_reported_and_fail_the_step_unless_it_may_have_some(
    sagemaker: Any,
    platform: FakePlatform,
    data_plane: FakeDataPlane,
    run: Run,
    fail: bool | None,
    status: str,
) -> None:
    finds(platform, data_plane, {"constraint_check_type": "data_type_check"})

    execution = run(definition(quality(FailOnViolation=fail, **SUPPLIED)))

    assert execution["PipelineExecutionStatus"] == status
    step = steps_of(sagemaker, execution)["Quality"]
    report = f"{REPORT}/constraint_violations.json"
    assert step["Metadata"]["QualityCheck"]["ViolationReport"] == report
    if status == "Failed":
        said = f"ClientError: Quality check failed. See violation report {report}"
        assert step["FailureReason"].startswith(said)


def test_a_check_without_a_report_names_what_is_missing(
    sagemaker: Any, data_plane: FakeDataPlane, run: Run
) -> None:
    execution = run(definition(quality(**SUPPLIED)))

    reason = steps_of(sagemaker, execution)["Quality"]["FailureReason"]
    assert "wrote no report of violations" in reason
    assert "(bucket bucket, key check/constraint_violations.json): NoSuchKey" in reason


def test_a_failed_job_fails_the_step_and_is_named(
    sagemaker: Any, data_plane: FakeDataPlane, run: Run
) -> None:
    def fail(job: Any) -> dict[str, Any]:
        raise ExecutionFailedError("AlgorithmError: no data, exit code: 1")

    data_plane.behaviour["Quality"] = fail

    execution = run(definition(quality(SkipCheck=True, RegisterNewBaseline=True)))

    step = steps_of(sagemaker, execution)["Quality"]
    assert step["FailureReason"] == "ClientError: AlgorithmError: no data, exit code: 1"
    assert step["Metadata"]["QualityCheck"]["CheckJobArn"].endswith(data_plane.runs[0].name)


def test_clarify_gets_the_name_of_the_model(
    sagemaker: Any, data_plane: FakeDataPlane, run: Run
) -> None:
    step = quality(SkipCheck=True, RegisterNewBaseline=True, ModelName="churn")
    run(definition({**step, "Type": "ClarifyCheck", "CheckType": "MODEL_BIAS"}))
    environment = data_plane.runs[0].request["Environment"]
    assert environment == {"output_path": "/opt/ml/processing/output", "model_name": "churn"}


def test_a_bias_check_uses_the_files_of_clarify(
    sagemaker: Any, data_plane: FakeDataPlane, run: Run
) -> None:
    step = {
        **quality(SkipCheck=True, RegisterNewBaseline=True),
        "Type": "ClarifyCheck",
        "CheckType": "DATA_BIAS",
    }

    execution = run(definition(step))

    details = steps_of(sagemaker, execution)["Quality"]["Metadata"]["ClarifyCheck"]
    assert details["CalculatedBaselineConstraints"] == f"{REPORT}/analysis.json"
    assert details["BaselineUsedForDriftCheckConstraints"] == f"{REPORT}/analysis.json"
    assert "CalculatedBaselineStatistics" not in details
