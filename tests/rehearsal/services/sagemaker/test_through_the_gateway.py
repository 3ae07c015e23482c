"""The whole of SageMaker behind the real server: TLS, IAM, CloudFormation, containers, boto3."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.conftest import ACCOUNT, REGION, Aws, running_server
from tests.rehearsal.services.sagemaker.gateway import (
    BUCKET,
    STATEMENTS,
    TRUST,
    publish_program,
    wait,
)
from tests.rehearsal.services.sagemaker.pipelines.tuned_pipeline import (
    PIPELINE_STATEMENTS,
    PROGRAM,
    definition,
    ended,
    quality_check,
    resources,
    run,
    tuning,
)

SERVICES = (
    "rehearsal.services.sagemaker.service:SageMaker",
    "rehearsal.services.sagemaker.hosting.runtime:SageMakerRuntime",
)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_server(tmp_path_factory.mktemp("sagemaker"), SERVICES) as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        yield aws


@pytest.fixture(scope="module")
def image(cloud: Aws, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image that trains, evaluates and serves; its URI."""
    return publish_program(cloud, tmp_path_factory.mktemp("context"), PROGRAM, "churn")


@pytest.fixture(scope="module")
def role(cloud: Aws) -> str:
    return cloud.role("churn-training", TRUST, *STATEMENTS, *PIPELINE_STATEMENTS)


@pytest.fixture(scope="module")
def execution(cloud: Aws, image: str, role: str) -> dict[str, Any]:
    """A finished execution of a pipeline that tunes, evaluates and registers."""
    sagemaker = cloud.client("sagemaker")
    group = "churn"
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    sagemaker.create_pipeline(
        PipelineName="churn-train",
        PipelineDefinition=json.dumps(definition(image, role)),
        RoleArn=role,
        Tags=[{"Key": "sagemaker:project-name", "Value": "churn"}],
    )
    return run(sagemaker, "churn-train")


def test_a_pipeline_tunes_evaluates_and_registers(cloud: Aws, execution: dict[str, Any]) -> None:
    reasons = {name: step.get("FailureReason") for name, step in execution["steps"].items()}
    assert execution["PipelineExecutionStatus"] == "Succeeded", reasons
    assert set(execution["steps"]) == {"Tune", "Evaluate", "Check", "Register"}
    sagemaker = cloud.client("sagemaker")
    package = sagemaker.describe_model_package(
        ModelPackageName=execution["steps"]["Register"]["Metadata"]["RegisterModel"]["Arn"]
    )
    tuned = execution["steps"]["Tune"]["Metadata"]["TuningJob"]["Arn"].rpartition("/")[2]
    best = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=tuned)
    data = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    assert best["BestTrainingJob"]["TrainingJobName"] in data
    assert best["TrainingJobStatusCounters"]["Completed"] == 2
    trial = sagemaker.describe_training_job(
        TrainingJobName=best["BestTrainingJob"]["TrainingJobName"]
    )
    assert trial["FinalMetricDataList"][0]["MetricName"] == "auc"
    assert trial["ModelArtifacts"]["S3ModelArtifacts"] == data


@pytest.fixture(scope="module")
def stack(cloud: Aws, execution: dict[str, Any], role: str) -> dict[str, Any]:
    """A stack with a model of the registered package, and an endpoint that serves it."""
    arn = execution["steps"]["Register"]["Metadata"]["RegisterModel"]["Arn"]
    cloud.client("sagemaker").update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved"
    )
    outputs = {"Endpoint": {"Value": {"Ref": "Endpoint"}}}
    return cloud.deploy("churn-staging", resources(arn, role), outputs=outputs)


def test_an_endpoint_of_a_stack_responds(cloud: Aws, stack: dict[str, Any]) -> None:
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Reasons"]
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/churn-staging"
    assert stack["Outputs"][0]["OutputValue"] == arn
    runtime = cloud.client("sagemaker-runtime")

    response = runtime.invoke_endpoint(
        EndpointName="churn-staging", Body=b"1,2", ContentType="text/csv", InferenceId="row-1"
    )

    assert response["Body"].read().startswith(b"1,2 -> ")
    assert response["ContentType"] == "text/csv"
    assert response["InvokedProductionVariant"] == "AllTraffic"


def test_an_error_of_the_container_reaches_the_caller(cloud: Aws, stack: dict[str, Any]) -> None:
    runtime = cloud.client("sagemaker-runtime")

    with pytest.raises(runtime.exceptions.ModelError) as caught:
        runtime.invoke_endpoint(EndpointName="churn-staging", Body=b"bad", ContentType="text/csv")

    assert caught.value.response["OriginalStatusCode"] == 400
    assert caught.value.response["OriginalMessage"] == "row 1: not a number"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424


