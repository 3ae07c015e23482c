"""A function that clears Studio resources before CloudFormation deletes them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from mlops_constructs._findings import acknowledge, in_security_packs, seldom_called_function
from mlops_constructs._function_permissions import attach_to
from mlops_constructs.access import (
    Permission,
    RolePolicies,
    ServiceRole,
    acknowledge_wildcards,
)
from mlops_constructs.network import NetworkBase
from mlops_constructs.network._function_network import placed_in, wait_for_network
from mlops_constructs.network._log_encryption import allow_cloud_watch_logs

REMOVAL_TAG = "mlops-constructs:removed-with-stack"
"""The tag of resources that the function may remove; both the function and IAM check it."""
_OWNER_TAG = "ManagedByAmazonSageMakerResource"
_HANDLER = "studio_cleanup"
_RUNTIME = Path(__file__).parent / "runtime"
_LAMBDA_MINUTES, _RESPONSE_MINUTES = 15, 55
_MARKED = {"StringEquals": {f"aws:ResourceTag/{REMOVAL_TAG}": "true"}}
_OUTSIDE_VPC = (
    "it calls only the APIs of SageMaker, EFS and EC2, which are not in the VPC; its network "
    "interfaces would block the deletion of a VPC of the same stack. `function_network` of the "
    "domain places it in a VPC where that is required"
)
_LOG_WITHOUT_KEY = (
    "the domain, and so its key, is not part of this construct; the log contains which deletion "
    "failed and why"
)


class CleanedDomain(Protocol):
    """The attributes of a domain that the cleanup needs."""

    domain_id: str
    domain_arn: str
    encryption_key: kms.IKey | None
    function_network: NetworkBase | None

    @property
    def resource_arns(self) -> list[str]: ...

    def arn_for_user_profile(self, user_profile_name: str) -> str: ...


class Cleanup(Construct):
    """Defines the function, its role and its log.

    Args:
        domain: domain in which the function may delete applications; its `function_network` is the
            network of the function.
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
        """Runs the cleanup before a domain, profile or space is deleted.

        Args:
            scope: construct of the resource.
            subject: resource; it gets the tag that allows its removal.
            resource_arn: ARN as an attribute of the resource, so that the custom resource is
                deleted first.
            properties: properties that identify a profile or a space in the domain. Defaults to
                None: the resource is the domain.
        """
        cdk.Tags.of(subject).add(
            REMOVAL_TAG, "true", include_resource_types=[subject.cfn_resource_type]
        )
        cleaned = cdk.CustomResource(
            scope,
            "BeforeRemoval",
            resource_type="Custom::StudioCleanup",
            service_token=self._function.function_arn,
            service_timeout=cdk.Duration.minutes(_RESPONSE_MINUTES),
            properties={
                "DomainId": self._domain.domain_id,
                "DomainArn": self._domain.domain_arn,
                "ResourceArn": resource_arn,
                **(properties or {}),
            },
        )
        # Deleted while the role still has its policies.
        cleaned.node.add_dependency(self._policies)
        return cleaned

    def allow_removal_of_domain(self, file_system_id: str) -> None:
        """Allows the function to delete the domain and the resources of SageMaker for it."""
        domain = self._domain
        stack = cdk.Stack.of(self)
        owned = {"StringEquals": {f"aws:ResourceTag/{_OWNER_TAG}": domain.domain_arn}}
        self._allow(
            Permission(
                actions=["sagemaker:DeleteUserProfile"],
                resources=[domain.arn_for_user_profile("*")],
                because="administrators create profiles that are not part of a stack",
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
                because="the action has no resource level",
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
                because="SageMaker creates the groups and tags them as in the condition",
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
            encrypted = in_security_packs("CloudWatchLogGroupEncrypted", _LOG_WITHOUT_KEY)
            acknowledge(log, {"CKV_AWS_158": _LOG_WITHOUT_KEY, **encrypted})
        else:
            allow_cloud_watch_logs(encryption_key, cdk.Stack.of(self))
        return log

    def _define_role(self) -> ServiceRole:
        domain = self._domain
        return ServiceRole(
            self,
            "Role",
            service="lambda.amazonaws.com",
            description="Lambda: deletes Studio applications before their space or domain",
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
                    because="users create spaces and applications that are not part of a stack",
                ),
                Permission(
                    actions=[
                        "sagemaker:ListApps",
                        "sagemaker:ListSpaces",
                        "sagemaker:ListUserProfiles",
                    ],
                    resources=["*"],
                    because="the actions have no resource level",
                ),
                *attach_to(domain.function_network, self),
            ],
        )

    def _define_function(self) -> lambda_.Function:
        network = self._domain.function_network
        function = lambda_.Function(
            self,
            "Function",
            description="Deletes Studio applications before their space or domain is deleted",
            runtime=lambda_.Runtime.PYTHON_3_14,
            handler=f"{_HANDLER}.handler",
            code=lambda_.Code.from_asset(str(_RUNTIME), exclude=["*", f"!{_HANDLER}.py"]),
            role=self._role.fixed,
            log_group=self._log,
            timeout=cdk.Duration.minutes(_LAMBDA_MINUTES),
            memory_size=256,
            **placed_in(network),
        )
        wait_for_network(function, network)
        acknowledge(
            function,
            seldom_called_function(
                concurrency="it runs once per deletion; reserved concurrency would reduce that of "
                "other functions, and a new account has none to reserve",
                dead_letters="CloudFormation waits for its response and shows a failure in the "
                "events of the stack; a queue would be deleted with the stack",
                tracing="only CloudFormation calls it, and its log states what it waited for",
                outside=_OUTSIDE_VPC if network is None else None,
            ),
        )
        return function
