"""The whole loop, and its resources in the tools of AWS."""

import json
import re
import time

import yaml

from tests.end_to_end.conftest import Loop

PROJECT = "rehearsal"


def test_a_push_becomes_an_endpoint_that_predicts_held_out_rows(loop: Loop) -> None:
    assert loop.summary["status"] == "succeeded"
    assert loop.summary["endpoint_name"] == f"{PROJECT}-prod"
    assert loop.summary["held_out"]["rows"] > 50
    assert loop.summary["metrics"]["auc"] > 0.65


def test_every_stage_and_step_of_the_loop_is_reported_with_its_time(loop: Loop) -> None:
    steps = {"/".join(step["path"]): step for step in loop.summary["steps"]}
    for path in (
        "model-build/Build/Test",
        "model-build/Build/Image",
        "model-build/Train/Train/Preprocess",
        "model-build/Train/Train/Tune",
        "model-build/Train/Train/Evaluate",
        "model-build/Train/Train/Baseline",
        "model-build/Train/Train/Register",
        "model-deploy/Staging/SmokeTest",
        "model-deploy/Staging/Approval",
        "model-deploy/Production/Deploy",
        "model-deploy/Production/SmokeTest",
    ):
        assert steps[path]["status"] == "succeeded", path
    assert steps["model-build/Train/Train/Tune"]["seconds"] > 0


def test_every_trial_of_the_tuning_job_is_reported(loop: Loop) -> None:
    config = yaml.safe_load((loop.clone("model-build") / "config.yaml").read_text())
    trials = loop.summary["trials"]
    assert len(trials) == config["tuning"]["jobs"]
    # Early stopping depends on the speed of the machine: any trial may be stopped, the best too.
    assert {trial["status"] for trial in trials} <= {"succeeded", "stopped"}
    assert max(trial["value"] for trial in trials if trial["value"] is not None) > 0.7


def test_the_report_is_self_contained(loop: Loop) -> None:
    page = (loop.folder / "build/rehearsal/report.html").read_text()
    assert page.count("<svg") >= 3
    (to_mlflow,) = re.findall(r'(?:src|href)="((?!#|data:)[^"]+)"', page)
    assert re.fullmatch(r"https://127\.0\.0\.1:\d+/_mlflow/app-[^/]+/open\?.+", to_mlflow)


def test_the_aws_cli_shows_both_pipelines_green(loop: Loop) -> None:
    for pipeline in ("model-build", "model-deploy"):
        state = loop.aws("codepipeline", "get-pipeline-state", "--name", f"{PROJECT}-{pipeline}")
        statuses = {stage["latestExecution"]["status"] for stage in state["stageStates"]}
        assert statuses == {"Succeeded"}


def test_the_aws_cli_lists_the_steps_of_the_training_pipeline(loop: Loop) -> None:
    executions = loop.aws(
        "sagemaker", "list-pipeline-executions", "--pipeline-name", f"{PROJECT}-train"
    )
    arn = executions["PipelineExecutionSummaries"][0]["PipelineExecutionArn"]
    steps = loop.aws("sagemaker", "list-pipeline-execution-steps", "--pipeline-execution-arn", arn)[
        "PipelineExecutionSteps"
    ]
    assert {step["StepName"]: step["StepStatus"] for step in steps} == dict.fromkeys(
        ("Preprocess", "Tune", "Evaluate", "Baseline", "CheckQuality", "Register", "Track"),
        "Succeeded",
    )


def test_the_package_brings_baselines_pages_and_a_card(loop: Loop) -> None:
    package = loop.aws(
        "sagemaker", "describe-model-package", "--model-package-name", loop.summary["model_package"]
    )
    parts = package["DriftCheckBaselines"]
    files = [parts[name][kind]["S3Uri"] for name in parts for kind in parts[name]]
    metadata = package["CustomerMetadataProperties"]
    s3 = loop.client("s3")
    for uri in [*files, metadata["evaluation"], metadata["data_report"], metadata["holdout"]]:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        found = s3.head_object(Bucket=bucket, Key=key)
        assert found["ContentLength"] > 100, uri
    assert all(uri.startswith(f"{metadata['baseline']}/") for uri in files)
    card = json.loads(package["ModelCard"]["ModelCardContent"])
    assert card["evaluation_details"][0]["metadata"]["page"] == metadata["evaluation"]