def test_calls_are_captured_and_counted(cloud: Aws, stack: dict[str, Any]) -> None:
    runtime, s3 = cloud.client("sagemaker-runtime"), cloud.client("s3")
    runtime.invoke_endpoint(EndpointName="churn-staging", Body=b"3", ContentType="text/csv")

    prefix = "capture/churn-staging/AllTraffic/"
    found = wait(
        lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents"), seconds=15
    )
    metrics = wait(
        lambda: cloud.client("cloudwatch").list_metrics(
            Namespace="AWS/SageMaker", MetricName="Invocations"
        )["Metrics"],
        seconds=15,
    )

    body = s3.get_object(Bucket=BUCKET, Key=found[0]["Key"])["Body"].read().decode()
    assert json.loads(body.splitlines()[0])["captureData"]["endpointInput"]["mode"] == "INPUT"
    assert {"Name": "EndpointName", "Value": "churn-staging"} in metrics[0]["Dimensions"]


def test_only_a_principal_with_permission_invokes_an_endpoint(
    cloud: Aws, stack: dict[str, Any]
) -> None:
    allowed = {
        "Action": "sagemaker:InvokeEndpoint",
        "Resource": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/churn-prod",
    }
    session = cloud.person("prod-tester", allowed)
    runtime = cloud.client("sagemaker-runtime", session)

    with pytest.raises(ClientError) as caught:
        runtime.invoke_endpoint(EndpointName="churn-staging", Body=b"1", ContentType="text/csv")

    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_failed_update_rolls_the_stack_back_and_the_endpoint_keeps_serving(
    cloud: Aws, stack: dict[str, Any], image: str, role: str
) -> None:
    changed = resources("unused", role)
    changed["Model"]["Properties"]["PrimaryContainer"] = {
        "Image": image,
        "ModelDataUrl": f"s3://{BUCKET}/models/none.tar.gz",
    }

    failed = cloud.deploy("churn-staging", changed, update=True)

    assert failed["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert any("Failed to download model data" in reason for reason in failed["Reasons"])
    response = cloud.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="churn-staging", Body=b"1,2", ContentType="text/csv"
    )
    assert response["Body"].read().startswith(b"1,2 -> ")


def test_a_step_fails_when_the_role_of_the_pipeline_may_not_create_its_job(
    cloud: Aws, image: str
) -> None:
    poor = cloud.role("poor", TRUST, *STATEMENTS)
    sagemaker = cloud.client("sagemaker")
    steps = [{"Name": "Tune", "Type": "Tuning", "Arguments": tuning(image, poor)}]
    sagemaker.create_pipeline(
        PipelineName="poor",
        PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": steps}),
        RoleArn=poor,
    )

    execution = run(sagemaker, "poor")

    reason = execution["steps"]["Tune"]["FailureReason"]
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert "sagemaker:CreateHyperParameterTuningJob" in reason
    assert "not authorized" in reason


FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:review-sagemaker"
FUNCTION_CODE = """
def handle(event, context):
    if event["depth"] > 5:
        raise ValueError("too deep")
    return {"message": f"depth {event['depth']}", "price": 1.5}
"""


