"""The build and deploy pipelines match the contract of the seed code."""

import fnmatch
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import aws_cdk.assertions
import pytest
import yaml
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_iam as iam
from constructs import Construct

import mlops_constructs
from mlops_constructs.delivery import (
    FailureResponse,
    ModelDeployPipeline,
    ProjectResources,
    Source,
    StageChecks,
    StageCondition,
    StageRule,
)

CHECK = Path(mlops_constructs.__file__).parent / "delivery/runtime/check_templates.py"
SEED = Path(__file__).parents[3] / "seed_code/model_deploy"
Template = Mapping[str, Any]


def pipeline(template: Template, name: str) -> dict[str, Any]:
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::CodePipeline::Pipeline":
            properties: dict[str, Any] = resource["Properties"]
            if properties["Name"] == name:
                return properties
    raise AssertionError(f"no pipeline {name}")


def actions(properties: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{stage['Name']}/{action['Name']}": action
        for stage in properties["Stages"]
        for action in stage["Actions"]
    }


def project_of(template: Template, action: Mapping[str, Any]) -> dict[str, Any]:
    logical_id = action["Configuration"]["ProjectName"]["Ref"]
    properties: dict[str, Any] = template["Resources"][logical_id]["Properties"]
    return properties


def variables(template: Template, action: Mapping[str, Any]) -> dict[str, Any]:
    of_project = project_of(template, action)["Environment"]["EnvironmentVariables"]
    return {variable["Name"]: variable["Value"] for variable in of_project}


def test_the_build_pipeline_tests_and_builds_side_by_side_then_trains(
    both_pipelines: Template,
) -> None:
    build = pipeline(both_pipelines, "churn-model-build")

    assert list(actions(build)) == ["Source/Source", "Build/Test", "Build/Image", "Train/Train"]
    assert {action["RunOrder"] for action in actions(build).values()} == {1}
    assert (build["PipelineType"], build["ExecutionMode"]) == ("V2", "QUEUED")


def test_the_deploy_pipeline_asks_between_staging_and_production(both_pipelines: Template) -> None:
    deploy = pipeline(both_pipelines, "churn-model-deploy")

    orders = {name: action["RunOrder"] for name, action in actions(deploy).items()}
    assert orders == {
        "Source/Source": 1,
        "Synth/Synth": 1,
        "Synth/Check": 2,
        "Staging/Deploy": 1,
        "Staging/SmokeTest": 2,
        "Staging/Approval": 3,
        "Production/Deploy": 1,
        "Production/SmokeTest": 2,
    }
    assert (deploy["PipelineType"], deploy["ExecutionMode"]) == ("V2", "SUPERSEDED")


def test_the_stages_that_need_a_model_are_skipped_until_one_is_approved(
    both_pipelines: Template,
) -> None:
    deploy = pipeline(both_pipelines, "churn-model-deploy")

    entries = {stage["Name"]: stage.get("BeforeEntry") for stage in deploy["Stages"]}
    assert (entries["Source"], entries["Synth"]) == (None, None)
    for name in ("Staging", "Production"):
        (condition,) = entries[name]["Conditions"]
        assert condition["Result"] == "SKIP"
        assert [rule["Configuration"] for rule in condition["Rules"]] == [
            {"Variable": "#{Synth.MODEL_PACKAGE_VERSION}", "Operator": "NE", "Value": "none"}
        ]
    assert actions(deploy)["Synth/Synth"]["Namespace"] == "Synth"


def test_the_synth_build_exports_the_variable_that_the_stages_check() -> None:
    specification = yaml.safe_load((SEED / "buildspecs/synth.yml").read_text())
    assert specification["env"]["exported-variables"] == ["MODEL_PACKAGE_VERSION"]


def test_checks_of_production_are_combined_with_the_wait_for_a_model(
    stack: cdk.Stack, project: ProjectResources
) -> None:
    open_ = StageRule.variable_equals("#{Synth.FROZEN}", "no")
    fail = StageCondition.fail_unless(StageRule.deployment_window("* * 9-15 ? * MON-THU *"))
    found = {}
    for name, entry in (("Skips", StageCondition.skip_unless(open_)), ("Fails", fail)):
        scope = Construct(stack, name)
        ModelDeployPipeline(
            scope,
            "Deploy",
            project=project,
            source=Source.code_commit(codecommit.Repository.from_repository_name(scope, "R", "r")),
            model_execution_role=iam.Role.from_role_name(scope, "Role", "models"),
            production_checks=StageChecks(
                before_entry=entry, on_failure=FailureResponse.retry_failed_actions()
            ),
        )
    template = aws_cdk.assertions.Template.from_stack(stack).to_json()
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] == "AWS::CodePipeline::Pipeline":
            production = resource["Properties"]["Stages"][-1]
            (condition,) = production["BeforeEntry"]["Conditions"]
            assert production["OnFailure"]["Result"] == "RETRY"
            found[logical_id[:5]] = (condition["Result"], len(condition["Rules"]))
    assert found == {"Skips": ("SKIP", 2), "Fails": ("FAIL", 1)}