def test_the_aws_cli_invokes_the_endpoint_with_a_raw_row(loop: Loop) -> None:
    described = loop.aws("sagemaker", "describe-endpoint", "--endpoint-name", f"{PROJECT}-prod")
    assert described["EndpointStatus"] == "InService"
    response = loop.folder / "response.csv"
    called = loop.aws(
        "sagemaker-runtime",
        "invoke-endpoint",
        "--endpoint-name",
        f"{PROJECT}-prod",
        "--content-type",
        "text/csv",
        "--body",
        loop.row,
        str(response),
    )
    assert called["InvokedProductionVariant"]
    label, probability = response.read_text().strip().split(",")
    assert label in ("yes", "no")
    assert 0 <= float(probability) <= 1


def test_requests_and_responses_of_the_endpoint_are_captured(loop: Loop) -> None:
    config = loop.aws("sagemaker", "describe-endpoint", "--endpoint-name", f"{PROJECT}-staging")[
        "DataCaptureConfig"
    ]
    bucket, _, prefix = config["DestinationS3Uri"].removeprefix("s3://").partition("/")
    listed = loop.aws("s3api", "list-objects-v2", "--bucket", bucket, "--prefix", prefix)
    key = next(item["Key"] for item in listed["Contents"] if f"{PROJECT}-staging/" in item["Key"])
    copied = loop.folder / "capture.jsonl"
    loop.aws("s3api", "get-object", "--bucket", bucket, "--key", key, str(copied))
    record = json.loads(copied.read_text().splitlines()[0])
    assert record["eventVersion"] == "0"
    assert set(record["captureData"]) == {"endpointInput", "endpointOutput"}


def test_the_endpoint_scales_as_configured(loop: Loop) -> None:
    targets = loop.aws(
        "application-autoscaling", "describe-scalable-targets", "--service-namespace", "sagemaker"
    )["ScalableTargets"]
    assert [target["ResourceId"].split("/")[1] for target in targets] == [f"{PROJECT}-prod"]


def test_a_user_without_permissions_is_denied(loop: Loop) -> None:
    policy = loop.aws("iam", "create-user", "--user-name", "nobody")
    assert policy["User"]["UserName"] == "nobody"
    key = loop.aws("iam", "create-access-key", "--user-name", "nobody")["AccessKey"]
    arguments = [
        "sagemaker",
        "describe-endpoint",
        "--endpoint-name",
        f"{PROJECT}-prod",
    ]
    error = loop.rejected(key["AccessKeyId"], key["SecretAccessKey"], *arguments)
    assert "AccessDenied" in error


def test_a_build_without_new_data_trains_nothing_and_the_endpoint_serves(loop: Loop) -> None:
    """As an alarm on drift starts it: the model of the same commit and data would be the same."""

    def trained() -> list[str]:
        listed = loop.aws(
            "sagemaker", "list-pipeline-executions", "--pipeline-name", f"{PROJECT}-train"
        )
        return [one["PipelineExecutionArn"] for one in listed["PipelineExecutionSummaries"]]

    def packages() -> list[str]:
        listed = loop.aws("sagemaker", "list-model-packages", "--model-package-group-name", PROJECT)
        return [one["ModelPackageArn"] for one in listed["ModelPackageSummaryList"]]

    before, pipeline = (trained(), packages()), ("--name", f"{PROJECT}-model-build")
    started = loop.aws("codepipeline", "start-pipeline-execution", *pipeline)
    codepipeline, deadline = loop.client("codepipeline"), time.monotonic() + 900
    while (
        found := codepipeline.get_pipeline_execution(
            pipelineName=f"{PROJECT}-model-build",
            pipelineExecutionId=started["pipelineExecutionId"],
        )["pipelineExecution"]
    )["status"] == "InProgress":
        assert time.monotonic() < deadline, found
        time.sleep(1)

    assert found["status"] == "Succeeded"
    assert (trained(), packages()) == before
    actions = loop.aws(
        "codepipeline",
        "list-action-executions",
        "--pipeline-name",
        f"{PROJECT}-model-build",
        "--filter",
        f"pipelineExecutionId={started['pipelineExecutionId']}",
    )["actionExecutionDetails"]
    (train,) = [one for one in actions if one["actionName"] == "Train"]
    assert train["output"]["outputVariables"]["MODEL_PACKAGE_ARN"] in packages()
    described = loop.aws("sagemaker", "describe-endpoint", "--endpoint-name", f"{PROJECT}-prod")
    assert described["EndpointStatus"] == "InService"
