"""Function that removes what a project created, before CloudFormation deletes the project."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct, IDependable

from mlops_constructs._attributes import arn_of_objects, bucket_arn, bucket_name
from mlops_constructs._environment import inherit
from mlops_constructs._findings import acknowledge, seldom_called_function, skip_in_cfn_lint
from mlops_constructs._function_permissions import attach_to
from mlops_constructs._sagemaker_arn import sagemaker_arn
from mlops_constructs.access import Permission, ServiceRole
from mlops_constructs.delivery import ProjectResources
from mlops_constructs.network import NetworkBase
from mlops_constructs.network._function_network import placed_in, wait_for_network

REMOVAL_TAG = "mlops-constructs:removed-with-stack"
"""Tag, with the value `true`, of resources that are removed with their stack."""

_HANDLER = "remove_project"
_CODE: dict[str, Any] = {
    "path": str(Path(__file__).parent / "runtime"),
    "exclude": ["*", f"!{_HANDLER}.py"],
}
_LAMBDA_MINUTES, _RESPONSE_MINUTES = 15, 55
_CREATED_LATER = "users and services create and name the removed resources"
_FINDINGS = {
    "concurrency": "CloudFormation invokes the function once, when the project is deleted",
    "dead_letters": "CloudFormation waits for the response, and reports a failure in the stack's "
    "events",
    "tracing": "only CloudFormation invokes the function, and its log lists what it removed",
}
_OUTSIDE = "the function only calls AWS APIs and needs no access to a VPC"


class StageRemoval(Construct):
    """Defines the function, its role and its log, and the custom resource that invokes it.

    It removes the stacks of stages, their log groups and the objects of the bucket. The resources
    that the function removes, and the roles that this needs, must exist until it is done: see
    `before` and `after`.

    Args:
        project: names and stores of the project.
        stages: names of the stages; each has a stack and an endpoint of its name.
        network: network of the function. Defaults to None: no VPC.
    """

    _DESCRIPTION = "Removes what a stage of a project has created, when its stack is deleted"

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: ProjectResources,
        stages: Sequence[str],
        network: NetworkBase | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        inherit(self, scope)
        self._project, self._network = project, network
        self._targets = [project.stage_name(stage) for stage in stages]
        self._logs = [f"/aws/sagemaker/Endpoints/{target}" for target in self._targets]
        function = self._define_function()
        self._resource = cdk.CustomResource(
            self,
            "Resource",
            resource_type="Custom::ProjectRemoval",
            service_token=function.function_arn,
            service_timeout=cdk.Duration.minutes(_RESPONSE_MINUTES),
            properties=self._properties(),
        )

    def _properties(self) -> dict[str, Any]:
        return {
            "BucketName": bucket_name(self._project.artifacts.bucket),
            "StackNames": self._targets,
            "LogGroupNames": self._logs,
        }

    def _permissions(self) -> list[Permission]:
        bucket = self._project.artifacts.bucket
        tagged = Permission(actions=["s3:GetBucketTagging"], resources=[bucket_arn(bucket)])
        return [tagged, *self._deployments(), *self._objects()]

    def before(self, *kept: IDependable) -> None:
        """Ensures that resources are deleted after the removal.

        Args:
            kept: the resources.
        """
        self._resource.node.add_dependency(*kept)
        resource = self._resource.node.default_child
        assert isinstance(resource, cdk.CfnResource)  # noqa: S101 - for the type checker
        # The names of some of them are properties of the removal as well.
        skip_in_cfn_lint(resource, "W3005")

    def after(self, *started: cdk.CfnResource) -> None:
        """Ensures that resources that could start something are deleted before the removal.

        Args:
            started: the resources.
        """
        resource = self._resource.node.default_child
        assert isinstance(resource, cdk.CfnResource)  # noqa: S101 - for the type checker
        for one in started:
            # Not add_dependency: the pipeline constructs delete the CDK's DependsOn.
            one.add_override("DependsOn", [cdk.Stack.of(self).resolve(resource.logical_id)])

    def _define_function(self) -> lambda_.Function:
        log = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays.THREE_MONTHS,
            encryption_key=self._project.artifacts.encrypt_logs(self),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        role = ServiceRole(
            self,
            "Role",
            service="lambda.amazonaws.com",
            description="Lambda: removes what one project has created",
            permissions=[
                Permission(
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[log.log_group_arn],
                    because="Lambda generates the names of the log streams",
                ),
                *self._permissions(),
                *attach_to(self._network, self),
            ],
        )
        function = lambda_.Function(
            self,
            "Function",
            description=self._DESCRIPTION,
            runtime=lambda_.Runtime.PYTHON_3_14,
            handler=f"{_HANDLER}.handler",
            code=lambda_.Code.from_asset(**_CODE),
            role=role.fixed,
            log_group=log,
            timeout=cdk.Duration.minutes(_LAMBDA_MINUTES),
            memory_size=256,
            **placed_in(self._network),
        )
        wait_for_network(function, self._network)
        outside = _OUTSIDE if self._network is None else None
        acknowledge(function, seldom_called_function(**_FINDINGS, outside=outside))
        return function

    def _deployments(self) -> list[Permission]:
        if not self._targets:  # all stages are in other accounts
            return []
        stack = cdk.Stack.of(self)
        stacks = [
            stack.format_arn(
                service="cloudformation", resource="stack", resource_name=f"{target}/*"
            )
            for target in self._targets
        ]
        groups = [
            stack.format_arn(
                service="logs",
                resource="log-group",
                resource_name=name,
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
            for name in self._logs
        ]
        return [
            # CloudFormation uses the role that the stack was deployed with.
            Permission(
                actions=["cloudformation:DeleteStack", "cloudformation:DescribeStacks"],
                resources=stacks,
                because="CloudFormation generates the id of a stack",
            ),
            Permission(
                actions=["logs:DeleteLogGroup"],
                resources=[*groups, *(f"{group}:*" for group in groups)],
                because="the ARN of a log group ends with :* for actions on its streams",
            ),
        ]

    def _objects(self) -> list[Permission]:
        bucket = self._project.artifacts.bucket
        return [
            Permission(actions=["s3:ListBucketVersions"], resources=[bucket_arn(bucket)]),
            Permission(
                actions=["s3:DeleteObject", "s3:DeleteObjectVersion"],
                resources=[arn_of_objects(bucket, "*")],
                because=_CREATED_LATER,
            ),
        ]


class ProjectRemoval(StageRemoval):
    """Defines the removal of a whole project: also its builds, its training and its models.

    Args:
        project: names and stores of the project.
        stages: names of the project's stages; each has a stack and an endpoint of its name.
        builds: build projects whose builds are stopped.
        network: network of the function. Defaults to None: no VPC.
    """

    _DESCRIPTION = "Removes what a project has created, when its stack is deleted"

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: ProjectResources,
        stages: Sequence[str],
        builds: Sequence[codebuild.CfnProject],
        network: NetworkBase | None = None,
    ) -> None:
        self._builds = builds
        super().__init__(scope, construct_id, project=project, stages=stages, network=network)

    def _properties(self) -> dict[str, Any]:
        project, of_stages = self._project, super()._properties()
        return {
            "ModelPackageGroupArn": project.model_packages(self)[0],
            "ModelPackageGroupName": project.model_package_group_name,
            "PipelineName": project.sagemaker_pipeline_name,
            "BucketName": of_stages.pop("BucketName"),
            "StackNames": of_stages.pop("StackNames"),
            "BuildProjectNames": [build.ref for build in self._builds],
            **({"FeatureGroupPrefix": self._feature_groups} if project.feature_store else {}),
            **of_stages,
        }

    @property
    def _feature_groups(self) -> str:
        return f"{self._project.project_name}_"

    def _permissions(self) -> list[Permission]:
        return [*self._training(), *self._deployments(), *self._stored(), *self._features()]

    def _training(self) -> list[Permission]:
        pipeline = self._project.sagemaker_pipeline_name
        return [
            Permission(
                actions=[
                    "codebuild:BatchGetBuilds",
                    "codebuild:ListBuildsForProject",
                    "codebuild:StopBuild",
                ],
                resources=[build.attr_arn for build in self._builds],
            ),
            Permission(
                actions=["sagemaker:DeletePipeline", "sagemaker:ListPipelineExecutions"],
                resources=[sagemaker_arn(self, "pipeline", pipeline)],
            ),
            Permission(
                actions=["sagemaker:StopPipelineExecution"],
                resources=[sagemaker_arn(self, "pipeline", f"{pipeline}/execution/*")],
                because=_CREATED_LATER,
            ),
        ]

    def _features(self) -> list[Permission]:
        if not self._project.feature_store:
            return []
        return [
            Permission(
                actions=["sagemaker:DeleteFeatureGroup"],
                resources=self._project.feature_groups(self),
                because=_CREATED_LATER,
            ),
            Permission(
                actions=["sagemaker:ListFeatureGroups"],
                resources=["*"],
                because="the action does not support resource-level permissions",
            ),
        ]

    def _stored(self) -> list[Permission]:
        group, packages = self._project.model_packages(self)
        return [
            Permission(actions=["sagemaker:ListTags"], resources=[group]),
            Permission(
                actions=["sagemaker:DeleteModelPackage", "sagemaker:ListModelPackages"],
                resources=[group, packages],
                because=_CREATED_LATER,
            ),
            *self._objects(),
        ]


def removal_code(scope: Construct, construct_id: str) -> s3_assets.Asset:
    """Returns the code of the function as the asset that a project's template refers to."""
    return s3_assets.Asset(scope, construct_id, **_CODE)