def test_the_image_is_tagged_with_the_commit(both_pipelines: Template) -> None:
    image = actions(pipeline(both_pipelines, "churn-model-build"))["Build/Image"]
    source = actions(pipeline(both_pipelines, "churn-model-build"))["Source/Source"]

    assert image["ActionTypeId"] == {
        "Category": "Build",
        "Owner": "AWS",
        "Provider": "ECRBuildAndPublish",
        "Version": "1",
    }
    assert source["Namespace"] == "Source"
    assert image["Configuration"]["ImageTags"] == "#{Source.CommitId}"
    assert image["InputArtifacts"] == [{"Name": "SourceOutput"}]


def test_the_log_of_the_image_action_is_encrypted_and_ends_and_is_there_before_the_pipeline(
    both_pipelines: Template,
) -> None:
    ((logical_id, log),) = [
        (name, one)
        for name, one in both_pipelines["Resources"].items()
        if one["Type"] == "AWS::Logs::LogGroup" and "LogGroupName" in one["Properties"]
    ]
    assert log["Properties"]["LogGroupName"] == "/aws/codepipeline/churn-model-build"
    assert log["Properties"]["RetentionInDays"] == 90
    assert log["Properties"]["KmsKeyId"]
    assert log["DeletionPolicy"] == "Delete"
    role = pipeline(both_pipelines, "churn-model-build")["RoleArn"]["Fn::GetAtt"][0]
    assert logical_id in both_pipelines["Resources"][role]["DependsOn"]


def test_training_gets_the_image_of_its_commit(both_pipelines: Template) -> None:
    train = actions(pipeline(both_pipelines, "churn-model-build"))["Train/Train"]

    assert "IMAGE_URI" in str(train["Configuration"]["EnvironmentVariables"])
    assert ":#{Source.CommitId}" in str(train["Configuration"]["EnvironmentVariables"])
    assert variables(both_pipelines, train)["SAGEMAKER_PIPELINE_NAME"] == "churn-train"
    assert "SAGEMAKER_PIPELINE_ROLE_ARN" in variables(both_pipelines, train)


@pytest.mark.parametrize(
    ("name", "action", "build_spec"),
    [
        ("churn-model-build", "Build/Test", "buildspecs/test.yml"),
        ("churn-model-build", "Train/Train", "buildspecs/train.yml"),
        ("churn-model-deploy", "Synth/Synth", "buildspecs/synth.yml"),
        ("churn-model-deploy", "Staging/SmokeTest", "buildspecs/smoke_test.yml"),
        ("churn-model-deploy", "Production/SmokeTest", "buildspecs/smoke_test.yml"),
    ],
)
def test_a_build_runs_the_repositorys_buildspec_and_knows_the_project(
    both_pipelines: Template, name: str, action: str, build_spec: str
) -> None:
    found = actions(pipeline(both_pipelines, name))[action]
    project = project_of(both_pipelines, found)

    assert project["Source"] == {"BuildSpec": build_spec, "Type": "CODEPIPELINE"}
    assert project["Environment"]["Image"] == "aws/codebuild/amazonlinux-x86_64-standard:5.0"
    assert project["Cache"] == {"Modes": ["LOCAL_CUSTOM_CACHE"], "Type": "LOCAL"}
    expected = {
        "SAGEMAKER_PROJECT_NAME": "churn",
        "SAGEMAKER_PROJECT_ID": "p-churn",
        "MODEL_PACKAGE_GROUP_NAME": "churn",
    }
    given = variables(both_pipelines, found)
    assert expected.items() <= given.items()
    assert {"ARTIFACT_BUCKET", "ARTIFACT_KEY_ARN"} <= given.keys()


def test_the_synth_build_hands_templates_and_the_model_role_on(both_pipelines: Template) -> None:
    synth = actions(pipeline(both_pipelines, "churn-model-deploy"))["Synth/Synth"]

    assert synth["OutputArtifacts"] == [{"Name": "SynthOutput"}]
    assert "MODEL_EXECUTION_ROLE_ARN" in variables(both_pipelines, synth)


