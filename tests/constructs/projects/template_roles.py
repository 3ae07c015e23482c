"""The roles of a project's template with literal values, as IAM would see them in an account."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Template = Mapping[str, Any]
Statement = Mapping[str, Any]

ACCOUNT, REGION, PROJECT = "111111111111", "us-east-1", "churn"
STACK = f"SP-{ACCOUNT}-p-abcdefghijkl"
CONNECTION = f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/0c8f"
_PARAMETERS = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
    "SageMakerProjectId": "p-abcdefghijkl",
    "SageMakerProjectName": PROJECT,
}


@dataclass(frozen=True)
class Project:
    """A template of a project, with the names that CloudFormation would generate."""

    template: Template

    def statements(self) -> Iterator[tuple[str, Statement]]:
        """Each statement that allows something to a role, with the logical id of its policy."""
        for logical_id, resource in self.template["Resources"].items():
            if resource["Type"] == "AWS::IAM::ManagedPolicy":
                for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                    if statement["Effect"] == "Allow":
                        yield logical_id, self.resolved(statement)

    def tags_of(self, arn: str) -> Mapping[str, str]:
        """The tags of the resource of an ARN, which may have a path behind it."""
        for logical_id, resource in self.template["Resources"].items():
            if arn.startswith(self._arn(logical_id)):
                tags = resource["Properties"].get("Tags", [])
                return {tag["Key"]: self.resolved(tag["Value"]) for tag in tags}
        return {}

    def resolved(self, value: Any) -> Any:
        """A value without functions of CloudFormation."""
        if isinstance(value, list):
            return [self.resolved(one) for one in value]
        if not isinstance(value, Mapping):
            return value
        match value:
            case {"Ref": str(name)}:
                return _PARAMETERS.get(name) or self._published(name) or self._reference(name)
            case {"Fn::GetAtt": [str(name), "Arn"]}:
                return self._arn(name)
            case {"Fn::GetAtt": [str(name), "Name"]}:
                return self._name(name)
            case {"Fn::If": [_, created, _]}:  # what a project that adopts nothing has
                return self.resolved(created)
            case {"Fn::Join": [str(delimiter), parts]}:
                return delimiter.join(self.resolved(part) for part in parts)
            case {"Fn::Select": [position, {"Fn::Split": [str(delimiter), whole]}]}:
                return self.resolved(whole).split(delimiter)[int(position)]
        return {key: self.resolved(one) for key, one in value.items()}

    def _published(self, name: str) -> str | None:
        """The value of a parameter that CloudFormation reads from Parameter Store: a connection."""
        kind = self.template.get("Parameters", {}).get(name, {}).get("Type", "")
        return CONNECTION if kind.startswith("AWS::SSM::Parameter::Value") else None

    def arn(self, logical_id: str) -> str | None:
        """The ARN that a resource is going to have; None for a type that has none."""
        kind = self.template["Resources"][logical_id]["Type"]
        return self._arn(logical_id) if kind in _ARNS else None

    def _reference(self, logical_id: str) -> str:
        by_arn = (
            "AWS::IAM::ManagedPolicy",
            "AWS::SNS::Topic",
            "AWS::StepFunctions::StateMachine",
        )
        is_arn = self.template["Resources"][logical_id]["Type"] in by_arn
        return self._arn(logical_id) if is_arn else self._name(logical_id)

    def _name(self, logical_id: str) -> str:
        resource = self.template["Resources"][logical_id]
        given = next(
            (resource["Properties"][key] for key in _NAMES if key in resource["Properties"]), None
        )
        if given:
            return str(self.resolved(given))
        name = f"{STACK[:24]}-{logical_id[:24]}-ABCDEFGHIJKL"
        if resource["Type"] == "AWS::CodeBuild::Project":
            return f"{logical_id}-ABCDEFGHIJKL"
        return name.lower() if resource["Type"] in _LOWER_CASE else name

    def _arn(self, logical_id: str) -> str:
        resource = self.template["Resources"][logical_id]
        form = _ARNS.get(resource["Type"], "arn:aws:unknown:::{name}")
        return form.format(
            name=self._name(logical_id),
            path=resource.get("Properties", {}).get("Path", "/"),
            here=f"{REGION}:{ACCOUNT}",
            account=ACCOUNT,
        )


_NAMES = (
    "LogGroupName",
    "ModelPackageGroupName",
    "Name",
    "RepositoryName",
    "StateMachineName",
)
_LOWER_CASE = ("AWS::ECR::Repository", "AWS::S3::Bucket")
_ARNS = {
    "AWS::CodeBuild::Project": "arn:aws:codebuild:{here}:project/{name}",
    "AWS::CodeCommit::Repository": "arn:aws:codecommit:{here}:{name}",
    "AWS::CodePipeline::Pipeline": "arn:aws:codepipeline:{here}:{name}",
    "AWS::ECR::Repository": "arn:aws:ecr:{here}:repository/{name}",
    "AWS::Events::Rule": "arn:aws:events:{here}:rule/{name}",
    "AWS::IAM::ManagedPolicy": "arn:aws:iam::{account}:policy{path}{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role{path}{name}",
    "AWS::KMS::Key": "arn:aws:kms:{here}:key/{name}",
    "AWS::Lambda::Function": "arn:aws:lambda:{here}:function:{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{here}:log-group:{name}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SageMaker::ModelPackageGroup": "arn:aws:sagemaker:{here}:model-package-group/{name}",
    "AWS::SNS::Topic": "arn:aws:sns:{here}:{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{here}:{name}",
    "AWS::StepFunctions::StateMachine": "arn:aws:states:{here}:stateMachine:{name}",
}
