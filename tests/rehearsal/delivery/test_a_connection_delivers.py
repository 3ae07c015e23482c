"""A real git push behind a connection starts a pipeline, and a topic is told that it waits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rehearsal.client import connection, local_aws

ACCOUNT = "111111111111"
PRINCIPAL = "codestar-notifications.amazonaws.com"


def _role(server: Any) -> str:
    iam = server.client("iam")
    trusted = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "codepipeline.amazonaws.com"},
    }
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    made = iam.create_role(
        RoleName="connected",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trusted]}),
    )["Role"]
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_role_policy(RoleName="connected", PolicyName="all", PolicyDocument=document)
    return str(made["Arn"])


def _key_policy() -> dict[str, Any]:
    """The notifications' service uses the key through SNS only, as AWS documents it."""
    owner = {
        "Effect": "Allow",
        "Action": "kms:*",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Resource": "*",
    }
    service = {
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Principal": {"Service": PRINCIPAL},
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:ViaService": "sns.us-east-1.amazonaws.com"}},
    }
    return {"Version": "2012-10-17", "Statement": [owner, service]}


def _template(role: str) -> dict[str, Any]:
    """A connection, a pipeline behind it, and a topic that is told of approvals, in one stack."""
    source = {
        "Name": "Source",
        "ActionTypeId": {
            "Category": "Source",
            "Owner": "AWS",
            "Provider": "CodeStarSourceConnection",
            "Version": "1",
        },
        "Configuration": {
            "ConnectionArn": {"Ref": "Connection"},
            "FullRepositoryId": "team/churn",
            "BranchName": "main",
            "DetectChanges": False,
        },
        "OutputArtifacts": [{"Name": "Code"}],
    }
    ask = {
        "Name": "Ask",
        "ActionTypeId": {
            "Category": "Approval",
            "Owner": "AWS",
            "Provider": "Manual",
            "Version": "1",
        },
    }
    push = [{"Branches": {"Includes": ["main"]}, "FilePaths": {"Includes": ["model/**"]}}]
    publish = {
        "Effect": "Allow",
        "Action": "sns:Publish",
        "Principal": {"Service": PRINCIPAL},
        "Resource": {"Ref": "Topic"},
    }
    pipeline_arn = {"Fn::Sub": "arn:aws:codepipeline:us-east-1:111111111111:${Pipeline}"}
    resources = {
        "Connection": {
            "Type": "AWS::CodeConnections::Connection",
            "Properties": {"ConnectionName": "team", "ProviderType": "GitHub"},
        },
        "Artifacts": {"Type": "AWS::S3::Bucket"},
        "Pipeline": {
            "Type": "AWS::CodePipeline::Pipeline",
            "Properties": {
                "Name": "connected",
                "PipelineType": "V2",
                "RoleArn": role,
                "ArtifactStore": {"Type": "S3", "Location": {"Ref": "Artifacts"}},
                "Stages": [
                    {"Name": "Source", "Actions": [source]},
                    {"Name": "Ask", "Actions": [ask]},
                ],
                "Triggers": [
                    {
                        "ProviderType": "CodeStarSourceConnection",
                        "GitConfiguration": {"SourceActionName": "Source", "Push": push},
                    }
                ],
            },
        },
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": _key_policy()}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": {"Ref": "Key"}}},
        "TopicPolicy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [{"Ref": "Topic"}],
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [publish]},
            },
        },
        "Rule": {
            "Type": "AWS::CodeStarNotifications::NotificationRule",
            "DependsOn": "TopicPolicy",
            "Properties": {
                "Name": "connected",
                "DetailType": "FULL",
                "Resource": pipeline_arn,
                "EventTypeIds": ["codepipeline-pipeline-manual-approval-needed"],
                "Targets": [{"TargetType": "SNS", "TargetAddress": {"Ref": "Topic"}}],
            },
        },
    }
    outputs = {name: {"Value": {"Ref": name}} for name in ("Connection", "Topic")}
    return {"Resources": resources, "Outputs": outputs}


def _deployed(server: Any) -> dict[str, str]:
    cloudformation = server.client("cloudformation")
    body = json.dumps(_template(_role(server)))
    cloudformation.create_stack(StackName="connected", TemplateBody=body)

    def settled() -> Any:
        stack = cloudformation.describe_stacks(StackName="connected")["Stacks"][0]
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    stack = server.wait("the stack", settled)
    assert stack["StackStatus"] == "CREATE_COMPLETE", server.log()
    return {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}


def _queue(server: Any, topic: str) -> str:
    sqs = server.client("sqs")
    url = str(sqs.create_queue(QueueName="connected")["QueueUrl"])
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:connected"
    server.client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RawMessageDelivery": "true"},
    )
    send = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [send]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
    return url


def _push(server: Any, url: str, folder: Path, path: str) -> str:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(path)
    for command in (("add", "."), ("commit", "-qm", f"Add {path}"), ("push", "-q", url, "main")):
        done = server.git(*command, directory=folder)
        assert done.returncode == 0, done.stderr
    return str(server.git("rev-parse", "HEAD", directory=folder).stdout.strip())


def test_a_push_behind_a_connection_is_delivered_and_told(server: Any, tmp_path: Path) -> None:
    outputs = _deployed(server)
    queue = _queue(server, outputs["Topic"])
    made = connection.authorize(local_aws.require(server.state), "team")
    assert (made.arn, made.status) == (outputs["Connection"], "AVAILABLE")
    server.git("init", "-q", "-b", "main", directory=tmp_path)
    url = made.remote.replace("OWNER/REPOSITORY", "team/churn")
    _push(server, url, tmp_path, "README.md")
    wanted = _push(server, url, tmp_path, "model/train.py")

    codepipeline = server.client("codepipeline")

    def started() -> Any:
        found = codepipeline.list_pipeline_executions(pipelineName="connected")
        return [
            item["sourceRevisions"][0]["revisionId"]
            for item in found["pipelineExecutionSummaries"]
            if item["trigger"]["triggerType"] == "WebhookV2" and item.get("sourceRevisions")
        ]

    assert server.wait("the execution", started) == [wanted]

    def told() -> Any:
        return server.client("sqs").receive_message(QueueUrl=queue).get("Messages")

    message = json.loads(server.wait("the notification", told)[0]["Body"])
    assert message["source"] == "aws.codepipeline"
    assert message["detail"]["action"] == "Ask"
    assert message["detail"]["state"] == "STARTED"

    server.client("cloudformation").delete_stack(StackName="connected")
    server.wait(
        "the deletion",
        lambda: (
            "connected" not in [item["name"] for item in codepipeline.list_pipelines()["pipelines"]]
        ),
    )