@pytest.fixture(scope="module")
def queue(cloud: Aws) -> str:
    """The URL, as AWS writes it, of a queue; a function is there, too."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("index.py", FUNCTION_CODE)
    cloud.client("lambda").create_function(
        FunctionName="review-sagemaker",
        Role=cloud.role("function", {"Service": "lambda.amazonaws.com"}),
        Runtime="python3.12",
        Handler="index.handle",
        Code={"ZipFile": archive.getvalue()},
    )
    cloud.client("sqs").create_queue(QueueName="review-sagemaker")
    return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/review-sagemaker"


def reviewed(queue: str) -> str:
    """A definition that invokes the function and waits for a review."""
    message = {"Get": "Steps.Price.OutputParameters['message']"}
    price = {
        "Name": "Price",
        "Type": "Lambda",
        "FunctionArn": FUNCTION,
        "Arguments": {"depth": {"Get": "Parameters.Depth"}},
        "OutputParameters": [
            {"OutputName": "message", "OutputType": "String"},
            {"OutputName": "price", "OutputType": "Float"},
        ],
    }
    review = {
        "Name": "Review",
        "Type": "Callback",
        "SqsQueueUrl": queue,
        "Arguments": {"message": message},
        "OutputParameters": [{"OutputName": "good", "OutputType": "Boolean"}],
    }
    good = {"Get": "Steps.Review.OutputParameters['good']"}
    bad = {"Name": "Bad", "Type": "Fail", "Arguments": {"ErrorMessage": "not good"}}
    check = {
        "Name": "Check",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [{"Type": "Equals", "LeftValue": good, "RightValue": True}],
            "IfSteps": [],
            "ElseSteps": [bad],
        },
    }
    depth = {"Name": "Depth", "Type": "Integer", "DefaultValue": 3}
    return json.dumps(
        {"Version": "2020-12-01", "Parameters": [depth], "Steps": [price, review, check]}
    )


def test_a_pipeline_invokes_a_function_and_waits_for_a_callback(cloud: Aws, queue: str) -> None:
    sagemaker, sqs = cloud.client("sagemaker"), cloud.client("sqs")
    name = queue.rpartition("/")[2]
    may = cloud.role(
        "reviewer",
        TRUST,
        {"Action": "lambda:InvokeFunction", "Resource": FUNCTION},
        {"Action": "sqs:SendMessage", "Resource": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"},
    )
    sagemaker.create_pipeline(
        PipelineName="reviewed", PipelineDefinition=reviewed(queue), RoleArn=may
    )
    arn = sagemaker.start_pipeline_execution(PipelineName="reviewed")["PipelineExecutionArn"]
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    messages = wait(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages"))
    message = json.loads(messages[0]["Body"])

    assert message["arguments"] == {"message": "depth 3"}
    stranger = cloud.client("sagemaker", cloud.person("stranger"))
    with pytest.raises(ClientError, match="not authorized to perform") as denied:
        stranger.send_pipeline_execution_step_success(CallbackToken=message["token"])
    assert arn in str(denied.value)
    sagemaker.send_pipeline_execution_step_success(
        CallbackToken=message["token"], OutputParameters=[{"Name": "good", "Value": "true"}]
    )

    execution = ended(sagemaker, arn)
    assert execution["PipelineExecutionStatus"] == "Succeeded", execution["steps"]
    assert execution["steps"]["Price"]["Metadata"]["Lambda"]["OutputParameters"] == [
        {"Name": "message", "Value": "depth 3"},
        {"Name": "price", "Value": "1.5"},
    ]


@pytest.mark.parametrize(
    ("depth", "allows", "step", "reason"),
    [
        ("3", (), "Price", "Failed to invoke lambda:Invoke. Error Details: User: "),
        ("9", ("lambda:InvokeFunction",), "Price", ": too deep"),
        ("3", ("lambda:InvokeFunction",), "Review", "Failed to invoke sqs:SendMessage."),
    ],
)
def test_a_step_that_may_not_or_cannot_call_fails_with_the_reason(
    cloud: Aws, queue: str, depth: str, allows: tuple[str, ...], step: str, reason: str
) -> None:
    sagemaker = cloud.client("sagemaker")
    name = f"review-{depth}-{len(allows)}-{step.lower()}"
    may = cloud.role(name, TRUST, *({"Action": action} for action in allows))
    sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=reviewed(queue), RoleArn=may)

    arn = sagemaker.start_pipeline_execution(
        PipelineName=name, PipelineParameters=[{"Name": "Depth", "Value": depth}]
    )["PipelineExecutionArn"]

    assert reason in ended(sagemaker, arn)["steps"][step]["FailureReason"]


def test_a_quality_check_makes_a_baseline_and_finds_violations(
    cloud: Aws, image: str, role: str
) -> None:
    sagemaker, s3 = cloud.client("sagemaker"), cloud.client("s3")
    s3.put_object(Bucket=BUCKET, Key="good/data.csv", Body=b"1\n2\n3\n")
    s3.put_object(Bucket=BUCKET, Key="poor/data.csv", Body=b"1\n")
    new = {"SkipCheck": True, "RegisterNewBaseline": True}
    old = {"SuppliedBaselineConstraints": f"s3://{BUCKET}/checks/constraints.json"}
    executions: list[dict[str, Any]] = []
    for folder, members in (("good", new), ("good", old), ("poor", old)):
        step = quality_check(image, role, f"s3://{BUCKET}/{folder}/", **members)
        text = json.dumps({"Version": "2020-12-01", "Steps": [step]})
        if executions:
            sagemaker.update_pipeline(PipelineName="checked", PipelineDefinition=text)
        else:
            sagemaker.create_pipeline(PipelineName="checked", PipelineDefinition=text, RoleArn=role)
        executions.append(run(sagemaker, "checked"))

    steps = [execution["steps"]["Quality"] for execution in executions]
    assert [step["StepStatus"] for step in steps] == ["Succeeded", "Succeeded", "Failed"], steps
    assert "ClientError: Quality check failed. See violation" in steps[2]["FailureReason"]
    report = steps[2]["Metadata"]["QualityCheck"]["ViolationReport"]
    found = s3.get_object(Bucket=BUCKET, Key=report.removeprefix(f"s3://{BUCKET}/"))
    assert json.loads(found["Body"].read())["violations"] == [{"description": "too few rows"}]
    versions = sagemaker.list_pipeline_versions(PipelineName="checked")["PipelineVersionSummaries"]
    assert [version["PipelineVersionId"] for version in versions] == [3, 2, 1]


TEMPLATE = """
Parameters:
  SageMakerProjectName: {Type: String}
  SageMakerProjectId: {Type: String}
  Suffix: {Type: String}
