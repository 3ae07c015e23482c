"""Self-mutating pipeline that deploys the platform."""

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
from mlops_constructs.access import ServiceRole
from mlops_constructs.delivery.artifact_store import ArtifactStore
from mlops_constructs.delivery.pipeline_action import SOURCE_OUTPUT
from mlops_constructs.delivery.sources._start_rule import start_role
from mlops_constructs.delivery.sources.source import Source

from ._bootstrap_roles import bootstrap_roles, resolved
from ._builds import ASSEMBLY, PlatformBuilds
from ._findings import review
from .platform_stage import CHECK, PlatformStage, stage_problems
from .synthesis import Synthesis


class PlatformPipeline(Construct):
    """Defines a self-mutating pipeline that deploys a CDK app from its repository.

        Source -> Build (synth) -> UpdatePipeline -> Assets -> each stage (change set, deployment)

    It is CDK Pipelines on a CodePipeline V2 with the bucket, the key and the sources of this
    library. A push can add a stage: the pipeline updates itself and restarts. Deploy the stack of
    the pipeline once with `cdk deploy`, after each account of a stage has been bootstrapped:
    accounts other than the pipeline's with `--trust ACCOUNT`, and with the policies that the
    deployments need.

    Anyone who can push to the branch has the permissions of the bootstrap deployment roles in these
    accounts: protect the branch. The synthesis itself runs code of the repository; its role can
    only read the source and write the synthesised app and its log.

    Args:
        pipeline_name: name of the pipeline in the console.
        artifacts: store of the pipeline's artifacts, with a replica for each other region of a
            stage. Its policies allow the bootstrap deployment roles to read; those of an imported
            bucket and key must allow it already.
        source: the repository, and the branch whose pushes start the pipeline.
        synthesis: commands that synthesise the repository's app.
        stages: the stages in the order of their deployment. Each must have its stacks already.

    Raises:
        ValueError: if there are no stages, a name is duplicate or used by CDK Pipelines, a region
            has no artifact store, pull requests would start the pipeline, a version is not exact,
            or CloudFormation does not support pipelines in the region.

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
        super().__init__(scope, construct_id)
        output = codepipeline.Artifact(SOURCE_OUTPUT)
        bound = source.bind(output=output)
        triggers = source.git_triggers(bound.action)
        self._validate(synthesis, stages, triggers, artifacts)
        self._event_role = start_role(self, pipeline_name)
        stack = cdk.Stack.of(self)
        stores = [artifacts, *artifacts.replicas.values()]
        passed = [SOURCE_OUTPUT, ASSEMBLY]
        self.role = ServiceRole(
            self,
            "Role",
            service="codepipeline.amazonaws.com",
            description="CodePipeline: deploys the platform with the bootstrap roles",
            permissions=[
                *bound.permissions,
                # CodePipeline copies the inputs of actions in other regions with this role.
                *(one for store in stores for one in store.use_artifacts(passed)),
            ],
        )
        self.pipeline = codepipeline.Pipeline(
            self,
            "Resource",
            pipeline_name=pipeline_name,
            pipeline_type=codepipeline.PipelineType.V2,
            # An execution that updates the pipeline is cancelled by the update.
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
        self._grant_run(roles.deploy)
        source.trigger(self, self.start())

    def start(self) -> targets.CodePipeline:
        """Returns the pipeline as the target of an EventBridge rule."""
        return targets.CodePipeline(self.pipeline, event_role=self._event_role.fixed)

    def _validate(
        self,
        synthesis: Synthesis,
        stages: Sequence[PlatformStage],
        triggers: Sequence[codepipeline.TriggerProps],
        artifacts: ArtifactStore,
    ) -> None:
        problems = Problems("PlatformPipeline", self)
        problems.extend(region_problems(self, "AWS::CodePipeline::Pipeline"))
        problems.extend(synthesis.problems())
        problems.extend(stage_problems([one.stage for one in stages]))
        problems.extend(_region_problems([one.stage for one in stages], self, artifacts))
        if any(
            one.git_configuration.pull_request_filter for one in triggers if one.git_configuration
        ):
            problems.add(
                "source: got a filter of pull requests, with which anyone who opens one could "
                "deploy; filter pushes only, and build pull requests with PullRequestBuild"
            )
        problems.raise_if_any()

    def _define(
        self,
        synthesis: Synthesis,
        stages: Sequence[PlatformStage],
        output: codepipeline.Artifact,
        execution_roles: Sequence[str],
    ) -> None:
        """Adds the stages of CDK Pipelines to the pipeline."""
        engine = pipelines.CodePipeline(
            self,
            "Stages",
            code_pipeline=self.pipeline,
            use_pipeline_role_for_actions=True,
            cli_version=synthesis.cli_version,
            # One build for all files; otherwise each new file would change the pipeline.
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
            # CDK Pipelines uses an existing role with this id.
            iam.Role.from_role_arn(
                self.pipeline, arn, resolved(arn), mutable=False, add_grants_to_resources=True
            )
        for one in stages:
            engine.add_stage(one.stage, pre=one.before())
        engine.build_pipeline()
        for scope in (engine, self.pipeline):
            review(scope, synthesis.cli_version)

    def _grant_run(self, deploy_roles: Sequence[str]) -> None:
        """Allows the pipeline to run its builds and to assume the deployment roles."""
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
        # The pipeline starts when it is created, so it depends on these policies. The reference to
        # the role's ARN already implies the other dependencies that the CDK adds.
        policies = dict.fromkeys(
            cast(iam.CfnManagedPolicy, cast(Construct, policy).node.default_child).logical_id
            for policy in granted
        )
        resource = cast(codepipeline.CfnPipeline, self.pipeline.node.default_child)
        resource.add_override("DependsOn", list(policies))


def _buckets(artifacts: ArtifactStore, region: str) -> dict[str, Any]:
    if not artifacts.replicas:
        return {"artifact_bucket": artifacts.bucket}
    others = {name: store.bucket for name, store in artifacts.replicas.items()}
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
        f"stages: got a deployment to {region}, a region without an artifact store; add the region "
        "to the replicas of ArtifactStore"
        for region in regions
        if region not in (own, *artifacts.replicas)
    ]
