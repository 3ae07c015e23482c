"""Least-privilege policies for `cdk bootstrap` with which CloudFormation can deploy an app.

By default, `cdk bootstrap` gives CloudFormation's role AdministratorAccess. These policies contain
the permissions that the resource types of an app declare in the CloudFormation registry, and limit
the creation of roles to the paths and names of the app's roles.

A principal that can create roles can give them any permission, unless a boundary limits them. To
limit the role effectively, set `defaults.permissions_boundary` as well: these policies then require
it.

Sources: CDK Developer Guide, "Customize CDK bootstrapping"; `handlers` in the schemas of the
CloudFormation registry; IAM User Guide, "Permissions boundaries".
"""

import importlib.util
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_MAX_POLICY_LENGTH = 6_144
"""Maximum of characters in a managed policy without white space (IAM quotas)."""

_PREFIX_LENGTH = 20

_NOT_IN_THE_REGISTRY = {
    "AWS::CodeBuild::Project": [
        "codebuild:BatchGetProjects",
        "codebuild:CreateProject",
        "codebuild:DeleteProject",
        "codebuild:UpdateProject",
    ],
}
# What the documentation asks the caller for, beyond the permissions in the registry.
# Source: OnlineStoreSecurityConfig in SageMaker's API reference.
_DOCUMENTED = {
    "AWS::SageMaker::FeatureGroup": [
        "kms:Decrypt",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:ListAliases",
        "kms:ListGrants",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
        "kms:RetireGrant",
        "kms:RevokeGrant",
    ],
}
_NO_ROLE = ("Group", "User")
_LISTS = ("iam:ListPolicies", "iam:ListRoles")
_WITH_BOUNDARY = (
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
)
_LOSES_BOUNDARY = "iam:DeleteRolePermissionsBoundary"
_ASSETS = ("s3:GetObject", "s3:GetObjectVersion")

_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9]+\*?")

Statement = dict[str, Any]


