"""The pipeline that deploys the platform itself, and changes itself first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import pipelines
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems
from mlops_constructs.access.service_role import Permission, ServiceRole

from ._platform_builds import ASSEMBLY, PlatformBuilds
from ._platform_findings import review
from ._platform_roles import bootstrap_roles, resolved
from ._start_rule import start_role
from .artifact_store import ArtifactStore
from .pipeline_action import SOURCE_OUTPUT
from .platform_stage import CHECK, PlatformStage, stage_problems
from .source import Source
from .synthesis import Synthesis


class PlatformPipeline(Construct):
    """Defines the pipeline that deploys a CDK app from its repository, and itself with it.

        Source -> Build (synth) -> UpdatePipeline -> Assets -> each stage (change set, deployment)

    It is CDK Pipelines on a CodePipeline V2 with the bucket, the key and the sources of this
    library. A push that adds a stage needs nobody: the pipeline updates itself and starts again.
    Deploy the stack that holds it once by hand (`cdk deploy`), after each account of a stage was
    bootstrapped: accounts other than the pipeline's with `--trust ACCOUNT`, and the policies that
    the deployments need.

    Who may push to the branch may do in these accounts what bootstrap's deployment roles may:
    protect the branch. The build of the synthesis itself runs code of the repository and may only
    read it, write the synthesised app and its log.

    Source: CDK Developer Guide, "Continuous integration and delivery using CDK Pipelines".

    Example:
        ```python
        staging = cdk.Stage(app, "Staging")
        Network(cdk.Stack(staging, "Network"), "Network")
        PlatformPipeline(
            stack,
            "PlatformPipeline",
            pipeline_name="platform",
            artifacts=ArtifactStore(bucket=bucket, key=key),
            source=Source.code_connections(
                "arn:aws:codeconnections:eu-west-1:111111111111:connection/0c8f", "team", "mlops"
            ),
            synthesis=Synthesis(cli_version="2.1148.1"),
            stages=[PlatformStage(stage=staging, approval="Deploy to staging?")],
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline_name: str,
        artifacts: ArtifactStore,
        source: Source,
        synthesis: Synthesis,
        stages: Sequence[PlatformStage],
    ) -> None:
        """Creates the pipeline, its builds and the roles of both.

        Args:
            pipeline_name: its name; people look for it in the console.
            artifacts: where actions leave what later actions read, with a replica for each other
                region of a stage. Its policies let bootstrap's deployment roles read; those of an
                imported bucket and key must do so already.
            source: the repository, and the branch whose pushes start the pipeline.
            synthesis: how the repository's app is synthesised.
            stages: the stages, in the order in which they are deployed. Each has stacks already.

        Raises ValueError for stages that are missing, named twice or as CDK Pipelines names its
        own, a region without a store for artifacts, pull requests that would start the pipeline,
        versions that are not exact, and a region where CloudFormation knows no pipelines.
        """
        super().__init__(scope, construct_id)
        output = codepipeline.Artifact(SOURCE_OUTPUT)
        bound = source.bind(output=output)
        triggers = source.git_triggers(bound.action)
        self._refuse(synthesis, stages, triggers, artifacts)
        self._event_role = start_role(self, pipeline_name)
        stack = cdk.Stack.of(self)
        self.role = ServiceRole(
            self,
            "Role",
            service="codepipeline.amazonaws.com",
            description="CodePipeline: deploys the platform, by way of bootstrap's roles",
            permissions=[
                *bound.permissions,
                *_use(artifacts),
                # CodePipeline copies what an action in another region reads, with this role.
                *(one for store in artifacts.replicas.values() for one in _use(store)),
            ],
        )
        self.pipeline = codepipeline.Pipeline(
            self,
            "Resource",
            pipeline_name=pipeline_name,
            pipeline_type=codepipeline.PipelineType.V2,
            # An execution that changes the pipeline is cancelled by that, so another one follows.
            restart_execution_on_update=True,
            role=self.role.fixed,
            use_pipeline_role_for_actions=True,
            stages=[codepipeline.StageProps(stage_name="Source", actions=[bound.action])],
            triggers=triggers or None,
            **_buckets(artifacts, stack.region),
        )
        roles = bootstrap_roles(one.stage for one in stages)
        self._builds = PlatformBuilds(
            self,
            "Builds",
            artifacts=artifacts,
            synthesis=synthesis,
            roles=roles,
            approvals=[
                f"{one.stage.node.id}/{CHECK}.Confirm" for one in stages if one.confirm_permissions
            ],
            pipeline_arn=stack.format_arn(service="codepipeline", resource=pipeline_name),
        )
        self._builds.apply_to(self)
        self._define(synthesis, stages, output, roles.execution)
        self._let_run(roles.deploy)
        source.trigger(self, self.start())

    def start(self) -> targets.CodePipeline:
        """The target of an EventBridge rule that is to start the pipeline."""
        return targets.CodePipeline(self.pipeline, event_role=self._event_role.fixed)

    def _refuse(
        self,
        synthesis: Synthesis,
        stages: Sequence[PlatformStage],
        triggers: Sequence[codepipeline.TriggerProps],
        artifacts: ArtifactStore,
    ) -> None:
        problems = Problems(f"the platform pipeline {self.node.path}")
        problems.extend(region_problems(self, "AWS::CodePipeline::Pipeline"))
        problems.extend(synthesis.problems())
        problems.extend(stage_problems([one.stage for one in stages]))
        problems.extend(_region_problems([one.stage for one in stages], self, artifacts))
        if any(
            one.git_configuration.pull_request_filter for one in triggers if one.git_configuration
        ):
            problems.add(
                "pull requests start the pipeline, so whoever opens one could deploy; filter "
                "pushes here, and judge pull requests with PullRequestBuild"
            )
        problems.raise_if_any()

    def _define(
        self,
        synthesis: Synthesis,
        stages: Sequence[PlatformStage],
        output: codepipeline.Artifact,
        execution_roles: Sequence[str],
    ) -> None:
        """Lets CDK Pipelines add its stages to the pipeline."""
        engine = pipelines.CodePipeline(
            self,
            "Stages",
            code_pipeline=self.pipeline,
            use_pipeline_role_for_actions=True,
            cli_version=synthesis.cli_version,
            # One build for all files: a new one would else change the pipeline each time.
            publish_assets_in_parallel=False,
            code_build_defaults=pipelines.CodeBuildOptions(
                build_environment=codebuild.BuildEnvironment(
                    build_image=codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5,
                    compute_type=codebuild.ComputeType.SMALL,
                ),
                partial_build_spec=codebuild.BuildSpec.from_object(synthesis.runtimes()),
            ),
            synth=pipelines.CodeBuildStep(
                "Synth",
                input=pipelines.CodePipelineFileSet.from_artifact(output),
                install_commands=list(synthesis.install),
                commands=list(synthesis.commands),
                primary_output_directory=synthesis.output_directory,
                role=self._builds.synth_role(),
            ),
        )
        for arn in execution_roles:
            # CDK Pipelines takes a role of this id if there is one.
            iam.Role.from_role_arn(
                self.pipeline, arn, resolved(arn), mutable=False, add_grants_to_resources=True
            )
        for one in stages:
            engine.add_stage(one.stage, pre=one.before())
        engine.build_pipeline()
        for made in (engine, self.pipeline):
            review(made, synthesis.cli_version)

    def _let_run(self, deploy_roles: Sequence[str]) -> None:
        """Lets the pipeline run its builds and assume the roles of its deployments."""
        builds = [
            child.project_arn
            for child in self.node.find_all()
            if isinstance(child, codebuild.Project)
        ]
        actions = ["codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"]
        granted = [
            self.role.add_to_principal_policy(
                iam.PolicyStatement(actions=list(allowed), resources=list(resources))
            ).policy_dependable
            for allowed, resources in ((actions, builds), (["sts:AssumeRole"], deploy_roles))
        ]
        # The pipeline starts when it is made, so it waits for these; for its role it does so by
        # the role's ARN, and needs nothing of what the CDK adds.
        policies = dict.fromkeys(
            cast(iam.CfnManagedPolicy, cast(Construct, policy).node.default_child).logical_id
            for policy in granted
        )
        resource = cast(codepipeline.CfnPipeline, self.pipeline.node.default_child)
        resource.add_override("DependsOn", list(policies))


def _use(store: ArtifactStore) -> list[Permission]:
    """What CodePipeline does with its artifacts in a store."""
    return [
        store.use_of_bucket(),
        *store.read_artifacts([SOURCE_OUTPUT, ASSEMBLY]),
        *store.write_artifacts([SOURCE_OUTPUT, ASSEMBLY]),
    ]


def _buckets(artifacts: ArtifactStore, region: str) -> dict[str, Any]:
    if not artifacts.replicas:
        return {"artifact_bucket": artifacts.bucket}
    others = {place: store.bucket for place, store in artifacts.replicas.items()}
    return {"cross_region_replication_buckets": {region: artifacts.bucket, **others}}


def _region_problems(
    stages: Sequence[cdk.Stage], scope: Construct, artifacts: ArtifactStore
) -> list[str]:
    own = cdk.Stack.of(scope).region
    stacks = [
        child for stage in stages for child in stage.node.find_all() if isinstance(child, cdk.Stack)
    ]
    regions = dict.fromkeys(stack.region for stack in stacks if is_known(stack.region))
    return [
        f"a stage deploys to the region {region}, where the artifacts have no store; give "
        "ArtifactStore replicas with one"
        for region in regions
        if region not in (own, *artifacts.replicas)
    ]
