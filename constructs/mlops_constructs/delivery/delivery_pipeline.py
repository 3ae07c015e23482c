"""A CodePipeline of stages, with a role that may do what its actions need and no more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from mlops_constructs._problems import Problems
from mlops_constructs._regions import region_problems
from mlops_constructs.access.service_role import Permission, ServiceRole

from ._start_rule import start_role
from .artifact_store import ArtifactStore
from .pipeline_action import PipelineStage, stage_problems
from .source import Source
from .target_account import TargetAccount, pipeline_role_name


class DeliveryPipeline(Construct):
    """Defines a pipeline (CodePipeline V2) that begins with a source and runs stages.

    All actions run with the pipeline's role: CodePipeline then needs no role per action, and what
    the pipeline may do stands in one policy.
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
        """Creates the pipeline, its role, and the role with which events start it.

        Args:
            pipeline_name: its name; people look for it in the console.
            artifacts: where actions leave what later actions read.
            source: what starts the pipeline, and what it builds.
            source_output: artifact for the source's files.
            stages: the stages after the source.
            execution_mode: what happens to an execution that begins while another one runs.
            variables: what a start may set: `#{variables.NAME}` in actions and rules. Default:
                none.

        Raises ValueError for a stage that rolls back in the mode PARALLEL, a rule about a variable
        that nothing has given before, and a region where CloudFormation knows no pipelines.
        """
        super().__init__(scope, construct_id)
        self.event_role = start_role(self, pipeline_name)
        source_action = source.bind(output=source_output)
        all_stages = [PipelineStage(name="Source", actions=[source_action]), *stages]
        targets_of = [
            action.target for stage in all_stages for action in stage.actions if action.target
        ]
        self._refuse(all_stages, execution_mode, artifacts)
        actions = [action for stage in all_stages for action in stage.actions]
        produced = [
            str(output.artifact_name)
            for action in actions
            for output in action.properties.outputs or ()
        ]
        stores = [artifacts, *artifacts.replicas.values()]
        self.role = ServiceRole(
            self,
            "Role",
            service="codepipeline.amazonaws.com",
            description="CodePipeline: runs the actions of one delivery pipeline",
            # Other accounts trust the role by its name.
            role_name=pipeline_role_name(pipeline_name) if targets_of else None,
            permissions=[
                *(one for store in stores for one in _use(store, produced)),
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
        # The CDK makes the pipeline wait for its role, which the role's ARN in it does already.
        resource = cast(codepipeline.CfnPipeline, self.pipeline.node.default_child)
        resource.add_deletion_override("DependsOn")
        source.trigger(self, self.start())

    def _buckets(self, artifacts: ArtifactStore, *, shared: bool) -> dict[str, Any]:
        # To policies that are shared with roles of other accounts, CDK would add these roles by
        # name; AWS refuses a policy with a role that is not there yet.
        own = artifacts.fixed(self, "Artifacts") if shared else artifacts.bucket
        if not artifacts.replicas:
            return {"artifact_bucket": own}
        others = {
            region: store.fixed(self, f"Artifacts-{region}") if shared else store.bucket
            for region, store in artifacts.replicas.items()
        }
        buckets = {cdk.Stack.of(self).region: own, **others}
        return {"cross_region_replication_buckets": buckets}

    def _refuse(
        self,
        stages: Sequence[PipelineStage],
        execution_mode: codepipeline.ExecutionMode,
        artifacts: ArtifactStore,
    ) -> None:
        problems = Problems(f"the pipeline {self.node.path}")
        problems.extend(region_problems(self, "AWS::CodePipeline::Pipeline"))
        problems.extend(stage_problems(stages, execution_mode))
        region = cdk.Stack.of(self).region
        if region in artifacts.replicas:
            problems.add(
                f"the artifacts have a replica for {region}, the pipeline's own region; leave it "
                "out: the store itself is there"
            )
        targets_of = {action.target for stage in stages for action in stage.actions}
        for target in sorted(filter(None, targets_of), key=repr):
            problems.extend(self._share(target, artifacts))
        problems.raise_if_any()

    def _share(self, target: TargetAccount, artifacts: ArtifactStore) -> list[str]:
        """Lets the target read its artifacts; gives what is in the way."""
        stack = cdk.Stack.of(self)
        region = target.region or stack.region
        store = artifacts if region == stack.region else artifacts.replicas.get(region)
        if store is None:
            return [
                f"a stage deploys to the region {region}, where the artifacts have no store; give "
                "ArtifactStore replicas with one"
            ]
        return [] if target.account == stack.account else store.share(target.principal())

    def start(self) -> targets.CodePipeline:
        """The target of an EventBridge rule that is to start the pipeline."""
        return targets.CodePipeline(self.pipeline, event_role=self.event_role.fixed)


def _use(store: ArtifactStore, artifacts: Sequence[str]) -> list[Permission]:
    """What CodePipeline itself does with its artifacts in a store."""
    return [
        store.use_of_bucket(),
        *store.read_artifacts(artifacts),
        *store.write_artifacts(artifacts),
    ]


def _merged(permissions: Sequence[Permission]) -> list[Permission]:
    """Joins permissions that differ in nothing but their resources, in their first order."""
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
