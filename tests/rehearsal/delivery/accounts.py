"""Two accounts with what a deployment of the one into the other needs, in one or two regions."""

from __future__ import annotations

import json
from typing import Any

TOOLING, PRODUCTION = "111111111111", "222222222222"
HOME = "us-east-1"


def trust(principal: Any, **conditions: Any) -> dict[str, Any]:
    given = {"Condition": conditions} if conditions else {}
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **given}


def allow(resource: Any, *actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Accounts:
    """Both accounts with what a deployment to `region` needs; `without` names what is left out."""

    def __init__(self, server: Any, name: str, without: str = "", region: str = HOME) -> None:
        self.server, self.name, self.without, self.region = server, name, without, region
        self.pipeline_role = f"arn:aws:iam::{TOOLING}:role/delivery/{name}-pipeline"
        self.action_role = f"arn:aws:iam::{PRODUCTION}:role/delivery/{name}-deploy"
        self.stores = {place: self._store(place) for place in dict.fromkeys((HOME, region))}
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

    def _store(self, region: str) -> dict[str, Any]:
        """A bucket and a key of a region; the target reads from its own region's only."""
        name = self.name if region == HOME else f"{self.name}-{region}"
        read = region == self.region
        owner = allow("*", "kms:*", Principal={"AWS": f"arn:aws:iam::{TOOLING}:root"})
        other = [self.let_in("kms:Decrypt", "kms:DescribeKey")] if read else []
        statements = [owner, *(other if self.without != "key" else [])]
        kms = self.server.client("kms", region=region)
        key = kms.create_key(Policy=policy(*statements))["KeyMetadata"]["Arn"]
        place = HOME if self.without == "place" else region
        s3 = self.server.client("s3", region=place)
        where = {"CreateBucketConfiguration": {"LocationConstraint": place}}
        s3.create_bucket(Bucket=name, **({} if place == HOME else where))
        if read and self.without != "bucket":
            objects = self.let_in("s3:GetObject", resource=f"arn:aws:s3:::{name}/*")
            s3.put_bucket_policy(Bucket=name, Policy=policy(objects))
        return {"type": "S3", "location": name, "encryptionKey": {"id": key, "type": "KMS"}}

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
        buckets = [f"arn:aws:s3:::{one['location']}" for one in self.stores.values()]
        keys = {place: one["encryptionKey"]["id"] for place, one in self.stores.items()}
        used = [key for place, key in keys.items() if self.without != "use" or place == HOME]
        self._role(
            TOOLING,
            "pipeline",
            trust({"Service": "codepipeline.amazonaws.com"}),
            allow([f"{one}/*" for one in buckets], "s3:GetObject", "s3:PutObject"),
            allow(buckets, "s3:GetBucketLocation"),
            allow(used, "kms:Decrypt", "kms:GenerateDataKey"),
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
            allow(f"arn:aws:s3:::{self.stores[self.region]['location']}/*", "s3:GetObject"),
            allow(keys[self.region], "kms:Decrypt"),
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
                "artifactStores": {
                    place: one
                    for place, one in self.stores.items()
                    if self.without != "store" or place == HOME
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
            "region": self.region,
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
        newest = self.actions()[0]["output"]["executionResult"]
        return str(status), str(newest["externalExecutionSummary"])

    def actions(self) -> Any:
        """The action executions, the newest first."""
        codepipeline = self.server.client("codepipeline")
        return codepipeline.list_action_executions(pipelineName=self.name)["actionExecutionDetails"]


def _kind(category: str, provider: str) -> dict[str, str]:
    return {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
