"""Images, clones and change sets: what the push of the other test does not go through."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

DOCKERFILE = """FROM public.ecr.aws/docker/library/python:3.11-slim
COPY main.py /opt/program/
ENTRYPOINT ["python3", "/opt/program/main.py"]
"""
BUILDSPEC = """
version: 0.2
phases:
  build:
    commands:
      - git log -1 --format=%s
      - test "$(git rev-parse HEAD)" = "$CODEBUILD_RESOLVED_SOURCE_VERSION"
      - aws sts get-caller-identity --query Arn --output text
      - echo "image $IMAGE"
artifacts:
  files: [large.template.json]
"""
# More than the 51,200 bytes that a request to CloudFormation may carry.
LARGE = {
    "Description": "x" * 900,
    "Parameters": {f"P{index}": {"Type": "String", "Default": "d" * 900} for index in range(60)},
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    "Outputs": {"TopicArn": {"Value": {"Ref": "Topic"}}},
}
FILES = {
    "Dockerfile": DOCKERFILE,
    "main.py": "print('hello')\n",
    "buildspec.yml": BUILDSPEC,
    "large.template.json": json.dumps(LARGE),
}


def _role(server: Any, name: str, *principals: str) -> str:
    iam = server.client("iam")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": principals}}
    role = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.put_role_policy(
        RoleName=name,
        PolicyName="all",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everything]}),
    )
    return str(role["Arn"])


def _action(name: str, category: str, provider: str, **more: Any) -> dict[str, Any]:
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, **more}


def _stages(role: str) -> list[dict[str, Any]]:
    source = {
        "RepositoryName": "other",
        "BranchName": "main",
        "PollForSourceChanges": "false",
    }
    change_set = {"StackName": "other-deployed", "ChangeSetName": "release"}
    return [
        {
            "name": "Source",
            "actions": [
                _action(
                    "Clone",
                    "Source",
                    "CodeCommit",
                    configuration=source | {"OutputArtifactFormat": "CODEBUILD_CLONE_REF"},
                    outputArtifacts=[{"name": "Reference"}],
                    namespace="Source",
                ),
                _action(
                    "Files",
                    "Source",
                    "CodeCommit",
                    configuration=source,
                    outputArtifacts=[{"name": "Files"}],
                ),
            ],
        },
        {
            "name": "Build",
            "actions": [
                _action(
                    "Image",
                    "Build",
                    "ECRBuildAndPublish",
                    configuration={
                        "ECRRepositoryName": "other",
                        "ImageTags": "#{Source.CommitId},newest",
                    },
                    inputArtifacts=[{"name": "Files"}],
                    namespace="Image",
                ),
                _action(
                    "Build",
                    "Build",
                    "CodeBuild",
                    runOrder=2,
                    configuration={
                        "ProjectName": "other",
                        "PrimarySource": "Reference",
                        "EnvironmentVariables": json.dumps(
                            [{"name": "IMAGE", "value": "#{Image.ECRImageDigestId}"}]
                        ),
                    },
                    inputArtifacts=[{"name": "Reference"}, {"name": "Files"}],
                    outputArtifacts=[{"name": "Built"}],
                ),
            ],
        },
        {
            "name": "Deploy",
            "actions": [
                _action(
                    "Prepare",
                    "Deploy",
                    "CloudFormation",
                    configuration=change_set
                    | {
                        "ActionMode": "CHANGE_SET_REPLACE",
                        "RoleArn": role,
                        "TemplatePath": "Built::large.template.json",
                    },
                    inputArtifacts=[{"name": "Built"}],
                ),
                _action(
                    "Execute",
                    "Deploy",
                    "CloudFormation",
                    runOrder=2,
                    configuration=change_set | {"ActionMode": "CHANGE_SET_EXECUTE"},
                ),
            ],
        },
    ]


@pytest.fixture(scope="module")
def actions(server: Any) -> dict[str, Any]:
    """The actions of one execution, after its end."""
    role = _role(
        server,
        "everything",
        "codepipeline.amazonaws.com",
        "codebuild.amazonaws.com",
        "cloudformation.amazonaws.com",
    )
    server.client("s3").create_bucket(Bucket="other-artifacts")
    server.client("ecr").create_repository(repositoryName="other")
    codecommit = server.client("codecommit")
    codecommit.create_repository(repositoryName="other")
    codecommit.create_commit(
        repositoryName="other",
        branchName="main",
        putFiles=[{"filePath": name, "fileContent": text} for name, text in FILES.items()],
        commitMessage="An image",
    )
    server.client("codebuild").create_project(
        name="other",
        serviceRole=role,
        source={"type": "CODEPIPELINE"},
        artifacts={"type": "CODEPIPELINE"},
        environment={
            "type": "LINUX_CONTAINER",
            "computeType": "BUILD_GENERAL1_SMALL",
            "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
        },
    )
    pipeline = server.client("codepipeline")
    pipeline.create_pipeline(
        pipeline={
            "name": "other",
            "pipelineType": "V2",
            "roleArn": role,
            "artifactStore": {"type": "S3", "location": "other-artifacts"},
            "stages": _stages(role),
        }
    )

    def ended() -> Any:
        found = pipeline.list_pipeline_executions(pipelineName="other")
        execution = found["pipelineExecutionSummaries"][0]
        return execution if execution["status"] != "InProgress" else None

    execution = server.wait("the execution", ended, 120)
    details = pipeline.list_action_executions(pipelineName="other")["actionExecutionDetails"]
    assert execution["status"] == "Succeeded", [
        (item["actionName"], item["output"]["executionResult"])
        for item in details
        if item["status"] == "Failed"
    ]
    return {item["actionName"]: item for item in details}


def _log(server: Any, arn: str) -> list[str]:
    group, stream = arn.split(":log-group:")[1].split(":log-stream:")
    events = server.client("logs").get_log_events(logGroupName=group, logStreamName=stream)
    return [event["message"] for event in events["events"]]


def test_an_image_is_built_and_pushed_under_its_tags(server: Any, actions: dict[str, Any]) -> None:
    commit = actions["Clone"]["output"]["outputVariables"]["CommitId"]
    variables = actions["Image"]["output"]["outputVariables"]
    image = server.client("ecr").describe_images(repositoryName="other")["imageDetails"][0]
    assert variables == {
        "ECRImageDigestId": image["imageDigest"],
        "ECRRepositoryName": "other",
    }
    assert set(image["imageTags"]) == {commit, "newest"}
    arn = actions["Image"]["output"]["executionResult"]["logStreamARN"]
    assert ":log-group:/aws/codepipeline/other:" in arn
    assert any("docker push" in line for line in _log(server, arn))


def test_a_clone_has_history_and_the_builds_own_role(server: Any, actions: dict[str, Any]) -> None:
    lines = _log(server, actions["Build"]["output"]["executionResult"]["logStreamARN"])
    assert "An image" in lines
    assert any(":assumed-role/everything/AWSCodeBuild-" in line for line in lines)
    digest = actions["Image"]["output"]["outputVariables"]["ECRImageDigestId"]
    assert f"image {digest}" in lines


def test_a_change_set_with_a_large_template_is_executed(
    server: Any, actions: dict[str, Any]
) -> None:
    arn = actions["Execute"]["output"]["outputVariables"]["TopicArn"]
    assert arn in {item["TopicArn"] for item in server.client("sns").list_topics()["Topics"]}


def test_git_refuses_who_iam_refuses(server: Any, actions: dict[str, Any], tmp_path: Path) -> None:
    iam = server.client("iam")
    iam.create_user(UserName="reader")
    arn = "arn:aws:codecommit:us-east-1:111111111111:other"
    pull = {"Effect": "Allow", "Action": "codecommit:GitPull", "Resource": arn}
    iam.put_user_policy(
        UserName="reader",
        PolicyName="pull",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [pull]}),
    )
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    reader = {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    url = f"{server.url}/v1/repos/other"
    cloned = server.git("clone", "-q", url, ".", directory=tmp_path, environment=reader)
    assert cloned.returncode == 0, cloned.stderr
    (tmp_path / "main.py").write_text("changed\n")
    server.git("commit", "-q", "-a", "-m", "Mine", directory=tmp_path)
    pushed = server.git("push", "origin", "main", directory=tmp_path, environment=reader)
    assert pushed.returncode != 0
    assert "403" in pushed.stderr
    wrong = reader | {"AWS_SECRET_ACCESS_KEY": "guessed"}
    assert server.git("fetch", directory=tmp_path, environment=wrong).returncode != 0
