"""What the actions of projects' roles may be about: resources and tags of the role's own project.

A boundary belongs to all projects, so it names none. It refers to the role's tag
`sagemaker:project-name` instead (`PROJECT`): CloudFormation puts it on each role of a project, and
IAM puts its value into the policy when the role acts. A role without the tag gets nothing of it.

Source: "Service Authorization Reference", for what has a resource level and which condition keys;
"IAM policy elements: Variables and tags" in IAM's guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from .role_path import PROJECTS_PATH

PROJECT_TAG = "sagemaker:project-name"
PROJECT = f"${{aws:PrincipalTag/{PROJECT_TAG}}}"
STACKS = ("SP-*", "SC-*")
"""How SageMaker and Service Catalog begin the names of projects' stacks.

CloudFormation begins the names of what is in a stack with the stack's, so what `cdk deploy` has
made is not named so.
"""

_OWN_TAG = {"StringEquals": {f"aws:ResourceTag/{PROJECT_TAG}": PROJECT}}
_LINKED_ROLE = "aws-service-role/sagemaker.application-autoscaling.amazonaws.com/*"

# Operations in which CloudFormation takes a role that it keeps for all later ones.
_WITH_ROLE = (
    "ContinueUpdateRollback",
    "CreateChangeSet",
    "CreateStack",
    "RollbackStack",
    "UpdateStack",
)
_WITHOUT_RESOURCE_LEVEL = (
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingActivities",
    "application-autoscaling:DescribeScalingPolicies",
    "application-autoscaling:DescribeScheduledActions",
    "cloudwatch:GetMetricData",
    "cloudwatch:ListMetrics",
    "cloudwatch:PutMetricData",
    "ecr:GetAuthorizationToken",
    "logs:DescribeLogGroups",
    "sagemaker:ListEndpoints",
    "sagemaker:ListTrainingJobs",
    "sagemaker:Search",
)
# A policy has room for some 6,000 characters. Reading is worth no list of its own where the
# resources are a project's; neither is what has no names by which projects could be told apart.
_SHORTENED = (
    (r"(application-autoscaling):.*", r"\1:*"),
    (r"(ecr):.*Layer.*", r"\1:*Layer*"),
    (r"(codecommit):.*UploadArchive.*", r"\1:*UploadArchive*"),
    (r"(?!iam|kms)(.*):(BatchGet|Describe|Get|List).*", r"\1:\2*"),
)


@dataclass(frozen=True)
class _Reach:
    """Resources, and the conditions under which an action is allowed on them."""

    resources: Sequence[str]
    conditions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass
class _Statement:
    """Actions that are allowed on resources under the same conditions."""

    conditions: Mapping[str, Mapping[str, Any]]
    actions: list[str] = field(default_factory=list)
    resources: list[str] = field(default_factory=list)


def confined(scope: Construct, actions: Iterable[str]) -> list[iam.PolicyStatement]:
    """Allows actions within the project of the role that acts.

    Args:
        scope: whose account and region projects are in.
        actions: all that roles of projects use.

    Raises ValueError for actions that nothing is known of: what they reach has to be decided here.
    """
    reaches = _Reaches(scope)
    statements: dict[str, _Statement] = {}
    unknown = []
    for action in sorted(set(actions)):
        found = reaches.of(action)
        if not found:
            unknown.append(action)
        for together, written, reach in found:
            statement = statements.setdefault(together, _Statement(reach.conditions))
            statement.actions.append(written)
            statement.resources.extend(reach.resources)
    if unknown:
        raise ValueError(
            f"roles of projects use {unknown}; the boundary knows no resources of a project for "
            "them: add the service or the action to projects/boundary_permissions.py"
        )
    return [
        iam.PolicyStatement(
            actions=list(dict.fromkeys(one.actions)),
            resources=list(dict.fromkeys(one.resources)),
            conditions=dict(one.conditions),
        )
        for one in statements.values()
    ]


def _shortened(action: str) -> str:
    for pattern, short in _SHORTENED:
        if re.fullmatch(pattern, action):
            return re.sub(pattern, short, action)
    return action


class _Reaches:
    """The reach of each action, else that of its service."""

    def __init__(self, scope: Construct) -> None:
        self._stack = cdk.Stack.of(scope)
        everywhere = [_Reach(["*"])]
        self._found = dict.fromkeys(_WITHOUT_RESOURCE_LEVEL, everywhere)
        self._found |= self._by_name() | self._tagged() | self._roles() | self._stores()
        # Groups, subnets and packages are the platform's, or an account's of the organisation; a
        # token is good for what the role itself may do.
        self._found |= dict.fromkeys(
            ("codeartifact", "ec2", "sts:GetServiceBearerToken"), everywhere
        )

    def of(self, action: str) -> list[tuple[str, str, _Reach]]:
        """Where an action is allowed, how it is written, and in whose company it stands.

        An action only ever acts on resources of its own service. So services whose actions all
        have the same reach share a statement with others under the same conditions.
        """
        of_service = self._found.get(action.partition(":")[0], [])
        own = self._found.get(action)
        if own is not None:
            return [(repr(reach), action, reach) for reach in own]
        return [
            (
                repr(reach if "*" in reach.resources else reach.conditions),
                _shortened(action),
                reach,
            )
            for reach in of_service
        ]

    def _arn(self, service: str, resource: str) -> str:
        form = cdk.ArnFormat.NO_RESOURCE_NAME
        return self._stack.format_arn(service=service, resource=resource, arn_format=form)

    def _global(self, service: str, resource: str) -> str:
        return self._stack.format_arn(
            service=service, region="", resource=resource, arn_format=cdk.ArnFormat.NO_RESOURCE_NAME
        )

    def _by_name(self) -> dict[str, list[_Reach]]:
        """What has the project's name in its own, or the stack's."""

        def named(service: str, *resources: str) -> list[_Reach]:
            return [_Reach([self._arn(service, resource) for resource in resources])]

        alarms = (f"alarm:{PROJECT}-*", f"alarm:TargetTracking-endpoint/{PROJECT}-*")
        return {
            "application-autoscaling": named("application-autoscaling", "scalable-target/*"),
            "cloudwatch": named("cloudwatch", *alarms),
            "cloudwatch:DescribeAlarms": named("cloudwatch", "alarm:*"),
            "codecommit": named("codecommit", f"{PROJECT}-*"),
            "codepipeline": named("codepipeline", f"{PROJECT}-*"),
            "ecr": named("ecr", *(f"repository/{stack.lower()}" for stack in STACKS)),
            "lambda": named("lambda", *(f"function:{stack}" for stack in STACKS)),
            "logs": named(
                "logs",
                "log-group:/aws/sagemaker/*",
                f"log-group:/aws/codepipeline/{PROJECT}-*",
                *(f"log-group:{stack}" for stack in STACKS),
            ),
            # SageMaker names the jobs of pipelines itself.
            "sagemaker": named(
                "sagemaker",
                f"*/{PROJECT}",
                f"*/{PROJECT}-*",
                f"*/{PROJECT}/*",
                "*-job/*",
            ),
            "sns": named("sns", *STACKS),
        }

    def _tagged(self) -> dict[str, list[_Reach]]:
        """What CloudFormation names after nothing that is known: CodeBuild's projects."""
        return {"codebuild": [_Reach([self._arn("codebuild", "*")], _OWN_TAG)]}

    def _roles(self) -> dict[str, list[_Reach]]:
        """Roles of projects, and stacks that act with them.

        A stack that was deployed with a mightier role keeps it when an update names none: so each
        change names a role, and no other than a project's.
        """
        path = PROJECTS_PATH.strip("/")
        roles = [self._global("iam", f"role/{path}/{stack}") for stack in STACKS]
        stacks = [self._arn("cloudformation", f"stack/{PROJECT}-*")]
        acting = _Reach(stacks, {"ArnLike": {"cloudformation:RoleArn": roles}})
        services = ["cloudformation.amazonaws.com", "sagemaker.amazonaws.com"]
        return {
            "cloudformation": [_Reach(stacks)],
            **{f"cloudformation:{operation}": [acting] for operation in _WITH_ROLE},
            "iam:CreateServiceLinkedRole": [_Reach([self._global("iam", f"role/{_LINKED_ROLE}")])],
            "iam:PassRole": [_Reach(roles, {"StringEquals": {"iam:PassedToService": services}})],
        }

    def _stores(self) -> dict[str, list[_Reach]]:
        """Buckets of projects' stacks, in this account, and the keys of the role's own project.

        It takes KMS up to five minutes to know the tag of a new key, and pipelines of a new project
        start at once. So what S3 does with keys for a project's bucket is allowed as well. Grants
        are for the volumes of SageMaker's instances, and nobody but a service of AWS uses them.
        """
        account = self._stack.account
        buckets = [f"arn:{self._stack.partition}:s3:::{stack.lower()}" for stack in STACKS]
        keys = [self._arn("kms", "key/*")]
        through_s3: Mapping[str, Mapping[str, Any]] = {
            "StringEquals": {"kms:ViaService": f"s3.{self._stack.region}.amazonaws.com"},
            "StringLike": {"kms:EncryptionContext:aws:s3:arn": buckets},
        }
        for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        return {
            "kms": [_Reach(keys, _OWN_TAG), _Reach(keys, through_s3)],
            "kms:CreateGrant": [_Reach(keys, for_aws)],
            "kms:DescribeKey": [_Reach(keys)],
            "s3": [_Reach(buckets, {"StringEquals": {"aws:ResourceAccount": account}})],
        }