Resources:
  Group:
    Type: AWS::SageMaker::ModelPackageGroup
    Properties:
      ModelPackageGroupName: !Sub "${SageMakerProjectName}${Suffix}"
      Tags:
        - {Key: "sagemaker:project-name", Value: !Ref SageMakerProjectName}
"""


@pytest.fixture
def template(cloud: Aws, tmp_path: Path) -> str:
    cloud.client("s3").put_object(Bucket=BUCKET, Key="template.yaml", Body=TEMPLATE.encode())
    return f"https://{BUCKET}.s3.{REGION}.amazonaws.com/template.yaml"


def project(template: str, role: str, name: str) -> dict[str, Any]:
    provider = {
        "TemplateName": "churn",
        "TemplateURL": template,
        "RoleARN": role,
        "Parameters": [{"Key": "Suffix", "Value": "-models"}],
    }
    return {"ProjectName": name, "TemplateProviders": [{"CfnTemplateProvider": provider}]}


def settled_project(sagemaker: Any, name: str) -> dict[str, Any]:
    def settled() -> Any:
        response = sagemaker.describe_project(ProjectName=name)
        return None if response["ProjectStatus"].endswith("InProgress") else response

    response: dict[str, Any] = wait(settled)
    return response


def test_a_project_is_a_stack_of_its_template(cloud: Aws, template: str) -> None:
    launch = cloud.role(
        "AmazonSageMakerProjectsLaunchRole",
        {"Service": "cloudformation.amazonaws.com"},
        {
            "Action": [
                "sagemaker:CreateModelPackageGroup",
                "sagemaker:DescribeModelPackageGroup",
                "sagemaker:DeleteModelPackageGroup",
                "sagemaker:AddTags",
            ]
        },
    )
    sagemaker = cloud.client("sagemaker")

    created = sagemaker.create_project(**project(template, launch, "fraud"))
    response = settled_project(sagemaker, "fraud")

    detail = response["TemplateProviderDetails"][0]["CfnTemplateProviderDetail"]["StackDetail"]
    assert response["ProjectStatus"] == "CreateCompleted", detail
    assert detail["Name"] == f"SP-{ACCOUNT}-{created['ProjectId']}"
    group = sagemaker.describe_model_package_group(ModelPackageGroupName="fraud-models")
    tags = sagemaker.list_tags(ResourceArn=group["ModelPackageGroupArn"])["Tags"]
    assert {"Key": "sagemaker:project-name", "Value": "fraud"} in tags

    sagemaker.delete_project(ProjectName="fraud")
    wait(lambda: not sagemaker.list_projects()["ProjectSummaryList"])
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package_group(ModelPackageGroupName="fraud-models")


def test_a_project_fails_with_the_reason_of_its_stack(cloud: Aws, template: str) -> None:
    launch = cloud.role("powerless", {"Service": "cloudformation.amazonaws.com"})
    sagemaker = cloud.client("sagemaker")

    sagemaker.create_project(**project(template, launch, "denied"))
    response = settled_project(sagemaker, "denied")

    detail = response["TemplateProviderDetails"][0]["CfnTemplateProviderDetail"]["StackDetail"]
    assert response["ProjectStatus"] == "CreateFailed"
    assert "sagemaker:CreateModelPackageGroup" in detail["StatusMessage"]


def test_who_may_not_pass_the_launch_role_creates_no_project(cloud: Aws, template: str) -> None:
    launch = cloud.role("launch", {"Service": "cloudformation.amazonaws.com"})
    session = cloud.person("scientist", {"Action": ["sagemaker:CreateProject", "cloudformation:*"]})

    with pytest.raises(ClientError, match="iam:PassRole"):
        cloud.client("sagemaker", session).create_project(**project(template, launch, "mine"))


def test_an_operation_that_is_not_implemented_is_rejected_by_name(cloud: Aws) -> None:
    with pytest.raises(ClientError, match="StopInferenceExperiment"):
        cloud.client("sagemaker").stop_inference_experiment(
            Name="x", ModelVariantActions={"a": "Retain"}
        )
