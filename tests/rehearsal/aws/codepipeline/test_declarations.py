"""Pipelines that AWS, or the rehearsal, would not run are refused when they are created."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from rehearsal.aws.codepipeline.declaration_rules import check_declaration
from rehearsal.aws.platform import AwsError


def _action(
    name: str, category: str, provider: str, configuration: dict[str, str], **more: Any
) -> dict[str, Any]:
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, "configuration": configuration, **more}


PIPELINE: dict[str, Any] = {
    "name": "demo",
    "roleArn": "arn:aws:iam::111111111111:role/pipeline",
    "pipelineType": "V2",
    "artifactStore": {"type": "S3", "location": "store"},
    "variables": [{"name": "Stage", "defaultValue": "staging"}],
    "stages": [
        {
            "name": "Source",
            "actions": [
                _action(
                    "Source",
                    "Source",
                    "CodeCommit",
                    {
                        "RepositoryName": "demo",
                        "BranchName": "main",
                        "PollForSourceChanges": "false",
                    },
                    outputArtifacts=[{"name": "Code"}],
                    namespace="Source",
                )
            ],
        },
        {
            "name": "Build",
            "actions": [
                _action(
                    "Build",
                    "Build",
                    "CodeBuild",
                    {"ProjectName": "demo-#{variables.Stage}"},
                    inputArtifacts=[{"name": "Code"}],
                    outputArtifacts=[{"name": "Out"}],
                    namespace="Build",
                ),
                _action(
                    "Image",
                    "Build",
                    "ECRBuildAndPublish",
                    {"ECRRepositoryName": "demo", "ImageTags": "#{Source.CommitId}"},
                    inputArtifacts=[{"name": "Code"}],
                ),
            ],
        },
    ],
}

Change = Callable[[dict[str, Any]], Any]


def _build(pipeline: dict[str, Any]) -> Any:
    return pipeline["stages"][1]["actions"][0]


def _source(pipeline: dict[str, Any]) -> Any:
    return pipeline["stages"][0]["actions"][0]


MAIN = {"includes": ["main"]}
WINDOW = {"Cron": "* * 9-15 ? * MON-THU *"}


def _trigger(action: str, **git: Any) -> dict[str, Any]:
    return {
        "providerType": "CodeStarSourceConnection",
        "gitConfiguration": {"sourceActionName": action, **git},
    }


def _rule(provider: str, **configuration: str) -> dict[str, Any]:
    kind = {"category": "Rule", "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": provider, "ruleTypeId": kind, "configuration": configuration}


def _condition(pipeline: dict[str, Any], member: str, result: str, *rules: Any) -> None:
    conditions = [{"result": result, "rules": list(rules)}]
    pipeline["stages"][1][member] = {"conditions": conditions}


def test_a_sound_pipeline_is_accepted() -> None:
    check_declaration(PIPELINE)


STRUCTURE, STAGE, ACTION = (
    "InvalidStructureException",
    "InvalidStageDeclarationException",
    "InvalidActionDeclarationException",
)


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda p: p["stages"].pop(), STRUCTURE, "minimum of 2 stages"),
        (lambda p: p["stages"].reverse(), STRUCTURE, "first stage must have source actions only"),
        (
            lambda p: p["stages"][1].update(name="Source"),
            STRUCTURE,
            "Source is used more than once",
        ),
        (lambda p: p.pop("artifactStore"), STRUCTURE, "either artifactStore or artifactStores"),
        (lambda p: p.update(pipelineType="V1"), STRUCTURE, "variables need a pipeline of type V2"),
        (
            lambda p: p.update(pipelineType="V1", variables=[], executionMode="QUEUED"),
            STRUCTURE,
            "executionMode QUEUED needs",
        ),
        (
            lambda p: p.update(triggers=[_trigger("Source", push=[{"branches": MAIN}])]),
            STRUCTURE,
            "no source action Source of provider CodeStarSourceConnection",
        ),
        (
            lambda p: p.update(triggers=[_trigger("Source")]),
            STRUCTURE,
            "needs push or pullRequest",
        ),
        (
            lambda p: p.update(
                triggers=[_trigger("Source", push=[{"branches": MAIN, "tags": MAIN}])]
            ),
            STRUCTURE,
            "not both",
        ),
        (
            lambda p: p.update(triggers=[_trigger("Source", push=[{"filePaths": MAIN}])]),
            STRUCTURE,
            "needs branches",
        ),
        (
            lambda p: (
                p["stages"][1].update(onFailure={"result": "ROLLBACK"})
                or p.update(executionMode="PARALLEL")
            ),
            STRUCTURE,
            "mode PARALLEL cannot be rolled back",
        ),
        (
            lambda p: p["stages"][0].update(onFailure={"result": "ROLLBACK"}),
            STRUCTURE,
            "stage of sources cannot be rolled back",
        ),
        (lambda p: _build(p).update(name="Image"), STAGE, "action name Image is used"),
        (
            lambda p: _condition(p, "beforeEntry", "ROLLBACK", _rule("DeploymentWindow", **WINDOW)),
            STAGE,
            "the result is FAIL or SKIP, got ROLLBACK",
        ),
        (
            lambda p: _condition(p, "onSuccess", "SKIP", _rule("DeploymentWindow", **WINDOW)),
            STAGE,
            "the result is FAIL or ROLLBACK, got SKIP",
        ),
        (
            lambda p: _condition(p, "beforeEntry", "SKIP", _rule("DeploymentWindow", **WINDOW)),
            STAGE,
            "has rules LambdaInvoke, VariableCheck, not DeploymentWindow",
        ),
        (
            lambda p: _condition(p, "beforeEntry", "FAIL"),
            STAGE,
            "a condition needs a rule",
        ),
        (
            lambda p: _condition(p, "beforeEntry", "FAIL", _rule("CodeBuild", ProjectName="x")),
            STAGE,
            "has no rule of provider CodeBuild",
        ),
        (
            lambda p: _condition(p, "beforeEntry", "FAIL", _rule("LambdaInvoke")),
            STAGE,
            "missing the required key FunctionName",
        ),
        (
            lambda p: _condition(
                p, "beforeEntry", "FAIL", _rule("CloudWatchAlarm", AlarmName="a", WaitTime="2000")
            ),
            STAGE,
            "WaitTime is minutes, 0 to 1440",
        ),
        (
            lambda p: _condition(
                p,
                "beforeEntry",
                "FAIL",
                _rule("DeploymentWindow", Cron="* 0 9 * * ?", TimeZone="X"),
            ),
            STAGE,
            "no IANA time zone",
        ),
        (
            lambda p: _condition(
                p,
                "beforeEntry",
                "FAIL",
                _rule("VariableCheck", Variable="#{variables.Stage}", Operator="GT", Value="1"),
            ),
            STAGE,
            "Operator must be one of EQ",
        ),
        (
            lambda p: p["stages"][1].update(
                onFailure={"result": "ROLLBACK", "retryConfiguration": {"retryMode": "ALL_ACTIONS"}}
            ),
            STAGE,
            "its result is not RETRY",
        ),
        (
            lambda p: p["stages"][1].update(onFailure={"result": "SKIP"}),
            STAGE,
            "onFailure has FAIL, RETRY, ROLLBACK, got SKIP",
        ),
        (
            lambda p: _build(p)["actionTypeId"].update(provider="Jenkins"),
            ACTION,
            "no action Build of owner AWS, provider Jenkins",
        ),
        (lambda p: _build(p)["actionTypeId"].update(owner="Custom"), ACTION, "owner Custom"),
        (lambda p: _build(p)["configuration"].clear(), ACTION, "required key ProjectName"),
        (
            lambda p: _build(p)["configuration"].update(Colour="red"),
            ACTION,
            "unknown key Colour",
        ),
        (
            lambda p: _build(p)["configuration"].update(BatchEnabled="true"),
            ACTION,
            "does not support BatchEnabled",
        ),
        (
            lambda p: _build(p)["configuration"].update(EnvironmentVariables="{"),
            ACTION,
            "must be a JSON list",
        ),
        (
            lambda p: _source(p)["configuration"].pop("PollForSourceChanges"),
            ACTION,
            "does not poll CodeCommit",
        ),
        (lambda p: _build(p).pop("inputArtifacts"), ACTION, "inputArtifacts has 0 artifact(s)"),
        (
            lambda p: (
                p.update(pipelineType="V1", variables=[])
                or _build(p)["configuration"].update(ProjectName="demo")
            ),
            ACTION,
            "ECRBuildAndPublish needs a pipeline of type V2",
        ),
        (
            lambda p: _build(p).update(inputArtifacts=[{"name": "Other"}]),
            STRUCTURE,
            "Input artifact Other",
        ),
        (
            lambda p: _build(p).update(outputArtifacts=[{"name": "Code"}]),
            STRUCTURE,
            "Output artifact Code is used more than once",
        ),
        (
            lambda p: _build(p)["configuration"].update(ProjectName="#{Later.X}"),
            STRUCTURE,
            "no preceding action has the namespace Later",
        ),
        (
            lambda p: _build(p)["configuration"].update(ProjectName="#{variables.Missing}"),
            STRUCTURE,
            "undeclared variable Missing",
        ),
        (
            lambda p: _build(p)["configuration"].update(ProjectName="#{odd}"),
            STRUCTURE,
            "#{odd} is no variable",
        ),
        (lambda p: _build(p).update(namespace="Source"), STRUCTURE, "Namespace Source is used"),
    ],
)
def test_what_is_wrong_is_refused_with_awss_code(change: Change, code: str, words: str) -> None:
    pipeline = deepcopy(PIPELINE)
    change(pipeline)
    with pytest.raises(AwsError) as error:
        check_declaration(pipeline)
    assert error.value.code == code
    assert words in error.value.message


def test_an_artifact_of_the_same_stage_may_be_used_by_a_later_run_order() -> None:
    pipeline = deepcopy(PIPELINE)
    image = pipeline["stages"][1]["actions"][1]
    image["inputArtifacts"] = [{"name": "Out"}]
    with pytest.raises(AwsError, match="not the output of any preceding action"):
        check_declaration(pipeline)
    image["runOrder"] = 2
    check_declaration(pipeline)


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({"ActionMode": "DEPLOY"}, "ActionMode must be one of"),
        ({"ActionMode": "CREATE_UPDATE", "RoleArn": "r"}, "needs TemplatePath"),
        ({"ActionMode": "CREATE_UPDATE", "TemplatePath": "Out::t"}, "needs RoleArn"),
        ({"ActionMode": "CHANGE_SET_EXECUTE"}, "needs ChangeSetName"),
        (
            {"ActionMode": "DELETE_ONLY", "RoleArn": "r", "ParameterOverrides": "x"},
            "not valid JSON",
        ),
    ],
)
def test_a_cloudformation_action_needs_what_its_mode_needs(
    configuration: dict[str, str], words: str
) -> None:
    pipeline = deepcopy(PIPELINE)
    action = _action(
        "Deploy",
        "Deploy",
        "CloudFormation",
        {"StackName": "demo", **configuration},
        inputArtifacts=[{"name": "Out"}],
    )
    pipeline["stages"].append({"name": "Deploy", "actions": [action]})
    with pytest.raises(AwsError, match=words):
        check_declaration(pipeline)
