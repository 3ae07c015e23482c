"""The work of an ML engineer: pipelines, images and endpoints."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.containers.images.registry import publish
from rehearsal.containers.images.store import ImageStore
from tests.personas.conftest import PROJECT_TAGS, Company, Person, denied, eventually
from tests.personas.team import PROJECT, SEEDS

BUILD, DEPLOY = f"{PROJECT}-model-build", f"{PROJECT}-model-deploy"


@pytest.fixture(scope="module")
def eve(company: Company) -> Person:
    return company.person("Engineer")


def test_she_sees_which_action_of_a_pipeline_failed_and_starts_it_again(eve: Person) -> None:
    codepipeline = eve.client("codepipeline")

    def ended() -> Any:
        summaries = codepipeline.list_pipeline_executions(pipelineName=DEPLOY)[
            "pipelineExecutionSummaries"
        ]
        return summaries if summaries and summaries[0]["status"] == "Failed" else None

    (execution, *_) = eventually(ended)
    actions = codepipeline.list_action_executions(
        pipelineName=DEPLOY,
        filter={"pipelineExecutionId": execution["pipelineExecutionId"]},
    )["actionExecutionDetails"]
    (failed,) = [one for one in actions if one["status"] == "Failed"]
    build_id = failed["output"]["executionResult"]["externalExecutionId"]
    (build,) = eve.client("codebuild").batch_get_builds(ids=[build_id])["builds"]
    events = eve.client("logs").get_log_events(
        logGroupName=build["logs"]["groupName"], logStreamName=build["logs"]["streamName"]
    )["events"]
    assert any("no model is approved" in event["message"] for event in events)

    state = codepipeline.get_pipeline_state(name=DEPLOY)["stageStates"]
    (stage,) = [one for one in state if one.get("latestExecution", {}).get("status") == "Failed"]
    codepipeline.retry_stage_execution(
        pipelineName=DEPLOY,
        stageName=stage["stageName"],
        pipelineExecutionId=execution["pipelineExecutionId"],
        retryMode="FAILED_ACTIONS",
    )
    started = codepipeline.start_pipeline_execution(name=BUILD)["pipelineExecutionId"]
    codepipeline.stop_pipeline_execution(
        pipelineName=BUILD, pipelineExecutionId=started, abandon=True
    )


def test_she_pushes_an_image(eve: Person) -> None:
    image = ImageStore(eve.folder / "images").build(SEEDS / "model_build")

    publish(eve, eve.outputs["ImageRepositoryUri"], ["eve"], image)  # type: ignore[arg-type]

    name = eve.outputs["ImageRepositoryUri"].partition("/")[2]
    listed = eve.client("ecr").list_images(repositoryName=name)["imageIds"]
    assert "eve" in {one.get("imageTag") for one in listed}


def test_she_runs_a_pipeline_of_the_project(eve: Person) -> None:
    sagemaker = eve.client("sagemaker")
    step = {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "on purpose"}}
    name = f"{PROJECT}-nightly"
    sagemaker.create_pipeline(
        PipelineName=name,
        PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": [step]}),
        RoleArn=eve.outputs["JobRole"],
        Tags=PROJECT_TAGS,
    )
    arn = sagemaker.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]

    def ended() -> Any:
        shown = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        return shown["PipelineExecutionStatus"] == "Failed"

    eventually(ended)
    sagemaker.retry_pipeline_execution(PipelineExecutionArn=arn)
    eventually(ended)
    sagemaker.delete_pipeline(PipelineName=name)


def test_she_hosts_a_model_of_her_own_and_takes_it_down(eve: Person) -> None:
    sagemaker, name = eve.client("sagemaker"), f"{PROJECT}-try"
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=eve.outputs["ModelRole"],
        PrimaryContainer={"Image": eve.outputs["Image"]},
        VpcConfig={
            "Subnets": eve.outputs["Subnets"].split(","),
            "SecurityGroupIds": eve.outputs["SecurityGroups"].split(","),
        },
        Tags=PROJECT_TAGS,
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        KmsKeyId=eve.outputs["Key"],
        ProductionVariants=[
            {
                "VariantName": "main",
                "ModelName": name,
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
            }
        ],
        Tags=PROJECT_TAGS,
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=PROJECT_TAGS)

    def in_service() -> Any:
        shown = sagemaker.describe_endpoint(EndpointName=name)
        assert shown["EndpointStatus"] != "Failed", shown["FailureReason"]
        return shown["EndpointStatus"] == "InService"

    eventually(in_service)
    answer = eve.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=name, ContentType="text/csv", Body=b"2,3\n"
    )
    assert float(answer["Body"].read()) == 5
    logs, group = eve.client("logs"), f"/aws/sagemaker/Endpoints/{name}"

    def log_streams() -> Any:
        try:
            return logs.describe_log_streams(logGroupName=group)["logStreams"]
        except logs.exceptions.ResourceNotFoundException:
            return None

    assert eventually(log_streams)
    sagemaker.delete_endpoint(EndpointName=name)
    sagemaker.delete_endpoint_config(EndpointConfigName=name)
    sagemaker.delete_model(ModelName=name)


PACKAGE = f"arn:aws:sagemaker:us-east-1:111111111111:model-package/{PROJECT}/1"
DENIED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "approving a model": (
        "sagemaker",
        "update_model_package",
        {"ModelPackageArn": PACKAGE, "ModelApprovalStatus": "Approved"},
    ),
    "approving a deployment": (
        "codepipeline",
        "put_approval_result",
        {
            "pipelineName": DEPLOY,
            "stageName": "Staging",
            "actionName": "Approval",
            "token": "00000000-0000-0000-0000-000000000000",
            "result": {"summary": "mine", "status": "Approved"},
        },
    ),
    "replacing what production serves": (
        "sagemaker",
        "update_endpoint",
        {"EndpointName": f"{PROJECT}-prod", "EndpointConfigName": f"{PROJECT}-try"},
    ),
    "deleting a stage": ("sagemaker", "delete_endpoint", {"EndpointName": f"{PROJECT}-staging"}),
    "changing the stack of a stage": (
        "cloudformation",
        "delete_stack",
        {"StackName": f"{PROJECT}-staging"},
    ),
    "a model outside of the network": (
        "sagemaker",
        "create_model",
        {
            "ModelName": f"{PROJECT}-open",
            "ExecutionRoleArn": "arn:aws:iam::111111111111:role/x",
            "PrimaryContainer": {"Image": "x"},
            "Tags": PROJECT_TAGS,
        },
    ),
    "changing a pipeline of CodePipeline": ("codepipeline", "delete_pipeline", {"name": DEPLOY}),
    "changing a build": ("codebuild", "delete_project", {"name": "Team"}),
    "another project's pipeline": (
        "sagemaker",
        "start_pipeline_execution",
        {"PipelineName": "fraud-train"},
    ),
}


@pytest.mark.parametrize("what", DENIED)
def test_she_is_denied(eve: Person, what: str) -> None:
    service, operation, request = DENIED[what]
    assert denied(eve.client(service), operation, **request)


def test_she_does_not_hand_over_the_role_of_the_projects_pipeline(eve: Person) -> None:
    model = {
        "ModelName": f"{PROJECT}-theirs",
        "ExecutionRoleArn": eve.outputs["TrainingRole"],
        "PrimaryContainer": {"Image": eve.outputs["Image"]},
        "VpcConfig": {
            "Subnets": eve.outputs["Subnets"].split(","),
            "SecurityGroupIds": eve.outputs["SecurityGroups"].split(","),
        },
        "Tags": PROJECT_TAGS,
    }
    assert denied(eve.client("sagemaker"), "create_model", **model)
