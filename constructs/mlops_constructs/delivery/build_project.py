"""CodeBuild projects of the pipelines."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_logs as logs
from constructs import Construct

from mlops_constructs._environment import inherit
from mlops_constructs._findings import acknowledge, in_security_packs
from mlops_constructs.access import Permission, ServiceRole
from mlops_constructs.access._network_interfaces import build_network_permissions
from mlops_constructs.network import NetworkBase

from .pipeline_action import PipelineAction
from .project_resources import ProjectResources

_TIMEOUT = cdk.Duration.hours(1)


# Immutable, so that all builds of an app share them: each is a call to the jsii process.
@cache
def _environment() -> codebuild.BuildEnvironment:
    return codebuild.BuildEnvironment(
        build_image=codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5,
        compute_type=codebuild.ComputeType.SMALL,
    )


@cache
def _cache() -> codebuild.Cache:
    return codebuild.Cache.local(codebuild.LocalCacheMode.CUSTOM)


@cache
def _from_file(path: str) -> codebuild.BuildSpec:
    return codebuild.BuildSpec.from_source_filename(path)


class BuildProject(Construct):
    """Defines a CodeBuild project that runs one buildspec, with a dedicated role and log group.

    The log group is kept for three months. Paths that the buildspec lists under `cache`, such as
    `/root/.cache/uv`, are cached on the build host (local custom cache). The cache is free and
    needs no permissions; after a cache miss, packages are downloaded again.

    In a project with a network the build runs in that network, so it can only download from
    addresses that the network reaches.

    Args:
        project: names and stores; they become environment variables of the build.
        build_spec: path of the buildspec in the repository, or the buildspec itself.
        description: purpose of the build, shown by CodeBuild and IAM.
        inputs: names of the CodePipeline artifacts that the build reads. Defaults to (): none.
        outputs: names of the CodePipeline artifacts that the build writes. Defaults to (): none.
        source: source of a build that no pipeline starts, such as
            `codebuild.Source.code_commit(repository=...)`. Defaults to None: the pipeline provides
            the source.
        environment: additional environment variables. Defaults to None: only those of `project`.
        permissions: permissions beyond logs and artifacts. Defaults to (): none.
        timeout: timeout of a build, 5 minutes to 36 hours. Defaults to None: one hour.
        role_name: name of the role, where another account refers to it. Defaults to None:
            CloudFormation generates it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: ProjectResources,
        build_spec: str | codebuild.BuildSpec,
        description: str,
        inputs: Sequence[str] = (),
        outputs: Sequence[str] = (),
        source: codebuild.ISource | None = None,
        environment: Mapping[str, str] | None = None,
        permissions: Sequence[Permission] = (),
        timeout: cdk.Duration | None = None,
        role_name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        inherit(self, scope)
        artifacts = project.artifacts
        self.log_group = log_group = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays.THREE_MONTHS,
            encryption_key=artifacts.encrypt_logs(self),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self.role = ServiceRole(
            self,
            "Role",
            service="codebuild.amazonaws.com",
            description=f"CodeBuild: {description}",
            role_name=role_name,
            permissions=[
                write_log(log_group),
                *(artifacts.read_artifacts(inputs) if inputs else ()),
                *(artifacts.write_artifacts(outputs) if outputs else ()),
                *permissions,
                *self._network_permissions(project.network),
                *(project.packages.read_permissions if project.packages is not None else ()),
            ],
        )
        variables = {**project.environment(), **(environment or {})}
        self.project = self._project(
            source,
            description=description,
            role=self.role.fixed,
            build_spec=_from_file(build_spec) if isinstance(build_spec, str) else build_spec,
            encryption_key=artifacts.key,
            environment=_environment(),
            environment_variables={
                name: codebuild.BuildEnvironmentVariable(value=value)
                for name, value in variables.items()
            },
            cache=_cache(),
            logging=codebuild.LoggingOptions(
                cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=log_group)
            ),
            timeout=timeout or _TIMEOUT,
            grant_report_group_permissions=False,
            **placed_in(project.network),
        )
        acknowledge_source_and_role(self.project)
        if project.network is not None:
            _acknowledge_unused_policy(self.project)

    def _network_permissions(self, network: NetworkBase | None) -> list[Permission]:
        if network is None:
            return []
        return build_network_permissions(
            self, subnet_ids=network.subnet_ids, security_group_ids=network.security_group_ids
        )

    def _project(self, source: codebuild.ISource | None, **properties: Any) -> codebuild.Project:
        if source is None:
            return codebuild.PipelineProject(self, "Resource", **properties)
        return codebuild.Project(self, "Resource", source=source, **properties)

    def in_pipeline(
        self,
        action_name: str,
        *,
        source: codepipeline.Artifact,
        outputs: Sequence[codepipeline.Artifact] = (),
        variables: Mapping[str, str] | None = None,
        kind: actions.CodeBuildActionType = actions.CodeBuildActionType.BUILD,
        run_order: int = 1,
        namespace: str | None = None,
    ) -> PipelineAction:
        """Returns the pipeline action that runs this project.

        Args:
            action_name: name of the action in the pipeline.
            source: artifact that becomes the build's source.
            outputs: artifacts that the build writes. Defaults to (): none.
            variables: environment variables with the values of pipeline variables. Defaults to
                None: none.
            kind: type of the action in CodePipeline, build or test. Defaults to a build.
            run_order: position among the stage's actions, 1 to 999. Defaults to 1.
            namespace: namespace of the variables that the buildspec exports, `#{NAMESPACE.NAME}` in
                later actions and rules. Defaults to None: later actions cannot use them.
        """
        action = actions.CodeBuildAction(
            action_name=action_name,
            project=self.project,
            input=source,
            outputs=list(outputs) or None,
            environment_variables={
                name: codebuild.BuildEnvironmentVariable(value=value)
                for name, value in (variables or {}).items()
            },
            type=kind,
            run_order=run_order,
            variables_namespace=namespace,
        )
        return PipelineAction(
            action=action,
            permissions=[
                Permission(
                    actions=[
                        "codebuild:BatchGetBuilds",
                        "codebuild:StartBuild",
                        "codebuild:StopBuild",
                    ],
                    resources=[self.project.project_arn],
                )
            ],
            outputs=tuple(outputs),
            namespaces=() if namespace is None else (namespace,),
        )


