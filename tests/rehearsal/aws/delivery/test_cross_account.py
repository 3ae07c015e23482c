"""A pipeline deploys into another account, if key, bucket and role over there let it."""

from __future__ import annotations

import json
from typing import Any

import pytest

TOOLING, PRODUCTION = "111111111111", "222222222222"


def trust(principal: Any, **conditions: Any) -> dict[str, Any]:
    given = {"Condition": conditions} if conditions else {}
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **given}


def allow(resource: Any, *actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Accounts:
    """Both accounts with what a deployment needs; `without` names what is left out."""

    def __init__(self, server: Any, name: str, without: str) -> None:
        self.server, self.name, self.without = server, name, without
        self.pipeline_role = f"arn:aws:iam::{TOOLING}:role/delivery/{name}-pipeline"
        self.action_role = f"arn:aws:iam::{PRODUCTION}:role/delivery/{name}-deploy"
        self.key = self._key()
        self._bucket()
        self._roles()
        self._pipeline()

    def let_in(self, *actions: str, resource: str = "*") -> dict[str, Any]:
        """The role over there, as an account with a condition: it need not exist yet."""
        return allow(
            resource,
            *actions,
            Principal={"AWS": f"arn:aws:iam::{PRODUCTION}:root"},
            Condition={"ArnEquals": {"aws:PrincipalArn": self.action_role}},
        )

    def _key(self) -> str:
        owner = allow("*", "kms:*", Principal={"AWS": f"arn:aws:iam::{TOOLING}:root"})
        other = [] if self.without == "key" else [self.let_in("kms:Decrypt", "kms:DescribeKey")]
        made = self.server.client("kms").create_key(Policy=policy(owner, *other))
        return str(made["KeyMetadata"]["Arn"])

    def _bucket(self) -> None:
        s3 = self.server.client("s3")
        s3.create_bucket(Bucket=self.name)
        if self.without != "bucket":
            objects = self.let_in("s3:GetObject", resource=f"arn:aws:s3:::{self.name}/*")
            s3.put_bucket_policy(Bucket=self.name, Policy=policy(objects))

    def _role(self, account: str, suffix: str, trusted: Any, *statements: Any) -> str:
        iam = self.server.client("iam", account)
        made = iam.create_role(
            RoleName=f"{self.name}-{suffix}",
            Path="/delivery/",
            AssumeRolePolicyDocument=policy(trusted),
        )["Role"]
        iam.put_role_policy(
            RoleName=made["RoleName"], PolicyName="all", PolicyDocument=policy(*statements)
        )
        return str(made["Arn"])

    def _roles(self) -> None:
        objects = f"arn:aws:s3:::{self.name}/*"
        self._role(
            TOOLING,
            "pipeline",
            trust({"Service": "codepipeline.amazonaws.com"}),
            allow(objects, "s3:GetObject", "s3:PutObject"),
            allow(self.key, "kms:Decrypt", "kms:GenerateDataKey"),
            allow("*", "codecommit:*"),
            allow(self.action_role, "sts:AssumeRole"),
        )
        self.deployment_role = self._role(
            PRODUCTION,
            "cloudformation",
            trust({"Service": "cloudformation.amazonaws.com"}),
            allow("*", "ssm:*"),
        )
        named = {"ArnEquals": {"aws:PrincipalArn": self.pipeline_role}}
        if self.without == "trust":
            named = {"ArnEquals": {"aws:PrincipalArn": f"{self.pipeline_role}-of-others"}}
        self._role(
            PRODUCTION,
            "deploy",
            trust({"AWS": f"arn:aws:iam::{TOOLING}:root"}, **named),
            allow(objects, "s3:GetObject"),
            allow(self.key, "kms:Decrypt"),
            allow("*", "cloudformation:*"),
            allow(self.deployment_role, "iam:PassRole"),
        )

    def _pipeline(self) -> None:
        parameter = {"Name": f"/{self.name}/version", "Type": "String", "Value": "1"}
        template = {
            "Resources": {"Version": {"Type": "AWS::SSM::Parameter", "Properties": parameter}}
        }
        codecommit = self.server.client("codecommit")
        codecommit.create_repository(repositoryName=self.name)
        content = json.dumps(template).encode()
        codecommit.create_commit(
            repositoryName=self.name,
            branchName="main",
            putFiles=[{"filePath": "prod.json", "fileContent": content}],
        )
        self.server.client("codepipeline").create_pipeline(
            pipeline={
                "name": self.name,
                "roleArn": self.pipeline_role,
                "artifactStore": {
                    "type": "S3",
                    "location": self.name,
                    "encryptionKey": {"id": self.key, "type": "KMS"},
                },
                "stages": [
                    {"name": "Source", "actions": [self._source()]},
                    {"name": "Production", "actions": [self._deploy()]},
                ],
            }
        )

    def _source(self) -> dict[str, Any]:
        return {
            "name": "Source",
            "actionTypeId": _kind("Source", "CodeCommit"),
            "configuration": {
                "RepositoryName": self.name,
                "BranchName": "main",
                "PollForSourceChanges": "false",
            },
            "outputArtifacts": [{"name": "Code"}],
        }

    def _deploy(self) -> dict[str, Any]:
        return {
            "name": "Deploy",
            "actionTypeId": _kind("Deploy", "CloudFormation"),
            "roleArn": self.action_role,
            "configuration": {
                "ActionMode": "CREATE_UPDATE",
                "StackName": self.name,
                "RoleArn": self.deployment_role,
                "TemplatePath": "Code::prod.json",
            },
            "inputArtifacts": [{"name": "Code"}],
        }

    def result(self) -> tuple[str, str]:
        """The status of the first execution, and what its newest action says."""
        codepipeline = self.server.client("codepipeline")

        def over() -> Any:
            found = codepipeline.list_pipeline_executions(pipelineName=self.name)
            status = found["pipelineExecutionSummaries"][0]["status"]
            return None if status == "InProgress" else status

        status = self.server.wait("the deployment", over)
        details = codepipeline.list_action_executions(pipelineName=self.name)
        newest = details["actionExecutionDetails"][0]["output"]["executionResult"]
        return str(status), str(newest["externalExecutionSummary"])


def _kind(category: str, provider: str) -> dict[str, str]:
    return {"category": category, "owner": "AWS", "provider": provider, "version": "1"}


def test_a_pipeline_deploys_into_another_account(server: Any) -> None:
    accounts = Accounts(server, "whole", without="")

    assert accounts.result()[0] == "Succeeded"
    parameter = server.client("ssm", PRODUCTION).get_parameter(Name="/whole/version")
    assert parameter["Parameter"]["Value"] == "1"


@pytest.mark.parametrize(
    ("without", "words"),
    [
        ("trust", "not authorized to perform AssumeRole"),
        ("bucket", "GetObject: Access Denied"),
        ("key", "kms:Decrypt"),
    ],
)
def test_complaint_11_each_missing_part_fails_by_name(
    server: Any, without: str, words: str
) -> None:
    status, summary = Accounts(server, f"without-{without}", without).result()

    assert status == "Failed"
    assert words in summary