@pytest.mark.parametrize(("stage", "suffix"), [("Staging", "staging"), ("Production", "prod")])
def test_a_stage_deploys_its_stack_with_the_deployment_role_and_tests_its_endpoint(
    both_pipelines: Template, stage: str, suffix: str
) -> None:
    found = actions(pipeline(both_pipelines, "churn-model-deploy"))
    deploy, smoke_test = found[f"{stage}/Deploy"], found[f"{stage}/SmokeTest"]

    configuration = deploy["Configuration"]
    assert configuration["ActionMode"] == "CREATE_UPDATE"
    assert configuration["StackName"] == f"churn-{suffix}"
    assert configuration["TemplatePath"] == f"CheckedTemplates::{suffix}.template.json"
    assert "Capabilities" not in configuration
    role = both_pipelines["Resources"][configuration["RoleArn"]["Fn::GetAtt"][0]]
    assert "cloudformation.amazonaws.com" in str(role["Properties"]["AssumeRolePolicyDocument"])
    given = variables(both_pipelines, smoke_test)
    assert (given["STAGE"], given["ENDPOINT_NAME"]) == (suffix, f"churn-{suffix}")


def test_the_check_of_templates_runs_no_file_of_the_repository(both_pipelines: Template) -> None:
    check = actions(pipeline(both_pipelines, "churn-model-deploy"))["Synth/Check"]
    project = both_pipelines["Resources"][check["Configuration"]["ProjectName"]["Ref"]]

    specification = json.loads(project["Properties"]["Source"]["BuildSpec"])
    write, run, run_of_monitors, export = specification["phases"]["build"]["commands"]
    assert write.startswith("python3 -I -c ")
    assert run.startswith("python3 -I /tmp/check_templates.py")
    # It reads what the first script has written, before anything is exported.
    assert run_of_monitors == "python3 -I /tmp/check_monitors.py checked-templates"
    assert export == ". /tmp/results.sh"
    assert (check["InputArtifacts"], check["OutputArtifacts"]) == (
        [{"Name": "SynthOutput"}],
        [{"Name": "CheckedTemplates"}],
    )


def test_no_build_of_the_team_writes_what_is_deployed(both_pipelines: Template) -> None:
    """Only the check can write a key in the form that CodePipeline generates."""
    key = "churn-model-deploy/CheckedTem/a1B2c3D"
    writers = {
        logical_id
        for logical_id, resource in both_pipelines["Resources"].items()
        if resource["Type"] == "AWS::IAM::ManagedPolicy"
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        if "s3:PutObject" in statement["Action"]
        for pattern in _key_patterns(statement["Resource"])
        if fnmatch.fnmatchcase(key, pattern)
    }

    assert len(writers) == 2
    assert {name[: name.index("Role")] for name in writers} == {
        "ModelDeployCheck",
        "ModelDeployPipeline",
    }


def _key_patterns(resources: Any) -> list[str]:
    """Returns the parts after the bucket in ARNs of objects."""
    listed = resources if isinstance(resources, list) else [resources]
    return [
        one["Fn::Join"][1][-1].lstrip("/")
        for one in listed
        if isinstance(one, dict) and "Fn::Join" in one and isinstance(one["Fn::Join"][1][-1], str)
    ]


def test_the_approval_shows_model_metrics_commit_and_changes(both_pipelines: Template) -> None:
    found = actions(pipeline(both_pipelines, "churn-model-deploy"))
    approval = found["Staging/Approval"]["Configuration"]

    assert found["Synth/Check"]["Namespace"] == "Check"
    assert approval["ExternalEntityLink"] == "#{Check.CHECK_URL}"
    for name in ("MODEL_PACKAGE", "TRAINED_BY", "METRICS", "CHANGES"):
        assert f"#{{Check.{name}}}" in approval["CustomData"]
    assert "#{Source.CommitId}" in approval["CustomData"]


def test_all_actions_run_with_the_pipelines_role(both_pipelines: Template) -> None:
    for name in ("churn-model-build", "churn-model-deploy"):
        found = actions(pipeline(both_pipelines, name)).values()
        assert not [action for action in found if "RoleArn" in action]


def test_a_push_starts_the_pipeline_with_a_role_that_can_do_nothing_else(
    both_pipelines: Template,
) -> None:
    rules = [
        resource["Properties"]
        for resource in both_pipelines["Resources"].values()
        if resource["Type"] == "AWS::Events::Rule"
    ]
    assert len(rules) == 2
    for rule in rules:
        pattern = rule["EventPattern"]
        assert pattern["detail-type"] == ["CodeCommit Repository State Change"]
        assert pattern["detail"]["referenceName"] == ["main"]
        role = both_pipelines["Resources"][rule["Targets"][0]["RoleArn"]["Fn::GetAtt"][0]]
        (policy,) = role["Properties"]["ManagedPolicyArns"]
        document = both_pipelines["Resources"][policy["Ref"]]["Properties"]["PolicyDocument"]
        (statement,) = document["Statement"]
        assert statement["Action"] == "codepipeline:StartPipelineExecution"
