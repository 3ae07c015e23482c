"""CodeBuild projects of the pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_logs as logs
from constructs import Construct

from mlops_constructs._findings import acknowledge, in_security_packs
from mlops_constructs.access._network_interfaces import build_network_permissions
from mlops_constructs.access.service_role import Permission, ServiceRole
from mlops_constructs.network import NetworkBase

from .pipeline_action import PipelineAction
from .project_resources import ProjectResources


class BuildProject(Construct):
    """Defines a CodeBuild project that runs one buildspec of the repository, with its own role.

    Its log group is its own and outlives the build by three months. `/root/.cache/uv` and whatever
    else the buildspec names below `cache` is kept on the build host (local custom cache): it costs
    no transfer, needs no permission, and a miss only means that packages are downloaded again.

    In a project with a network it runs there: what the buildspec downloads has to be within reach.
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
        repository: codecommit.IRepository | None = None,
        environment: Mapping[str, str] | None = None,
        permissions: Sequence[Permission] = (),
        timeout: cdk.Duration | None = None,
    ) -> None:
        """Creates the project, its role and its log group.

        Args:
            project: names and stores; become environment variables of the build.
            build_spec: path of the buildspec in the repository, or the buildspec itself.
            description: what the build does; CodeBuild and IAM show it.
            inputs: names of the CodePipeline artifacts that the build reads. Default: none.
            outputs: names of those that it writes. Default: none.
            repository: what it clones, for a build that no pipeline starts. Default: a pipeline
                gives it its source.
            environment: further variables. Default: only those of `project`.
            permissions: what the build may do beyond logs and artifacts. Default: nothing.
            timeout: when CodeBuild ends a build that hangs. Default: one hour.
        """
        super().__init__(scope, construct_id)
        artifacts = project.artifacts
        log_group = logs.LogGroup(
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
            repository,
            description=description,
            role=self.role.fixed,
            build_spec=codebuild.BuildSpec.from_source_filename(build_spec)
            if isinstance(build_spec, str)
            else build_spec,
            encryption_key=artifacts.key,
            environment=codebuild.BuildEnvironment(
                build_image=codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5,
                compute_type=codebuild.ComputeType.SMALL,
            ),
            environment_variables={
                name: codebuild.BuildEnvironmentVariable(value=value)
                for name, value in variables.items()
            },
            cache=codebuild.Cache.local(codebuild.LocalCacheMode.CUSTOM),
            logging=codebuild.LoggingOptions(
                cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=log_group)
            ),
            timeout=timeout or cdk.Duration.hours(1),
            grant_report_group_permissions=False,
            **placed_in(project.network),
        )
        acknowledge_source_and_role(self.project)

    def _network_permissions(self, network: NetworkBase | None) -> list[Permission]:
        if network is None:
            return []
        return build_network_permissions(
            self, subnet_ids=network.subnet_ids, security_group_ids=network.security_group_ids
        )

    def _project(
        self, repository: codecommit.IRepository | None, **properties: Any
    ) -> codebuild.Project:
        if repository is None:
            return codebuild.PipelineProject(self, "Resource", **properties)
        source = codebuild.Source.code_commit(repository=repository)
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
        """The action that runs this project in a pipeline.

        Args:
            action_name: its name in the pipeline.
            source: artifact that becomes the build's source.
            outputs: artifacts that the build fills. Default: none.
            variables: environment variables that hold variables of the pipeline. Default: none.
            kind: whether CodePipeline shows a build or a test. Default: a build.
            run_order: place among the stage's actions. Default: 1.
            namespace: of the variables that the buildspec exports, `#{NAMESPACE.NAME}` in later
                actions and rules. Default: they have none.
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
        )


def placed_in(network: NetworkBase | None) -> dict[str, Any]:
    """The parameters of a `codebuild.Project` that place it; none for None."""
    if network is None:
        return {}
    return {
        "vpc": network.vpc,
        "subnet_selection": network.subnet_selection,
        "security_groups": network.security_groups,
    }


def acknowledge_source_and_role(project: codebuild.IProject) -> None:
    """Acknowledges what CloudFormation's rules and the packs misread in a project of a pipeline."""
    acknowledge(
        project,
        {
            "CloudFormation-Validate::E3050": "the rule is about a Ref to a role with a path; the "
            "template has its ARN",
            **in_security_packs(
                "CodeBuildProjectSourceRepoUrl",
                "the rule is about tokens for GitHub and Bitbucket, and reports every other "
                "source; this one is CodePipeline or CodeCommit, which IAM guards",
            ),
        },
    )


def write_log(log_group: logs.ILogGroup) -> Permission:
    """Lets a build write its log."""
    # `log_group_arn` ends in ":*": the streams of the group, which is what both actions ask for.
    return Permission(
        actions=["logs:CreateLogStream", "logs:PutLogEvents"],
        resources=[log_group.log_group_arn],
        because="CodeBuild names one log stream for each build",
    )