def placed_in(network: NetworkBase | None) -> dict[str, Any]:
    """Returns the arguments of a `codebuild.Project` that place it in a network."""
    if network is None:
        return {}
    return {
        "vpc": network.vpc,
        "subnet_selection": network.subnet_selection,
        "security_groups": network.security_groups,
    }


def acknowledge_source_and_role(project: codebuild.IProject) -> None:
    """Acknowledges rules that misread the source or the role of a pipeline's build project."""
    acknowledge(
        project,
        {
            "CloudFormation-Validate::E3050": "the rule concerns a Ref to a role with a path; the "
            "template has its ARN",
            **in_security_packs(
                "CodeBuildProjectSourceRepoUrl",
                "the rule concerns tokens for GitHub and Bitbucket and reports all other sources; "
                "this source is CodePipeline, CodeCommit or S3, which IAM protects",
            ),
        },
    )


def _acknowledge_unused_policy(project: codebuild.Project) -> None:
    """Acknowledges the CDK's policy for a network, which is not part of the template."""
    policy = project.node.try_find_child("PolicyDocument")
    if policy is None:
        return
    reason = "the role has narrower permissions, and accepts no policy of the CDK"
    acknowledge(
        policy,
        {
            "AwsSolutions-IAM5[Resource::*]": reason,
            **in_security_packs("IAMNoInlinePolicy", reason),
        },
    )


def write_log(log_group: logs.ILogGroup) -> Permission:
    """Returns the permission of a build to write its log."""
    # `log_group_arn` ends in ":*": both actions apply to the streams of the group.
    return Permission(
        actions=["logs:CreateLogStream", "logs:PutLogEvents"],
        resources=[log_group.log_group_arn],
        because="CodeBuild names one log stream for each build",
    )
