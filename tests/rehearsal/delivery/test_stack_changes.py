"""CloudFormation updates and deletes the three services' resources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

TEMPLATE = (Path(__file__).parent / "template.yaml").read_text()


def _settle(delivery: Any, name: str = "demo") -> str:
    cloudformation = delivery.client("cloudformation")

    def settled() -> Any:
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    stack = delivery.wait("the stack", settled)
    return f"{stack['StackStatus']} {stack.get('StackStatusReason', '')}".strip()


def _update(delivery: Any, template: str) -> str:
    delivery.client("cloudformation").update_stack(
        StackName="demo",
        TemplateBody=template,
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": key, "UsePreviousValue": True} for key in ("SeedBucket", "SeedKey")
        ],
    )
    return _settle(delivery)


def test_resources_are_changed_in_place(delivery: Any) -> None:
    before = delivery.client("codecommit").get_repository(repositoryName="demo")
    version = delivery.client("codepipeline").get_pipeline(name="demo")["pipeline"]["version"]
    changed = (
        TEMPLATE.replace("DefaultValue: world", "DefaultValue: moon")
        .replace("Name: demo-build", "Name: demo-build\n      Description: Builds")
        .replace(
            "RepositoryName: demo\n", "RepositoryName: demo\n      RepositoryDescription: Seed\n"
        )
    )
    assert _update(delivery, changed) == "UPDATE_COMPLETE"

    pipeline = delivery.client("codepipeline").get_pipeline(name="demo")["pipeline"]
    assert pipeline["version"] == version + 1
    assert pipeline["variables"] == [{"name": "Audience", "defaultValue": "moon"}]
    project = delivery.client("codebuild").batch_get_projects(names=["demo-build"])["projects"][0]
    assert project["description"] == "Builds"
    after = delivery.client("codecommit").get_repository(repositoryName="demo")
    assert after["repositoryMetadata"]["repositoryDescription"] == "Seed"
    assert (
        after["repositoryMetadata"]["repositoryId"] == before["repositoryMetadata"]["repositoryId"]
    )


def test_an_update_cancels_what_runs_and_starts_the_pipeline_anew_if_wanted(delivery: Any) -> None:
    codepipeline = delivery.client("codepipeline")
    codepipeline.disable_stage_transition(
        pipelineName="demo", stageName="Build", transitionType="Inbound", reason="to be there"
    )
    running = codepipeline.start_pipeline_execution(name="demo")["pipelineExecutionId"]
    restarting = "ExecutionMode: QUEUED\n      RestartExecutionOnUpdate: true"
    assert _update(delivery, TEMPLATE.replace("ExecutionMode: QUEUED", restarting)) == (
        "UPDATE_COMPLETE"
    )

    def status(execution: str) -> str:
        found = codepipeline.get_pipeline_execution(
            pipelineName="demo", pipelineExecutionId=execution
        )
        return str(found["pipelineExecution"]["status"])

    delivery.wait("the cancelled execution", lambda: status(running) == "Cancelled")
    newest = codepipeline.list_pipeline_executions(pipelineName="demo", maxResults=1)
    execution = newest["pipelineExecutionSummaries"][0]
    assert execution["pipelineExecutionId"] != running
    assert execution["trigger"]["triggerType"] == "StartPipelineExecution"
    codepipeline.enable_stage_transition(
        pipelineName="demo", stageName="Build", transitionType="Inbound"
    )


def test_what_cannot_be_rehearsed_rolls_the_stack_back_with_the_reason(delivery: Any) -> None:
    changed = TEMPLATE.replace(
        "ExecutionMode: QUEUED",
        "ExecutionMode: QUEUED\n      DisableInboundStageTransitions:"
        "\n        - {Reason: no, StageName: Build}",
    )
    assert _update(delivery, changed).startswith("UPDATE_ROLLBACK_COMPLETE")
    events = delivery.client("cloudformation").describe_stack_events(StackName="demo")
    reasons = [event.get("ResourceStatusReason", "") for event in events["StackEvents"]]
    assert any(
        "DisableInboundStageTransitions: the rehearsal does not support it" in r for r in reasons
    )
