"""A function that ends what runs in Studio before CloudFormation deletes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from mlops_constructs.access import (
    Permission,
    RolePolicies,
    ServiceRole,
    acknowledge_wildcards,
)
from mlops_constructs.network.flow_logs import allow_cloud_watch_logs

REMOVAL_TAG = "mlops-constructs:removed-with-stack"
"""What this function may remove carries it; the function itself looks, and IAM does."""
_OWNER_TAG = "ManagedByAmazonSageMakerResource"
_HANDLER = "studio_cleanup"
_RUNTIME = Path(__file__).parent / "runtime"
_LAMBDA_MINUTES, _ANSWER_MINUTES = 15, 55
_MARKED = {"StringEquals": {f"aws:ResourceTag/{REMOVAL_TAG}": "true"}}
_NOT_SENSIBLE = {
    ("CKV_AWS_115", "HIPAA.Security-LambdaConcurrency", "NIST.800.53.R5-LambdaConcurrency"): (
        "it runs once for each deletion; reserved concurrency would take from the account's other "
        "functions, and a new account has none to give"
    ),
    (
        "CKV_AWS_116",
        "HIPAA.Security-LambdaDLQ",
        "NIST.800.53.R5-LambdaDLQ",
        "Serverless-LambdaDLQ",
    ): (
        "CloudFormation waits for its answer and shows a failure in the stack's events; a queue "
        "would be deleted with the stack"
    ),
    (
        "CKV_AWS_117",
        "HIPAA.Security-LambdaInsideVPC",
        "NIST.800.53.R5-LambdaInsideVPC",
        "PCI.DSS.321-LambdaInsideVPC",
    ): (
        "it calls only the APIs of SageMaker, EFS and EC2, none of which is in the VPC; inside, "
        "its network interfaces would hold the VPC that the stack is about to delete"
    ),
    ("Serverless-LambdaTracing",): (
        "it is called by CloudFormation alone, and its log says what it waited for"
    ),
}


class CleanedDomain(Protocol):
    """What is asked of a domain."""

    domain_id: str
    domain_arn: str
    encryption_key: kms.IKey | None

    @property
    def resource_arns(self) -> list[str]: ...

    def arn_for_user_profile(self, user_profile_name: str) -> str: ...


class Cleanup(Construct):
    """Defines the function, its role and its log.

    Parameters:
        domain: the domain in which the function may end applications.
    """

    def __init__(self, scope: Construct, construct_id: str, *, domain: CleanedDomain) -> None:
        super().__init__(scope, construct_id)
        self._domain = domain
        self._log = self._define_log(domain.encryption_key)
        self._role = self._define_role()
        self._policies = RolePolicies(self, "Policies", role=self._role)
        self._function = self._define_function()

    def before(
        self,
        scope: Construct,
        subject: cdk.CfnResource,
        *,
        resource_arn: str,
        properties: Mapping[str, str] | None = None,
    ) -> cdk.CustomResource:
        """Cleans up before a domain, profile or space is deleted.

        Parameters:
            scope: the construct of the resource.
            subject: the resource; it gets the tag that allows its removal.
            resource_arn: its ARN, as an attribute of it: so this is deleted before it.
            properties: what names it within the domain. Left out: it is the domain.
        """
        cdk.Tags.of(subject).add(
            REMOVAL_TAG, "true", include_resource_types=[subject.cfn_resource_type]
        )
        cleaned = cdk.CustomResource(
            scope,
            "BeforeRemoval",
            resource_type="Custom::StudioCleanup",
            service_token=self._function.function_arn,
            service_timeout=cdk.Duration.minutes(_ANSWER_MINUTES),
            properties={
                "DomainId": self._domain.domain_id,
                "DomainArn": self._domain.domain_arn,
                "ResourceArn": resource_arn,
                **(properties or {}),
            },
        )
        # Deleted while the function may still do its work.
        cleaned.node.add_dependency(self._policies)
        return cleaned

    def allow_removal_of_domain(self, file_system_id: str) -> None:
        """Lets the function delete the domain itself, and what SageMaker made for it."""
        domain = self._domain
        stack = cdk.Stack.of(self)
        owned = {"StringEquals": {f"aws:ResourceTag/{_OWNER_TAG}": domain.domain_arn}}
        self._allow(
            Permission(
                actions=["sagemaker:DeleteUserProfile"],
                resources=[domain.arn_for_user_profile("*")],
                because="administrators make profiles that no stack knows",
            ),
            Permission(
                actions=["sagemaker:DeleteDomain"],
                resources=[domain.domain_arn],
                conditions=_MARKED,
            ),
            Permission(
                actions=["elasticfilesystem:DescribeFileSystems"],
                resources=[
                    stack.format_arn(
                        service="elasticfilesystem",
                        resource="file-system",
                        resource_name=file_system_id,
                    )
                ],
            ),
            Permission(
                actions=["ec2:DescribeSecurityGroups"],
                resources=["*"],
                because="the authorisation reference has no resource level for it",
            ),
            Permission(
                actions=[
                    "ec2:DeleteSecurityGroup",
                    "ec2:RevokeSecurityGroupEgress",
                    "ec2:RevokeSecurityGroupIngress",
                ],
                resources=[
                    stack.format_arn(service="ec2", resource="security-group", resource_name="*")
                ],
                conditions=owned,
                because="SageMaker makes the groups, and gives them the tag of the condition",
            ),
        )

    def _allow(self, *permissions: Permission) -> None:
        for permission in permissions:
            self._role.add_to_principal_policy(permission.statement())
            acknowledge_wildcards(
                self._role, reason=permission.because, resources=permission.wildcards()
            )

    def _define_log(self, encryption_key: kms.IKey | None) -> logs.LogGroup:
        log = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays.THREE_MONTHS,
            encryption_key=encryption_key,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        if encryption_key is None:
            reason = (
                "the domain, and so its key, is of another stack; what is logged is what has gone "
                "wrong with which application"
            )
            packs = ("HIPAA.Security", "NIST.800.53.R5", "PCI.DSS.321")
            rules = (f"{pack}-CloudWatchLogGroupEncrypted" for pack in packs)
            _acknowledge(log, ("CKV_AWS_158", *rules), reason)
        else:
            allow_cloud_watch_logs(encryption_key, cdk.Stack.of(self))
        return log

    def _define_role(self) -> ServiceRole:
        domain = self._domain
        return ServiceRole(
            self,
            "Role",
            service="lambda.amazonaws.com",
            description="Lambda: ends Studio applications before their space or domain is deleted",
            path="/",
            permissions=[
                Permission(
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[self._log.log_group_arn],
                ),
                Permission(
                    actions=[
                        "sagemaker:DeleteApp",
                        "sagemaker:DeleteSpace",
                        "sagemaker:DescribeDomain",
                        "sagemaker:ListTags",
                    ],
                    resources=domain.resource_arns,
                    because="people make spaces and start applications that no stack knows",
                ),
                Permission(
                    actions=[
                        "sagemaker:ListApps",
                        "sagemaker:ListSpaces",
                        "sagemaker:ListUserProfiles",
                    ],
                    resources=["*"],
                    because="the authorisation reference has no resource level for them",
                ),
            ],
        )

    def _define_function(self) -> lambda_.Function:
        function = lambda_.Function(
            self,
            "Function",
            description="Ends Studio applications before their space or domain is deleted",
            runtime=lambda_.Runtime.PYTHON_3_14,
            handler=f"{_HANDLER}.handler",
            code=lambda_.Code.from_asset(str(_RUNTIME), exclude=["*", f"!{_HANDLER}.py"]),
            role=self._role.fixed,
            log_group=self._log,
            timeout=cdk.Duration.minutes(_LAMBDA_MINUTES),
            memory_size=256,
        )
        resource = cast(lambda_.CfnFunction, function.node.default_child)
        # The CDK makes the function wait for its role, which the role's ARN in it does already.
        resource.add_deletion_override("DependsOn")
        for rules, reason in _NOT_SENSIBLE.items():
            _acknowledge(function, rules, reason)
        return function


def _acknowledge(construct: Construct, rules: Sequence[str], reason: str) -> None:
    """Acknowledges rules of cdk-nag, and of checkov, which looks into the template."""
    named = [rule for rule in rules if not rule.startswith("CKV_")]
    cdk.Validations.of(construct).acknowledge(
        *(cdk.Acknowledgment(id=rule, reason=reason) for rule in named)
    )
    resource = cast(cdk.CfnResource, construct.node.default_child)
    skipped = [{"id": rule, "comment": reason} for rule in rules if rule not in named]
    before = resource.get_metadata("checkov") or {"skip": []}
    resource.add_metadata("checkov", {"skip": [*before["skip"], *skipped]})
