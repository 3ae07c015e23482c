"""CodePipeline pipelines with one least-privilege role for all actions."""

from collections.abc import Sequence
from typing import Any, cast

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from mlops_constructs._environment import environment_of, inherit
from mlops_constructs._problems import Problems
from mlops_constructs._regions import region_problems
from mlops_constructs.access import Permission, ServiceRole

from .artifact_store import ArtifactStore
from .deployment.target_account import TargetAccount, pipeline_role_name
from .pipeline_action import PipelineStage, stage_problems
from .sources._start_rule import start_role
from .sources.source import Source


class DeliveryPipeline(Construct):
    """Defines a pipeline (CodePipeline V2) with a source and stages.

    All actions run with the pipeline's role, so one policy holds all permissions of the pipeline.

    Args:
        pipeline_name: name of the pipeline in the console.
        artifacts: store of the artifacts that actions pass to later actions.
        source: source of the pipeline; a push to it starts the pipeline.
        source_output: artifact for the source's files.
        stages: the stages after the source.
        execution_mode: handling of an execution that starts while another one runs.
        variables: pipeline variables that a start can set: `#{variables.NAME}` in actions and
            rules. Defaults to (): none.

    Raises:
        ValueError: if a stage rolls back in the mode PARALLEL, a rule refers to a variable that no
            earlier action sets, a stage deploys to a region without an artifact store, or
            CloudFormation does not support pipelines in the region.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        pipeline_name: str,
        artifacts: ArtifactStore,
        source: Source,
        source_output: codepipeline.Artifact,
        stages: Sequence[PipelineStage],
        execution_mode: codepipeline.ExecutionMode,
        variables: Sequence[codepipeline.Variable] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        inherit(self, scope)
        self.event_role = start_role(self, pipeline_name)
        source_action = source.bind(output=source_output)
        all_stages = [PipelineStage(name="Source", actions=[source_action]), *stages]
        targets_of = [
            action.target for stage in all_stages for action in stage.actions if action.target
        ]
        self._validate(all_stages, execution_mode, artifacts)
        actions = [action for stage in all_stages for action in stage.actions]
        produced = [name for action in actions for name in action.output_names()]
        stores = [artifacts, *artifacts.replicas.values()]
        self.role = ServiceRole(
            self,
            "Role",
            service="codepipeline.amazonaws.com",
            description="CodePipeline: runs the actions of one delivery pipeline",
            # The trust policies of roles in other accounts contain its name.
            role_name=pipeline_role_name(pipeline_name) if targets_of else None,
            permissions=[
                *(one for store in stores for one in store.use_artifacts(produced)),
                *_merged([one for stage in all_stages for one in stage.permissions()]),
            ],
        )
        self.pipeline = codepipeline.Pipeline(
            self,
            "Resource",
            pipeline_name=pipeline_name,
            pipeline_type=codepipeline.PipelineType.V2,
            execution_mode=execution_mode,
            **self._buckets(artifacts, shared=bool(targets_of)),
            role=self.role.fixed,
            use_pipeline_role_for_actions=True,
            stages=[stage.properties() for stage in all_stages],
            variables=list(variables) or None,
            triggers=source.git_triggers(source_action.action) or None,
        )
        # The reference to the role's ARN already implies the dependency that the CDK adds.
        resource = cast(codepipeline.CfnPipeline, self.pipeline.node.default_child)
        resource.add_deletion_override("DependsOn")
        source.trigger(self, self.start())

    def _buckets(self, artifacts: ArtifactStore, *, shared: bool) -> dict[str, Any]:
        # The CDK would add roles of other accounts to the policies of an owned bucket and key;
        # AWS rejects a policy with a role that does not exist yet.
        own = artifacts.fixed(self, "Artifacts") if shared else artifacts.bucket
        if not artifacts.replicas:
            return {"artifact_bucket": own}
        others = {
            region: store.fixed(self, f"Artifacts-{region}") if shared else store.bucket
            for region, store in artifacts.replicas.items()
        }
        buckets = {environment_of(self).region: own, **others}
        return {"cross_region_replication_buckets": buckets}

    def _validate(
        self,
        stages: Sequence[PipelineStage],
        execution_mode: codepipeline.ExecutionMode,
        artifacts: ArtifactStore,
    ) -> None:
        problems = Problems("DeliveryPipeline", self)
        problems.extend(region_problems(self, "AWS::CodePipeline::Pipeline"))
        problems.extend(stage_problems(stages, execution_mode))
        region = environment_of(self).region
        if region in artifacts.replicas:
            problems.add(
                f"artifacts: got a replica for {region}, the pipeline's own region; remove it, the "
                "store itself is in that region"
            )
        read: dict[TargetAccount, set[str]] = {}
        for action in (one for stage in stages for one in stage.actions):
            if action.target is not None:
                inputs = action.properties.inputs or ()
                names = {str(one.artifact_name) for one in inputs}
                read.setdefault(action.target, set()).update(names)
        for target in sorted(read, key=repr):
            problems.extend(self._share(target, artifacts, sorted(read[target])))
        problems.raise_if_any()

    def _share(
        self, target: TargetAccount, artifacts: ArtifactStore, names: Sequence[str]
    ) -> list[str]:
        """Allows the target to read artifacts; returns one message per problem."""
        stack = environment_of(self)
        region = target.region or stack.region
        store = artifacts if region == stack.region else artifacts.replicas.get(region)
        if store is None:
            return [
                f"stages: got a deployment to {region}, a region without an artifact store; add "
                "the region to the replicas of ArtifactStore"
            ]
        return [] if target.account == stack.account else store.share(target.principal(), names)

    def start(self) -> targets.CodePipeline:
        """Returns the pipeline as the target of an EventBridge rule."""
        return targets.CodePipeline(self.pipeline, event_role=self.event_role.fixed)


def _merged(permissions: Sequence[Permission]) -> list[Permission]:
    """Joins permissions that differ in their resources only, in their original order."""
    merged: dict[str, Permission] = {}
    for one in permissions:
        kind = repr((list(one.actions), one.conditions, one.because))
        known = merged.get(kind)
        resources = [*(known.resources if known else ()), *one.resources]
        merged[kind] = Permission(
            actions=one.actions,
            resources=list(dict.fromkeys(resources)),
            conditions=one.conditions,
            because=one.because,
        )
    return list(merged.values())
