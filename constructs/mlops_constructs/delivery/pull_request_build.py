"""The build that judges a pull request before it is merged."""

from __future__ import annotations

from typing import cast

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access.service_role import Permission, ServiceRole

from ._code_commit_source import CodeCommitSource
from ._connection_source import ConnectionSource
from ._start_rule import start_rule
from .build_project import BuildProject
from .delivery_pipeline import DeliveryPipeline
from .pipeline_action import SOURCE_OUTPUT, PipelineStage
from .project_resources import ProjectResources
from .source import Source
from .trigger_filter import TriggerFilter

_EVENT = "$.detail"


class PullRequestBuild(Construct):
    """Defines the build that runs a buildspec for each pull request, opened or updated.

    It has the commit that is to be merged, and may do nothing but write its log and read that
    code: whoever may open a pull request runs code with this role. So it neither comments on the
    request nor approves it; `build.project.on_build_failed` tells who should know.

    A repository behind a connection gets a small pipeline of its own, whose trigger filters pull
    requests; for CodeCommit, a rule of EventBridge starts the build, with the variables
    `PULL_REQUEST_ID`, `DESTINATION_COMMIT` and `SOURCE_REFERENCE`.

    Source: AWS CodePipeline User Guide, "Filter triggers on code push or pull requests"; AWS
    CodeCommit User Guide, "Monitoring CodeCommit events".

    Example:
        ```python
        PullRequestBuild(
            stack,
            "PullRequests",
            name="churn-pull-requests",
            project=ProjectResources(
                project_name="churn",
                project_id="p-churn",
                artifacts=ArtifactStore(bucket=bucket, key=key),
                model_package_group_name="churn",
            ),
            source=Source.code_connections(
                "arn:aws:codeconnections:eu-west-1:111111111111:connection/0c8f", "team", "churn"
            ),
        )
        ```
    """

    pipeline: codepipeline.Pipeline | None = None
    """The pipeline that runs the build; None for CodeCommit."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        project: ProjectResources,
        source: Source,
        target_branch: str = "main",
        build_spec: str = "buildspecs/test.yml",
    ) -> None:
        """Creates the build and what starts it.

        Args:
            name: of the pipeline that runs it, where there is one.
            project: names and stores of the project; become environment variables of the build.
            source: the repository; its own filters do not matter here.
            target_branch: the branch into which is to be merged. Default: main.
            build_spec: path of the buildspec in the repository. Default: that of the tests.

        Raises ValueError for a source without pull requests (S3), and an empty target branch.
        """
        super().__init__(scope, construct_id)
        problems = Problems(f"the pull request build {self.node.path}")
        if not isinstance(source, CodeCommitSource | ConnectionSource):
            problems.add(
                "the source has no pull requests; allowed are Source.connection and "
                "Source.code_commit"
            )
        if is_known(target_branch) and not target_branch:
            problems.add("target_branch is empty; give its name")
        problems.raise_if_any()
        self._target_branch = target_branch
        self.build = self._build(source, project, build_spec)
        if isinstance(source, ConnectionSource):
            self.pipeline = self._pipeline(source, name, project)
        else:
            self._rule(cast(CodeCommitSource, source))

    def _build(self, source: Source, project: ProjectResources, build_spec: str) -> BuildProject:
        repository = source.repository if isinstance(source, CodeCommitSource) else None
        pull = []
        if repository is not None:
            arn = repository.repository_arn
            pull = [Permission(actions=["codecommit:GitPull"], resources=[arn])]
        return BuildProject(
            self,
            "Build",
            project=project,
            build_spec=build_spec,
            description="judges the pull requests of one repository",
            inputs=[] if repository else [SOURCE_OUTPUT],
            repository=repository,
            permissions=pull,
        )

    def _pipeline(
        self, source: ConnectionSource, name: str, project: ProjectResources
    ) -> codepipeline.Pipeline:
        output = codepipeline.Artifact(SOURCE_OUTPUT)
        test = self.build.in_pipeline("Test", source=output, kind=actions.CodeBuildActionType.TEST)
        return DeliveryPipeline(
            self,
            "Pipeline",
            pipeline_name=name,
            artifacts=project.artifacts,
            source=source.filtered(TriggerFilter.pull_requests(self._target_branch)),
            source_output=output,
            stages=[PipelineStage(name="Test", actions=[test])],
            # Pull requests do not wait for each other.
            execution_mode=codepipeline.ExecutionMode.PARALLEL,
        ).pipeline

    def _rule(self, source: CodeCommitSource) -> None:
        start = ServiceRole(
            self,
            "EventRole",
            service="events.amazonaws.com",
            description="EventBridge: starts the build of pull requests",
            permissions=[
                Permission(
                    actions=["codebuild:StartBuild"], resources=[self.build.project.project_arn]
                )
            ],
        )
        start_rule(
            self,
            "PullRequest",
            description="A pull request that is opened or updated is built",
            pattern=events.EventPattern(
                source=["aws.codecommit"],
                detail_type=["CodeCommit Pull Request State Change"],
                resources=[source.repository.repository_arn],
                detail={
                    "event": ["pullRequestCreated", "pullRequestSourceBranchUpdated"],
                    "destinationReference": [f"refs/heads/{self._target_branch}"],
                },
            ),
            target=targets.CodeBuildProject(
                self.build.project, event_role=start.fixed, event=_start_build_input()
            ),
        )


def _start_build_input() -> events.RuleTargetInput:
    """The request of StartBuild, filled from the event."""
    variables = {
        "PULL_REQUEST_ID": "pullRequestId",
        "DESTINATION_COMMIT": "destinationCommit",
        "SOURCE_REFERENCE": "sourceReference",
    }
    return events.RuleTargetInput.from_object(
        {
            "sourceVersion": events.EventField.from_path(f"{_EVENT}.sourceCommit"),
            "environmentVariablesOverride": [
                {
                    "name": name,
                    "type": codebuild.BuildEnvironmentVariableType.PLAINTEXT.value,
                    "value": events.EventField.from_path(f"{_EVENT}.{member}"),
                }
                for name, member in variables.items()
            ],
        }
    )
