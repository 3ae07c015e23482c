"""Resources and conditions to which the permissions boundary limits the actions of project roles.

One boundary applies to all projects, so it contains no project's name. It refers to the role's tag
`sagemaker:project-name` (`PROJECT`): CloudFormation sets the tag on each role of a project, and IAM
inserts its value into the policy when the role acts. A role without the tag gets no access.

Source: "Service Authorization Reference", for resource types and condition keys; "IAM policy
elements: Variables and tags" in the IAM User Guide.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs.access import PROJECT_TAG
from mlops_constructs.monitoring.monitors._monitor_role import merger_repository_arn
from mlops_constructs.studio import MlflowAppBase

from ._role_path import PROJECTS_PATH

PROJECT = f"${{aws:PrincipalTag/{PROJECT_TAG}}}"
STACKS = ("SP-*", "SC-*")
"""Patterns of the stack names that SageMaker and Service Catalog generate for projects.

CloudFormation starts the names of resources with the name of their stack, so resources that `cdk
deploy` created do not match.
"""

_CALL = "sagemaker:CallMlflowAppApi"
_OWN_TAG = {"StringEquals": {f"aws:ResourceTag/{PROJECT_TAG}": PROJECT}}
_LINKED_ROLE = "aws-service-role/sagemaker.application-autoscaling.amazonaws.com/*"

# Operations with a role that CloudFormation keeps for all later operations.
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
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "cloudwatch:ListMetrics",
    "cloudwatch:PutMetricData",
    "ecr:GetAuthorizationToken",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "sagemaker:ListEndpoints",
    "sagemaker:ListFeatureGroups",
    "sagemaker:ListTrainingJobs",
    "sagemaker:Search",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)
# A policy has a maximum of about 6,000 characters. Read actions on resources of one project need no
# separate list, and neither do resources without a name that identifies the project.
_SHORTENED = (
    (r"(application-autoscaling):.*", r"\1:*"),
    (r"(scheduler):.*", r"\1:*Schedule"),
    (r"(xray):Put.*", r"\1:Put*"),
    (r"(cloudwatch):.*Dashboards?", r"\1:*Dashboard*"),
    (r"(cloudwatch):(?:Put.*Alarm|DeleteAlarms)", r"\1:*Alarm*"),
    (r"(cloudwatch):(?:Tag|Untag)Resource", r"\1:*agResource"),
    (r"(logs):.*(LogDeliver|ResourcePolic)(?:y|ies)", r"\1:*\2*"),
    (r"(sagemaker):.*(JobDefinition)", r"\1:*\2"),
    (r"(sagemaker):.*MonitoringSchedule", r"\1:*Schedule"),
    (r"(sagemaker):Stop.*", r"\1:Stop*"),
    (r"(sagemaker):(?:Add|Delete)Tags", r"\1:*Tags"),
    (r"(sagemaker):(?:Create|Update|Delete)(FeatureGroup)", r"\1:*\2"),
    (r"(sagemaker:Create)(?:HyperParameterTuning|Processing|Training)Job", r"\1*ingJob"),
    (r"(sagemaker):.*Record", r"\1:*Record"),
    (r"(logs):(?:CreateLog(?:Group|Stream)|DeleteLogGroup|PutLogEvents)", r"\1:*Log*"),
    (r"(sagemaker):.*(Endpoint|InferenceComponent|TransformJob|Pipeline).*", r"\1:*\2*"),
    (r"(sagemaker):(Create|Delete)Model(?:Package)?", r"\1:\2Model*"),
    (r"(ec2:(?:Create|Delete)NetworkInterface).*", r"\1*"),
    (r"(ecr):.*Layer.*", r"\1:*Layer*"),
    (r"(codebuild):(?:Start|Stop)Build", r"\1:St*Build"),
    (r"(codeartifact):Read.*", r"\1:Read*"),
    (r"(codepipeline):Start.*", r"\1:Start*"),
    (r"(cloudwatch):(?:Get|Put)MetricData", r"\1:*MetricData"),
    (r"(kms):(?:Create|List|Revoke)Grants?", r"\1:*Grant*"),
    (r"(kms):ReEncrypt.*", r"\1:ReEncrypt*"),
    (r"(s3):(Abort|DeleteObject|PutObject).*", r"\1:\2*"),
    (r"(codecommit):.*UploadArchive.*", r"\1:*Archive*"),
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
    """Returns statements that allow actions within the project of the role that acts.

    Args:
        scope: a construct in the account and region of the projects.
        actions: all actions that roles of projects use.

    Raises:
        ValueError: if the resources of an action are not defined here.
    """
    reaches = _Reaches(scope)
    statements: dict[str, _Statement] = {}
    unknown = []
    for action in sorted(set(actions)):
        found = reaches.of(action)
        if not found:
            unknown.append(action)
        for key, written, reach in found:
            statement = statements.setdefault(key, _Statement(reach.conditions))
            statement.actions.append(written)
            statement.resources.extend(reach.resources)
    if unknown:
        raise ValueError(
            f"ProjectBoundary {scope.node.path}: got roles that use {unknown}, without known "
            "resources of a project; add the service or the action to "
            "projects/boundary/_boundary_permissions.py"
        )
    return [
        iam.PolicyStatement(
            actions=list(dict.fromkeys(one.actions)),
            resources=list(dict.fromkeys(one.resources)),
            conditions=dict(one.conditions),
        )
        for one in statements.values()
    ]


def is_tracking(action: str) -> bool:
    """Returns True for an action of MLflow, which the boundary allows on one App only."""
    return action.startswith("sagemaker-mlflow:") or action == _CALL


def tracked(app: MlflowAppBase) -> list[iam.PolicyStatement]:
    """Returns statements that allow to log in an MLflow App, and to delete nothing in it.

    The App is that of the platform, so its resources have neither the name nor the tag of the
    project. One statement for all services, and one pattern for the bucket and its objects, as a
    policy has little space.

    Args:
        app: the App, with the bucket of its artifacts, which has nothing else, if roles of projects
            write them.
    """
    actions, resources = [_CALL, "sagemaker-mlflow:*"], [app.mlflow_app_arn]
    bucket = app.artifact_bucket
    if bucket is not None:
        actions += ["s3:GetObject", "s3:ListBucket", "s3:PutObject"]
        resources.append(f"{bucket.bucket_arn}*")
    if bucket is not None and bucket.encryption_key is not None:
        actions += ["kms:Decrypt", "kms:GenerateDataKey"]
        resources.append(bucket.encryption_key.key_arn)
    return [
        iam.PolicyStatement(actions=actions, resources=resources),
        iam.PolicyStatement(
            effect=iam.Effect.DENY, actions=["sagemaker-mlflow:Delete*"], resources=["*"]
        ),
    ]


def _shortened(action: str) -> str:
    for pattern, short in _SHORTENED:
        if re.fullmatch(pattern, action):
            return re.sub(pattern, short, action)
    return action


class _Reaches:
    """Resources and conditions by action, or by service for other actions."""

    def __init__(self, scope: Construct) -> None:
        self._stack = cdk.Stack.of(scope)
        everywhere = [_Reach(["*"])]
        self._found = dict.fromkeys(_WITHOUT_RESOURCE_LEVEL, everywhere)
        self._found |= self._by_name() | self._tagged() | self._roles() | self._stores()
        self._found |= self._connected()
        # Security groups, subnets and packages belong to the platform or to another account of the
        # organisation; a token only has the permissions of the role itself.
        self._found |= dict.fromkeys(
            ("codeartifact", "ec2", "sts:GetServiceBearerToken"), everywhere
        )

    def of(self, action: str) -> list[tuple[str, str, _Reach]]:
        """Returns for an action the key of its statement, its written form, and its reach.

        An action only applies to resources of its service. Services whose actions all have the same
        reach therefore share a statement with others under the same conditions.
        """
        of_service = self._found.get(action.partition(":")[0], [])
        own = self._found.get(action)
        if own is not None:
            written = re.sub(r"^(application-autoscaling:Describe).*", r"\1*", action)
            if action.startswith(("cloudwatch:", "kms:", "logs:", "xray:")):
                written = _shortened(action)
            return [
                (
                    repr(reach.conditions if reach.conditions == _OWN_TAG else reach),
                    written,
                    reach,
                )
                for reach in own
            ]
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
        """Returns resources whose names contain the name of the project or of its stack."""

        def named(service: str, *resources: str) -> list[_Reach]:
            return [_Reach([self._arn(service, resource) for resource in resources])]

        # Of endpoints and of inference components.
        alarms = (f"alarm:{PROJECT}-*", f"alarm:TargetTracking-*/{PROJECT}-*")
        return {
            "application-autoscaling": named("application-autoscaling", "scalable-target/*"),
            "cloudwatch": [
                *named("cloudwatch", *alarms),
                _Reach([self._global("cloudwatch", f"dashboard/{PROJECT}-*")]),
            ],
            "codecommit": named("codecommit", f"{PROJECT}-*"),
            "codepipeline": named("codepipeline", f"{PROJECT}-*"),
            "ecr": [
                *named("ecr", *(f"repository/{stack.lower()}" for stack in STACKS)),
                # Model Monitor merges labels with it. A role of a template names any account.
                _Reach([merger_repository_arn(self._stack, account="*")]),
            ],
            "lambda": named("lambda", *(f"function:{stack}" for stack in STACKS)),
            "logs": named(
                "logs",
                "log-group:/aws/sagemaker/*",
                f"log-group:/aws/codepipeline/{PROJECT}-*",
                *(f"log-group:{stack}" for stack in STACKS),
            ),
            # SageMaker generates the names of pipeline jobs.
            "sagemaker": named(
                "sagemaker",
                f"*/{PROJECT}",
                f"*/{PROJECT}-*",
                f"*/{PROJECT}/*",
                f"*/{PROJECT}_*",  # feature groups
                "*-job/*",
            ),
            "scheduler": named("scheduler", f"schedule/default/{PROJECT}-*"),
            "sns": named("sns", *STACKS),
            "sqs": named("sqs", *STACKS),
            "states": named("states", f"stateMachine:{PROJECT}-*"),
        }

    def _tagged(self) -> dict[str, list[_Reach]]:
        """Returns resources whose generated names have no known prefix: CodeBuild projects."""
        return {"codebuild": [_Reach([self._arn("codebuild", "*")], _OWN_TAG)]}

    def _connected(self) -> dict[str, list[_Reach]]:
        """Returns repositories of the project behind any connection of the account.

        The service has two prefixes. One statement for both, as a policy has little space.
        """
        services = ("codeconnections", "codestar-connections")
        own = {f"{service}:FullRepositoryId": f"*/{PROJECT}-*" for service in services}
        reach = _Reach(["*"], {"StringLikeIfExists": own})
        return {f"{service}:UseConnection": [reach] for service in services}

    def _roles(self) -> dict[str, list[_Reach]]:
        """Returns roles of projects, and stacks that use them.

        An update without a role keeps the role of the stack, which could have more permissions.
        Each change must therefore specify a role, and one of a project.
        """
        path = PROJECTS_PATH.strip("/")
        roles = [self._global("iam", f"role/{path}/{stack}") for stack in STACKS]
        stacks = [self._arn("cloudformation", f"stack/{PROJECT}-*")]
        acting = _Reach(stacks, {"ArnLike": {"cloudformation:RoleArn": roles}})
        services = [
            f"{service}.amazonaws.com" for service in ("cloudformation", "sagemaker", "scheduler")
        ]
        return {
            "cloudformation": [_Reach(stacks)],
            **{f"cloudformation:{operation}": [acting] for operation in _WITH_ROLE},
            "iam:CreateServiceLinkedRole": [_Reach([self._global("iam", f"role/{_LINKED_ROLE}")])],
            "iam:PassRole": [_Reach(roles, {"StringEquals": {"iam:PassedToService": services}})],
        }

    def _stores(self) -> dict[str, list[_Reach]]:
        """Returns buckets of project stacks in this account, and keys of the role's project.

        It takes KMS up to five minutes to recognise the tag of a new key, and the pipelines of a
        new project start at once. Requests of S3 for a project's bucket are therefore allowed as
        well. Grants are for the volumes of SageMaker instances and for online stores, and only AWS
        services can use them; `RetireGrant` does not have that condition. The metadata of keys is
        not limited further than by the policies of the roles.
        """
        account = self._stack.account
        buckets = [f"arn:{self._stack.partition}:s3:::{stack.lower()}" for stack in STACKS]
        keys = [self._arn("kms", "key/*")]
        through_s3: Mapping[str, Mapping[str, Any]] = {
            "StringEquals": {"kms:ViaService": f"s3.{self._stack.region}.amazonaws.com"},
            "StringLike": {"kms:EncryptionContext:aws:s3:arn": buckets},
        }
        for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        of_grants = [_Reach(keys, for_aws)]
        of_stores = [_Reach(keys, _OWN_TAG)]
        described = [_Reach(["*"])]
        return {
            "kms": [*of_stores, _Reach(keys, through_s3)],
            **dict.fromkeys(("kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"), of_grants),
            **dict.fromkeys(("kms:DescribeKey", "kms:ListAliases"), described),
            **dict.fromkeys(("kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"), of_stores),
            "kms:RetireGrant": of_stores,
            "s3": [_Reach(buckets, {"StringEquals": {"aws:ResourceAccount": account}})],
        }
