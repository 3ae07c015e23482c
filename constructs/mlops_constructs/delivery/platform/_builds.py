"""Builds of CDK Pipelines, with least-privilege roles in place of the CDK's broad ones."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct, IConstruct

from mlops_constructs.access import Permission, ServiceRole
from mlops_constructs.delivery.artifact_store import ArtifactStore
from mlops_constructs.delivery.build_project import write_log
from mlops_constructs.delivery.pipeline_action import SOURCE_OUTPUT

from ._bootstrap_roles import BootstrapRoles
from .synthesis import Synthesis

ASSEMBLY = "Synth_Output"
"""Name that CDK Pipelines gives to the artifact with the synthesised app."""

CHECK_FUNCTION = "CDKPipelinesAutoApprove"
CHECK_PROJECT = "CDKSecurityCheck"

_MEMORY_MEGABYTES = 256


class PlatformBuilds(Construct):
    """Defines the log group and the roles of the builds of a platform pipeline.

    CDK Pipelines has no parameter for most of these roles, so they are set by property injection.
    A role is created when the first build needs it.

    Args:
        artifacts: store that holds the synthesised app.
        synthesis: commands that publish assets.
        roles: bootstrap roles that deploy the stages.
        approvals: `STAGE/ACTION` of each approval that the permissions check may give.
        pipeline_arn: ARN of the pipeline.

    Source: CDK Developer Guide, "Blueprints".
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        artifacts: ArtifactStore,
        synthesis: Synthesis,
        roles: BootstrapRoles,
        approvals: Sequence[str],
        pipeline_arn: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._artifacts = artifacts
        self._synthesis, self._roles = synthesis, roles
        self._approvals, self._pipeline_arn = approvals, pipeline_arn
        self.log_group = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays.THREE_MONTHS,
            encryption_key=artifacts.encrypt_logs(self),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )

    def apply_to(self, scope: Construct) -> None:
        """Sets the role and the log group of all builds defined below `scope` from now on."""
        injectors = cdk.PropertyInjectors.of(scope)
        for kind in (codebuild.PipelineProject, codebuild.Project):
            injectors.add(_Injector(kind.PROPERTY_INJECTION_ID, self._of_project))
        injectors.add(_Injector(lambda_.Function.PROPERTY_INJECTION_ID, self._of_function))

    def synth_role(self) -> iam.IRole:
        """Returns the role of the synthesis: it reads the source and writes the synthesised app."""
        written = self._artifacts.write_artifacts([ASSEMBLY])
        read = self._artifacts.read_artifacts([SOURCE_OUTPUT])
        return self._role("Synth", "synthesises the platform's CDK app", [*read, *written])

    def _of_project(self, construct_id: str, scope: IConstruct) -> Mapping[str, Any]:
        log = codebuild.LoggingOptions(
            cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=self.log_group)
        )
        common = {"logging": log, "grantReportGroupPermissions": False}
        if scope.node.id == "Assets":
            specification = codebuild.BuildSpec.from_object(self._publication(construct_id))
            return {**common, "role": self._publishing_role(), "buildSpec": specification}
        match construct_id:
            case "SelfMutation":
                return {**common, "role": self._self_mutation_role()}
            case _ if construct_id == CHECK_PROJECT:
                return {**common, "role": self._check_role(scope)}
        return common

    def _of_function(self, construct_id: str, scope: IConstruct) -> Mapping[str, Any]:
        if construct_id != CHECK_FUNCTION:
            return {}
        role = ServiceRole(
            self,
            "CheckFunctionRole",
            service="lambda.amazonaws.com",
            description="Lambda: approves a change that broadens no permissions",
            permissions=[
                write_log(self.log_group),
                Permission(
                    actions=["codepipeline:GetPipelineState"], resources=[self._pipeline_arn]
                ),
                Permission(
                    actions=["codepipeline:PutApprovalResult"],
                    resources=[f"{self._pipeline_arn}/{name}" for name in self._approvals],
                ),
            ],
        )
        return {"role": role.fixed, "logGroup": self.log_group, "memorySize": _MEMORY_MEGABYTES}

    def _publication(self, construct_id: str) -> dict[str, Any]:
        """Returns the buildspec that publishes assets.

        Only the build of images may start Docker. If there are images, it publishes the files as
        well.
        """
        if self._roles.images and construct_id.startswith("File"):
            commands = ["echo 'Files are published by the build of images'"]
            return {"version": "0.2", "phases": {"build": {"commands": commands}}}
        return self._synthesis.publish(self._roles.with_assets)

    def _publishing_role(self) -> iam.IRole:
        read = self._artifacts.read_artifacts([ASSEMBLY])
        assume = _assume(self._roles.publish)
        return self._role("Publishing", "publishes the assets of the platform", [*read, *assume])

    def _self_mutation_role(self) -> iam.IRole:
        stack = cdk.Stack.of(self)
        role = stack.format_arn(service="iam", region="", resource="role", resource_name="*")
        assume = Permission(
            actions=["sts:AssumeRole"],
            resources=[role],
            conditions={
                "StringEquals": {
                    "iam:ResourceTag/aws-cdk:bootstrap-role": ["deploy", "file-publishing"]
                }
            },
            because="a synthesizer chooses the names of bootstrap roles; their tag identifies them",
        )
        read = self._artifacts.read_artifacts([ASSEMBLY])
        return self._role("SelfMutation", "updates its own pipeline", [*read, assume])

    def _check_role(self, scope: IConstruct) -> iam.IRole:
        function = scope.node.find_child(CHECK_FUNCTION)
        arn = function.function_arn  # type: ignore[attr-defined]
        invoke = Permission(actions=["lambda:InvokeFunction"], resources=[arn])
        read = self._artifacts.read_artifacts([ASSEMBLY])
        assume = _assume([*self._roles.deploy, *self._roles.lookup])
        return self._role("Check", "looks for broader permissions", [*read, *assume, invoke])

    def _role(self, name: str, description: str, permissions: Sequence[Permission]) -> iam.IRole:
        role = self.node.try_find_child(f"{name}Role")
        if role is None:
            role = ServiceRole(
                self,
                f"{name}Role",
                service="codebuild.amazonaws.com",
                description=f"CodeBuild: {description}",
                permissions=[write_log(self.log_group), *permissions],
            )
        return role.fixed  # type: ignore[attr-defined,no-any-return]


@jsii.implements(cdk.IPropertyInjector)
class _Injector:
    """Adds properties to the constructor arguments of one construct class."""

    def __init__(
        self, kind: str, properties: Callable[[str, IConstruct], Mapping[str, Any]]
    ) -> None:
        self._kind, self._properties = kind, properties

    @property
    def construct_unique_id(self) -> str:
        return self._kind

    def inject(
        self,
        original_props: Any,
        *,
        id: str,  # noqa: A002 - name given by the interface
        scope: Construct,
    ) -> Any:
        return {**original_props, **self._properties(id, scope)}


def _assume(roles: Sequence[str]) -> list[Permission]:
    return [Permission(actions=["sts:AssumeRole"], resources=list(roles))] if roles else []
