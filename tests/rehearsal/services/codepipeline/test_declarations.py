"""Pipelines that AWS or the rehearsal does not support are rejected on creation."""

from __future__ import annotations

from copy import deepcopy

import pytest

from rehearsal.framework.platform import AwsError
from rehearsal.services.codepipeline.declaration_rules import check_declaration
from tests.rehearsal.services.codepipeline.declarations import (
    ACTION,
    PIPELINE,
    REGION,
    STAGE,
    STRUCTURE,
    Change,
    action,
    build_of,
    is_rejected,
    source_of,
)


def test_a_sound_pipeline_is_accepted() -> None:
    check_declaration(PIPELINE, REGION)


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
        (lambda p: p.update(pipelineType="V1"), STRUCTURE, "variables need a pipeline of type V2"),
        (
            lambda p: p.update(pipelineType="V1", variables=[], executionMode="QUEUED"),
            STRUCTURE,
            "executionMode QUEUED needs",
        ),
        (lambda p: build_of(p).update(name="Image"), STAGE, "action name Image is used"),
        (
            lambda p: build_of(p)["actionTypeId"].update(provider="Jenkins"),
            ACTION,
            "the action Build of owner AWS, provider Jenkins",
        ),
        (lambda p: build_of(p)["actionTypeId"].update(owner="Custom"), ACTION, "owner Custom"),
        (lambda p: build_of(p)["configuration"].clear(), ACTION, "required key ProjectName"),
        (
            lambda p: build_of(p)["configuration"].update(Colour="red"),
            ACTION,
            "unknown key Colour",
        ),
        (
            lambda p: build_of(p)["configuration"].update(BatchEnabled="true"),
            ACTION,
            "does not support BatchEnabled",
        ),
        (
            lambda p: build_of(p)["configuration"].update(EnvironmentVariables="{"),
            ACTION,
            "must be a JSON list",
        ),
        (
            lambda p: source_of(p)["configuration"].pop("PollForSourceChanges"),
            ACTION,
            "does not poll CodeCommit",
        ),
        (lambda p: build_of(p).pop("inputArtifacts"), ACTION, "inputArtifacts has 0 artifact(s)"),
        (
            lambda p: (
                p.update(pipelineType="V1", variables=[])
                or build_of(p)["configuration"].update(ProjectName="demo")
            ),
            ACTION,
            "ECRBuildAndPublish needs a pipeline of type V2",
        ),
        (
            lambda p: build_of(p).update(inputArtifacts=[{"name": "Other"}]),
            STRUCTURE,
            "Input artifact Other",
        ),
        (
            lambda p: build_of(p).update(outputArtifacts=[{"name": "Code"}]),
            STRUCTURE,
            "Output artifact Code is used more than once",
        ),
        (
            lambda p: build_of(p)["configuration"].update(ProjectName="#{Later.X}"),
            STRUCTURE,
            "no preceding action has the namespace Later",
        ),
        (
            lambda p: build_of(p)["configuration"].update(ProjectName="#{variables.Missing}"),
            STRUCTURE,
            "undeclared variable Missing",
        ),
        (
            lambda p: build_of(p)["configuration"].update(ProjectName="#{odd}"),
            STRUCTURE,
            "#{odd} is not a variable",
        ),
        (lambda p: build_of(p).update(namespace="Source"), STRUCTURE, "Namespace Source is used"),
    ],
)
def test_what_is_wrong_is_rejected_with_awss_code(change: Change, code: str, words: str) -> None:
    is_rejected(change, code, words)


def test_an_artifact_of_the_same_stage_may_be_used_by_a_later_run_order() -> None:
    pipeline = deepcopy(PIPELINE)
    image = pipeline["stages"][1]["actions"][1]
    image["inputArtifacts"] = [{"name": "Out"}]
    with pytest.raises(AwsError, match="not the output of any preceding action"):
        check_declaration(pipeline, REGION)
    image["runOrder"] = 2
    check_declaration(pipeline, REGION)


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
    deploy = action(
        "Deploy",
        "Deploy",
        "CloudFormation",
        {"StackName": "demo", **configuration},
        inputArtifacts=[{"name": "Out"}],
    )
    pipeline["stages"].append({"name": "Deploy", "actions": [deploy]})
    with pytest.raises(AwsError, match=words):
        check_declaration(pipeline, REGION)