@dataclass
class Deployed:
    """Resources that an app deploys into one account and region."""

    account: str
    region: str
    types: set[str] = field(default_factory=set)
    roles: set[str] = field(default_factory=set)
    services: set[str] = field(default_factory=set)
    boundaries: set[str] = field(default_factory=set)
    qualifiers: set[str] = field(default_factory=set)
    parameters: set[str] = field(default_factory=set)

    @property
    def partition(self) -> str:
        """Partition of the region, derived from its name."""
        for prefix, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
            if self.region.startswith(prefix):
                return partition
        return "aws"

    def add(self, name: str, execution_role: str, template: Mapping[str, Any]) -> None:
        """Adds a stack.

        Args:
            name: name of the stack.
            execution_role: ARN of CloudFormation's role, named
                cdk-QUALIFIER-cfn-exec-role-ACCOUNT-REGION.
            template: template of the stack.
        """
        self.qualifiers.add(execution_role.split("/")[1].split("-")[1])
        self._add_parameters(template.get("Parameters", {}).values())
        for resource in template.get("Resources", {}).values():
            self.types.add(resource["Type"])
            if resource["Type"] == "AWS::IAM::Role":
                self._add_role(name, resource["Properties"])

    def policies(self) -> list[dict[str, Any]]:
        """Returns the policy documents; a role can have ten of them."""
        return _packed([*self._of_services(), *self._of_roles()])

    def _add_parameters(self, parameters: Iterable[Mapping[str, Any]]) -> None:
        """Adds the parameters of Systems Manager that CloudFormation reads for a template."""
        for one in parameters:
            if one["Type"].startswith("AWS::SSM::Parameter::Value<"):
                root = one["Default"].strip("/").split("/")[0]
                self.parameters.update([] if root == "cdk-bootstrap" else [root])

    def _add_role(self, stack: str, role: Mapping[str, Any]) -> None:
        path = role.get("Path", "/")
        # CloudFormation starts generated names with the stack's name, truncated.
        prefix = f"{stack}-" if len(stack) <= _PREFIX_LENGTH else stack[:_PREFIX_LENGTH]
        named = role.get("RoleName") or f"{prefix}*"
        self.roles.add(f"{path}*" if path != "/" else f"/{named}")
        boundary = role.get("PermissionsBoundary")
        self.boundaries.add(boundary if isinstance(boundary, str) else "")
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            named = statement.get("Principal", {}).get("Service", [])
            self.services.update([named] if isinstance(named, str) else named)

    def _of_services(self) -> Iterator[Statement]:
        by_service = defaultdict(set)
        for action in _actions(self.types):
            by_service[action.split(":")[0]].add(action)
        by_service.pop("iam", None)
        by_service["s3"].difference_update(_ASSETS)
        if any(one.startswith("Custom::") for one in self.types):
            by_service["lambda"].add("lambda:InvokeFunction")
        for _, actions in sorted(by_service.items()):
            yield {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
        assets = [
            f"arn:{self.partition}:s3:::cdk-{one}-assets-{self.account}-{self.region}/*"
            for one in sorted(self.qualifiers)
        ]
        yield {"Effect": "Allow", "Action": list(_ASSETS), "Resource": assets}
        versions = [
            f"arn:{self.partition}:ssm:{self.region}:{self.account}:parameter/cdk-bootstrap/{one}/*"
            for one in sorted(self.qualifiers)
        ]
        published = [
            f"arn:{self.partition}:ssm:{self.region}:{self.account}:parameter/{root}/*"
            for root in sorted(self.parameters)
        ]
        read = [*versions, *published]
        yield {"Effect": "Allow", "Action": ["ssm:GetParameters"], "Resource": read}

    def _of_roles(self) -> Iterator[Statement]:
        iam = f"arn:{self.partition}:iam::{self.account}"
        roles = [f"{iam}:role{pattern}" for pattern in sorted(self.roles)]
        actions = {one for one in _actions(self.types) if one.startswith("iam:")}
        actions = {one for one in actions if not any(word in one for word in _NO_ROLE)}
        of_policies = {one for one in actions if "Policy" in one and "Role" not in one}
        of_policies |= {"iam:ListEntitiesForPolicy"} if of_policies else set()
        of_roles = actions - of_policies - {"iam:PassRole", *_LISTS}
        bounded: set[str] = set()
        if self.boundaries and "" not in self.boundaries:
            bounded = of_roles & set(_WITH_BOUNDARY)
            yield {
                "Effect": "Allow",
                "Action": sorted(bounded),
                "Resource": roles,
                "Condition": {"StringEquals": {"iam:PermissionsBoundary": sorted(self.boundaries)}},
            }
            of_roles -= {_LOSES_BOUNDARY}
        if of_roles:
            yield {"Effect": "Allow", "Action": sorted(of_roles - bounded), "Resource": roles}
            yield {
                "Effect": "Allow",
                "Action": ["iam:PassRole"],
                "Resource": roles,
                "Condition": {"StringEquals": {"iam:PassedToService": sorted(self.services)}},
            }
        if of_policies:
            yield {
                "Effect": "Allow",
                "Action": sorted(of_policies - set(_LISTS)),
                "Resource": [f"{iam}:policy/*"],
            }
        if lists := sorted(actions & set(_LISTS)):
            yield {"Effect": "Allow", "Action": lists, "Resource": "*"}


def deployed(assembly: Path) -> list[Deployed]:
    """Returns what a synthesised app deploys, by account and region, including pipeline stages.

    Args:
        assembly: the folder that `cdk synth` has written, such as cdk.out.
    """
    found: dict[str, Deployed] = {}
    for manifest in sorted(assembly.rglob("manifest.json")):
        for name, artifact in json.loads(manifest.read_text())["artifacts"].items():
            if artifact["type"] != "aws:cloudformation:stack":
                continue
            place = artifact["environment"].removeprefix("aws://")
            account, _, region = place.partition("/")
            properties = artifact["properties"]
            template = json.loads((manifest.parent / properties["templateFile"]).read_text())
            found.setdefault(place, Deployed(account, region)).add(
                properties.get("stackName", name),
                properties["cloudFormationExecutionRoleArn"],
                template,
            )
    return [one for _, one in sorted(found.items())]


def write_policies(assembly: Path, directory: Path) -> list[Path]:
    """Writes the policies of each account and region, ACCOUNT-REGION-NUMBER.json.

    Args:
        assembly: the folder that `cdk synth` has written, such as cdk.out.
        directory: folder of the policies.

    Returns:
        The paths of the policies.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for place in deployed(assembly):
        for number, policy in enumerate(place.policies(), 1):
            path = directory / f"{place.account}-{place.region}-{number}.json"
            path.write_text(json.dumps(policy, indent=2) + "\n")
            written.append(path)
    return written


def _actions(types: Iterable[str]) -> set[str]:
    """Returns the actions that the handlers of resource types call."""
    found: set[str] = set()
    for name in types:
        found.update(_DOCUMENTED.get(name, ()))
        if name in _NOT_IN_THE_REGISTRY:
            found.update(_NOT_IN_THE_REGISTRY[name])
        elif name.startswith("AWS::"):
            handlers = _schema(name).get("handlers", {})
            if not handlers:
                raise ValueError(
                    f"{name}: got a schema without permissions; add them to _NOT_IN_THE_REGISTRY"
                )
            for handler in handlers.values():
                found.update(handler.get("permissions", []))
    # Not all are actions: the schema of AWS::SageMaker::FeatureGroup has s3:REST.PUT.OBJECT.
    return {action for action in found if _ACTION.fullmatch(action)}


def _schema(name: str) -> Mapping[str, Any]:
    """Returns the registry schema of a type, from cfn-lint."""
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise ValueError("cfn-lint, which contains the schemas, is not installed: run make setup")
    folder = Path(spec.origin).parent / "data" / "schemas"
    digests = json.loads((folder / "providers" / "us-east-1.json").read_text())
    if name not in digests:
        raise ValueError(f"{name}: got a type without a schema in cfn-lint; update cfn-lint")
    schema: Mapping[str, Any] = json.loads(
        (folder / "resources" / f"{digests[name]}.json").read_text()
    )
    return schema


def _packed(statements: Iterable[Statement]) -> list[dict[str, Any]]:
    """Returns the statements in few documents, each short enough for a managed policy."""
    documents: list[list[Statement]] = []
    for statement in sorted(statements, key=_length, reverse=True):
        for document in documents:
            if _length([*document, statement]) + 50 <= _MAX_POLICY_LENGTH:
                document.append(statement)
                break
        else:
            documents.append([statement])
    return [{"Version": "2012-10-17", "Statement": one} for one in documents]


def _length(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":")))
