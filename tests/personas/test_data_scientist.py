"""The work of a data scientist: code, builds, data, jobs, pipelines, models, Studio."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.personas.conftest import PROJECT_TAGS, Company, Person, denied, eventually
from tests.personas.notebook import notebook
from tests.personas.team import PROJECT

OF_THE_PROJECT = [{"Key": "Tags.sagemaker:project-name", "Value": PROJECT}]
FIXED = """\
version: 0.2

phases:
  build:
    commands:
      - 'echo "the rate of learning is 0.5"'
"""


@pytest.fixture(scope="module")
def ada(company: Company) -> Person:
    return company.person("Scientist")


@pytest.fixture(scope="module")
def sdk(ada: Person) -> Iterator[None]:
    with notebook(ada):
        yield


def test_she_sees_projects_and_opens_hers(ada: Person) -> None:
    sagemaker = ada.client("sagemaker")

    listed = sagemaker.list_projects()["ProjectSummaryList"]

    assert PROJECT in {one["ProjectName"] for one in listed}
    assert sagemaker.describe_project(ProjectName=PROJECT)["ProjectName"] == PROJECT
    repositories = ada.client("codecommit").list_repositories()["repositories"]
    assert f"{PROJECT}-model-build" in {one["repositoryName"] for one in repositories}


def failed_build(ada: Person) -> dict[str, Any]:
    """The build of the Test action of the first commit, which fails."""
    pipeline = f"{PROJECT}-model-build"
    codepipeline = ada.client("codepipeline")

    def failed() -> Any:
        actions = codepipeline.list_action_executions(pipelineName=pipeline)
        return [
            one
            for one in actions["actionExecutionDetails"]
            if one["status"] == "Failed" and one["actionName"] == "Test"
        ]

    action = eventually(failed)[-1]
    build_id = action["output"]["executionResult"]["externalExecutionId"]
    (build,) = ada.client("codebuild").batch_get_builds(ids=[build_id])["builds"]
    return dict(build)


def test_she_finds_out_why_her_build_failed(ada: Person) -> None:
    build = failed_build(ada)

    assert build["buildStatus"] == "FAILED"
    logs = ada.client("logs")
    group, stream = build["logs"]["groupName"], build["logs"]["streamName"]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]
    assert any("at most 1.0 is allowed" in event["message"] for event in events)
    found = logs.filter_log_events(logGroupName=group, filterPattern='"at most"')["events"]
    assert found
    ids = ada.client("codebuild").list_builds_for_project(projectName=build["projectName"])["ids"]
    assert build["id"] in ids


def test_she_mends_it_on_a_branch_and_pushes_main_of_model_build(ada: Person) -> None:
    failed_build(ada)  # the first commit has ended, so the next execution is hers
    clone = ada.clone("model-build")
    ada.does("git", "switch", "--create", "mend", folder=clone)
    (clone / "buildspecs/test.yml").write_text(FIXED)
    ada.does("git", "commit", "--all", "--message", "Lower the rate", folder=clone)
    ada.does("git", "push", "origin", "mend", folder=clone)
    ada.does("git", "switch", "main", folder=clone)
    ada.does("git", "merge", "mend", folder=clone)
    ada.does("git", "push", "origin", "main", folder=clone)

    branches = ada.client("codecommit").list_branches(repositoryName=f"{PROJECT}-model-build")
    assert set(branches["branches"]) == {"main", "mend"}


def test_she_proposes_a_change_of_the_deployment(ada: Person) -> None:
    clone = ada.clone("model-deploy")
    ada.does("git", "switch", "--create", "larger", folder=clone)
    (clone / "size.txt").write_text("large\n")
    ada.does("git", "add", "size.txt", folder=clone)
    ada.does("git", "commit", "--message", "Larger instances", folder=clone)
    ada.does("git", "push", "origin", "larger", folder=clone)
    repository = f"{PROJECT}-model-deploy"
    target = {"sourceReference": "larger", "destinationReference": "main"}

    request = ada.client("codecommit").create_pull_request(
        title="Larger instances", targets=[{"repositoryName": repository, **target}]
    )["pullRequest"]

    shown = ada.client("codecommit").get_pull_request(pullRequestId=request["pullRequestId"])
    assert shown["pullRequest"]["pullRequestStatus"] == "OPEN"
    assert "size.txt" in ada.does("git", "diff", "--stat", "main", "larger", folder=clone)
    # Only a merge by another user changes the deployment.
    ada.does("git", "switch", "main", folder=clone)
    ada.does("git", "merge", "larger", folder=clone)
    assert ada.run("git", "push", "origin", "main", folder=clone).returncode != 0
    merge = {"pullRequestId": request["pullRequestId"], "repositoryName": repository}
    assert denied(ada.client("codecommit"), "merge_pull_request_by_fast_forward", **merge)


def test_she_looks_into_the_bucket_and_brings_data(ada: Person) -> None:
    bucket, s3 = ada.outputs["ArtifactBucketName"], ada.client("s3")
    (ada.folder / "more.csv").write_text("5,6\n")

    top = ada.does("aws", "s3", "ls", f"s3://{bucket}/")
    ada.does("aws", "s3", "cp", str(ada.folder / "more.csv"), f"s3://{bucket}/data/more.csv")

    assert "PRE data/" in top
    for prefix in ("data", "data/", "runs/"):  # with and without the slash, as users type
        s3.list_objects_v2(Bucket=bucket, Prefix=prefix, Delimiter="/")
    assert s3.get_object(Bucket=bucket, Key="data/more.csv")["Body"].read() == b"5,6\n"
    s3.delete_object(Bucket=bucket, Key="data/more.csv")


def test_she_processes_data_without_saying_where_and_how(
    ada: Person, sdk: None, capsys: pytest.CaptureFixture[str]
) -> None:
    from sagemaker.core.processing import Processor
    from sagemaker.core.shapes import (
        ProcessingInput,
        ProcessingOutput,
        ProcessingS3Input,
        ProcessingS3Output,
    )

    bucket, work = ada.outputs["ArtifactBucketName"], "/opt/ml/processing"
    processor = Processor(
        image_uri=ada.outputs["Image"],
        instance_count=1,
        instance_type="ml.m5.large",
        base_job_name=f"{PROJECT}-count",
    )
    processor.run(
        inputs=[
            ProcessingInput(
                input_name="data",
                s3_input=ProcessingS3Input(
                    s3_uri=f"s3://{bucket}/data/",
                    local_path=f"{work}/input",
                    s3_data_type="S3Prefix",
                    s3_input_mode="File",
                ),
            )
        ],
        outputs=[
            ProcessingOutput(
                output_name="report",
                s3_output=ProcessingS3Output(
                    s3_uri=f"s3://{bucket}/runs/count/",
                    local_path=f"{work}/output",
                    s3_upload_mode="EndOfJob",
                ),
            )
        ],
    )

    assert "counted 2 rows" in capsys.readouterr().out
    body = ada.client("s3").get_object(Bucket=bucket, Key="runs/count/report.json")["Body"]
    assert json.load(body) == {"rows": 2}


def test_she_trains_and_watches(ada: Person, sdk: None, capsys: pytest.CaptureFixture[str]) -> None:
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.training.configs import Compute, InputData, OutputDataConfig
    from sagemaker.train.model_trainer import ModelTrainer

    # The trainer reads role, network and bucket from the configuration; other values are arguments.
    session = Session()
    given = session.sagemaker_config["SageMaker"]["TrainingJob"]
    trainer = ModelTrainer(
        sagemaker_session=session,
        training_image=ada.outputs["Image"],
        base_job_name=f"{PROJECT}-train",
        hyperparameters={"rate": 0.5},
        compute=Compute(
            instance_type="ml.m5.large",
            instance_count=1,
            volume_kms_key_id=given["ResourceConfig"]["VolumeKmsKeyId"],
        ),
        output_data_config=OutputDataConfig(kms_key_id=given["OutputDataConfig"]["KmsKeyId"]),
        tags=[{"key": tag["Key"], "value": tag["Value"]} for tag in given["Tags"]],
    )
    data = f"s3://{ada.outputs['ArtifactBucketName']}/data/"
    trainer.train(input_data_config=[InputData(channel_name="train", data_source=data)])

    job = trainer._latest_training_job
    assert job.training_job_status == "Completed"
    assert "/runs/" in job.model_artifacts.s3_model_artifacts
    shown = capsys.readouterr()
    streams = ada.client("logs").describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs",
        logStreamNamePrefix=f"{job.training_job_name}/",
    )["logStreams"]
    events = ada.client("logs").get_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamName=streams[0]["logStreamName"]
    )["events"]
    assert any("training on ['churn.csv']" in event["message"] for event in events), shown


def test_she_tunes(ada: Person, sdk: None) -> None:
    # With the SDK's resources, because its tuner cannot encrypt traffic and volumes.
    from sagemaker.core import shapes
    from sagemaker.core.resources import HyperParameterTuningJob

    bucket, key = ada.outputs["ArtifactBucketName"], ada.outputs["Key"]
    job = HyperParameterTuningJob.create(
        hyper_parameter_tuning_job_name=f"{PROJECT}-tune",
        hyper_parameter_tuning_job_config=shapes.HyperParameterTuningJobConfig(
            strategy="Random",
            resource_limits=shapes.ResourceLimits(
                max_number_of_training_jobs=2, max_parallel_training_jobs=2
            ),
            hyper_parameter_tuning_job_objective=shapes.HyperParameterTuningJobObjective(
                type="Minimize", metric_name="loss"
            ),
            parameter_ranges=shapes.ParameterRanges(
                continuous_parameter_ranges=[
                    shapes.ContinuousParameterRange(name="rate", min_value="0.1", max_value="0.9")
                ]
            ),
        ),
        training_job_definition=shapes.HyperParameterTrainingJobDefinition(
            algorithm_specification=shapes.HyperParameterAlgorithmSpecification(
                training_image=ada.outputs["Image"],
                training_input_mode="File",
                metric_definitions=[shapes.MetricDefinition(name="loss", regex="loss=([0-9.]+);")],
            ),
            role_arn=ada.outputs["JobRole"],
            output_data_config=shapes.OutputDataConfig(
                s3_output_path=f"s3://{bucket}/runs/tune/", kms_key_id=key
            ),
            resource_config=shapes.ResourceConfig(
                instance_type="ml.m5.large",
                instance_count=1,
                volume_size_in_gb=10,
                volume_kms_key_id=key,
            ),
            vpc_config=shapes.VpcConfig(
                subnets=ada.outputs["Subnets"].split(","),
                security_group_ids=ada.outputs["SecurityGroups"].split(","),
            ),
            enable_inter_container_traffic_encryption=True,
            stopping_condition=shapes.StoppingCondition(max_runtime_in_seconds=600),
        ),
        tags=[shapes.Tag(key=tag["Key"], value=tag["Value"]) for tag in PROJECT_TAGS],
    )
    job.wait(poll=1)

    assert job.best_training_job.training_job_name.startswith(f"{PROJECT}-tune")
    trials = ada.client("sagemaker").list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=f"{PROJECT}-tune"
    )["TrainingJobSummaries"]
    assert len(trials) == 2


def test_she_reads_the_log_of_a_job_of_the_projects_pipeline(ada: Person) -> None:
    sagemaker = ada.client("sagemaker")

    def steps() -> Any:
        made = sagemaker.list_pipelines(PipelineNamePrefix=f"{PROJECT}-train")
        if not made["PipelineSummaries"]:
            return None
        (execution,) = sagemaker.list_pipeline_executions(PipelineName=f"{PROJECT}-train")[
            "PipelineExecutionSummaries"
        ]
        if execution["PipelineExecutionStatus"] == "Executing":
            return None
        arn = execution["PipelineExecutionArn"]
        return sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)[
            "PipelineExecutionSteps"
        ]

    (step,) = eventually(steps)
    name = step["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    assert name.startswith("pipelines-")
    assert sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"]
    logs, group = ada.client("logs"), "/aws/sagemaker/ProcessingJobs"
    (stream,) = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=name)[
        "logStreams"
    ]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])
    assert any("counted 0 rows" in event["message"] for event in events["events"])


def test_she_develops_a_pipeline_in_a_notebook(ada: Person, sdk: None) -> None:
    from sagemaker.core.processing import Processor
    from sagemaker.core.shapes import ProcessingOutput, ProcessingS3Output
    from sagemaker.core.workflow.pipeline_context import PipelineSession
    from sagemaker.mlops.workflow.pipeline import Pipeline
    from sagemaker.mlops.workflow.steps import ProcessingStep

    processor = Processor(
        image_uri=ada.outputs["Image"],
        instance_count=1,
        instance_type="ml.m5.large",
        sagemaker_session=PipelineSession(),
    )
    report = ProcessingS3Output(
        s3_uri=f"s3://{ada.outputs['ArtifactBucketName']}/runs/dev/",
        local_path="/opt/ml/processing/output",
        s3_upload_mode="EndOfJob",
    )
    arguments = processor.run(outputs=[ProcessingOutput(output_name="report", s3_output=report)])
    pipeline = Pipeline(
        name=f"{PROJECT}-dev-ada",
        steps=[ProcessingStep(name="Count", step_args=arguments)],
        sagemaker_session=processor.sagemaker_session,
    )
    for _ in ("create", "update"):
        pipeline.upsert()
    execution = pipeline.start()
    execution.wait(delay=1, max_attempts=120)

    (step,) = execution.list_steps()
    assert step["StepStatus"] == "Succeeded", step.get("FailureReason")
    pipeline.delete()


def test_she_registers_a_model_that_waits_for_a_reviewer(ada: Person) -> None:
    sagemaker = ada.client("sagemaker")
    container = {"Image": ada.outputs["Image"]}

    arn = sagemaker.create_model_package(
        ModelPackageGroupName=PROJECT,
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        CustomerMetadataProperties={"auc": "0.9"},
    )["ModelPackageArn"]

    (listed, *_) = sagemaker.list_model_packages(ModelPackageGroupName=PROJECT)[
        "ModelPackageSummaryList"
    ]
    assert listed["ModelPackageArn"] == arn
    shown = sagemaker.describe_model_package(ModelPackageName=arn)
    assert shown["CustomerMetadataProperties"] == {"auc": "0.9"}
    assert sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]


def test_she_searches_what_her_project_has(ada: Person) -> None:
    sagemaker = ada.client("sagemaker")
    named = {"Name": "TrainingJobName", "Operator": "Contains", "Value": f"{PROJECT}-train"}

    found = sagemaker.search(
        Resource="TrainingJob",
        SearchExpression={"Filters": [named]},
        VisibilityConditions=OF_THE_PROJECT,
    )["Results"]

    assert {one["TrainingJob"]["TrainingJobStatus"] for one in found} == {"Completed"}
    projects = sagemaker.search(Resource="Project", VisibilityConditions=OF_THE_PROJECT)
    assert [one["Project"]["ProjectName"] for one in projects["Results"]] == [PROJECT]
    others = [{"Key": "Tags.sagemaker:project-name", "Value": "fraud"}]
    assert denied(sagemaker, "search", Resource="Project", VisibilityConditions=others)
    assert denied(sagemaker, "search", Resource="Project")


def test_she_finds_the_teams_mlflow_and_no_other(ada: Person) -> None:
    sagemaker, arn = ada.client("sagemaker"), ada.outputs["MlflowAppArn"]

    assert sagemaker.describe_mlflow_app(Arn=arn)["Name"] == "team"
    other = arn.rpartition("/")[0] + "/app-OTHER"
    assert denied(sagemaker, "describe_mlflow_app", Arn=other)


def test_she_tries_staging_and_reads_what_it_captured(company: Company, ada: Person) -> None:
    name, bucket = f"{PROJECT}-staging", ada.outputs["ArtifactBucketName"]
    sagemaker = ada.client("sagemaker")

    def in_service() -> Any:
        return sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"

    eventually(in_service)
    answer = ada.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=name, ContentType="text/csv", Body=b"1,2\n"
    )

    assert float(answer["Body"].read()) == 3
    events = ada.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    assert any(event["ResourceType"] == "AWS::SageMaker::Endpoint" for event in events)
    s3 = ada.client("s3")

    def captured() -> Any:
        return s3.list_objects_v2(Bucket=bucket, Prefix=f"capture/{name}/").get("Contents")

    (first, *_) = eventually(captured)
    assert b"captureData" in s3.get_object(Bucket=bucket, Key=first["Key"])["Body"].read()
    report = s3.get_object(Bucket=bucket, Key="monitoring/1/report.json")["Body"]
    assert json.load(report) == {"drifted": ["age"]}
    streams = ada.client("logs").describe_log_streams(
        logGroupName=f"/aws/sagemaker/Endpoints/{name}"
    )["logStreams"]
    assert streams
    assert ada.client("cloudwatch").list_metrics(Namespace="AWS/SageMaker")["Metrics"]


def test_she_works_in_a_space_whose_volume_the_domains_key_encrypts(ada: Person) -> None:
    sagemaker, domain = ada.client("sagemaker"), ada.outputs["DomainId"]
    sagemaker.create_space(
        DomainId=domain,
        SpaceName="ada",
        OwnershipSettings={"OwnerUserProfileName": "scientist"},
        SpaceSharingSettings={"SharingType": "Private"},
        SpaceSettings={
            "AppType": "JupyterLab",
            "SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 5}},
        },
    )
    app = {"DomainId": domain, "SpaceName": "ada", "AppType": "JupyterLab", "AppName": "default"}
    sagemaker.create_app(**app)

    def runs() -> Any:
        return sagemaker.describe_app(**app)["Status"] == "InService"

    eventually(runs)
    sagemaker.delete_app(**app)


PACKAGE = f"arn:aws:sagemaker:us-east-1:111111111111:model-package/{PROJECT}/1"
DENIED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "another project": ("sagemaker", "describe_project", {"ProjectName": "fraud"}),
    "approving": (
        "sagemaker",
        "update_model_package",
        {"ModelPackageArn": PACKAGE, "ModelApprovalStatus": "Approved"},
    ),
    "running the project's pipeline": (
        "sagemaker",
        "start_pipeline_execution",
        {"PipelineName": f"{PROJECT}-train"},
    ),
    "changing the project's pipeline": (
        "sagemaker",
        "update_pipeline",
        {"PipelineName": f"{PROJECT}-train", "PipelineDisplayName": "mine"},
    ),
    "starting the delivery": (
        "codepipeline",
        "start_pipeline_execution",
        {"name": f"{PROJECT}-model-deploy"},
    ),
    "production": (
        "sagemaker-runtime",
        "invoke_endpoint",
        {"EndpointName": f"{PROJECT}-prod", "Body": b"1"},
    ),
    "hosting": ("sagemaker", "delete_endpoint", {"EndpointName": f"{PROJECT}-staging"}),
    "stacks of others": ("cloudformation", "describe_stack_events", {"StackName": "Team"}),
    "changing stacks": ("cloudformation", "delete_stack", {"StackName": f"{PROJECT}-staging"}),
    "starting a build": ("codebuild", "start_build", {"projectName": "Team"}),
    "roles": ("iam", "list_roles", {}),
}


@pytest.mark.parametrize("what", DENIED)
def test_she_is_denied(ada: Person, what: str) -> None:
    service, operation, request = DENIED[what]
    assert denied(ada.client(service), operation, **request)


def test_she_writes_no_model_and_reads_no_log_of_another_project(ada: Person) -> None:
    bucket = ada.outputs["ArtifactBucketName"]
    s3, logs = ada.client("s3"), ada.client("logs")

    assert denied(s3, "put_object", Bucket=bucket, Key="models/mine.tar.gz", Body=b"1")
    assert denied(s3, "put_object", Bucket=bucket, Key="capture/mine.jsonl", Body=b"1")
    assert denied(s3, "list_objects_v2", Bucket=bucket, Prefix="")
    group = "/aws/sagemaker/TrainingJobs"
    assert denied(logs, "get_log_events", logGroupName=group, logStreamName="fraud-1/algo-1")
    assert denied(logs, "filter_log_events", logGroupName=group)
