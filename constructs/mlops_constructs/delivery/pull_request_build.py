"""Builds that check pull requests before they are merged."""

from typing import cast

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access import Permission, ServiceRole

from .build_project import BuildProject
from .delivery_pipeline import DeliveryPipeline
from .pipeline_action import SOURCE_OUTPUT, PipelineStage
from .project_resources import ProjectResources
from .sources._start_rule import start_rule
from .sources.source import CodeCommitSource, ConnectionSource, Source
from .sources.trigger_filter import TriggerFilter

_EVENT = "$.detail"


class PullRequestBuild(Construct):
    """Defines a build that runs a buildspec for each pull request when it is opened or updated.

    The build checks out the commit to merge. Anyone who can open a pull request can run code with
    its role, so the role can only read that code and write the build's log. The build cannot
    comment on or approve the pull request; `build.project.on_build_failed` notifies of failures.

    For a repository behind a connection, the construct creates a dedicated pipeline with a trigger
    for pull requests. For CodeCommit, an EventBridge rule starts the build with the variables
    `PULL_REQUEST_ID`, `DESTINATION_COMMIT` and `SOURCE_REFERENCE`.

    Args:
        name: name of the pipeline; not used with CodeCommit.
        project: names and stores of the project; they become environment variables of the build.
        source: the repository; its trigger filters are ignored.
        target_branch: destination branch of the pull requests. Defaults to "main".
        build_spec: path of the buildspec in the repository. Defaults to "buildspecs/test.yml".

    Raises:
        ValueError: if the source does not support pull requests (S3), or the target branch is
            empty.

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
    """Pipeline that runs the build; None for CodeCommit."""

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
        super().__init__(scope, construct_id)
        problems = Problems("PullRequestBuild", self)
        if not isinstance(source, CodeCommitSource | ConnectionSource):
            problems.add(
                "source: got one without pull requests; allowed are Source.connection and "
                "Source.code_commit"
            )
        if is_known(target_branch) and not target_branch:
            problems.add("target_branch: got an empty name; enter the name of a branch")
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
            description="builds the pull requests of one repository",
            inputs=[] if repository else [SOURCE_OUTPUT],
            source=codebuild.Source.code_commit(repository=repository) if repository else None,
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
            # Builds of different pull requests are independent.
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
    """Returns the StartBuild request, with values from the event."""
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
