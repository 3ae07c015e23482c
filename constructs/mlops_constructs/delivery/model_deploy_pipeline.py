"""Pipeline from an approved model to a production endpoint."""

import dataclasses
from collections.abc import Sequence

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_constructs._environment import inherit
from mlops_constructs._problems import Problems

from ._replica_store import ReplicaStore
from .actions._build_actions import monitoring_environment, smoke_test_action, synth_action
from .actions._copy_action import copy_action
from .actions._template_check import CHECK_URL, check_action, question_about_model
from .actions.approval_action import approval_action
from .artifact_store import ArtifactStore
from .delivery_pipeline import DeliveryPipeline
from .deployment._kind_permissions import kinds_of
from .deployment._monitoring_resources import MonitoringResources
from .deployment._stage_accounts import stage_list_problems, targets_of
from .deployment._stage_names import pipeline_of
from .deployment.deploy_action import deploy_action, deploy_to_account_action
from .deployment.deployment_role import DeploymentRole
from .deployment.project_stage import DEFAULT_STAGES, ProjectStage
from .deployment.stage_target import StageTarget
from .pipeline_action import (
    CHECKED_OUTPUT,
    SOURCE_OUTPUT,
    SYNTH_OUTPUT,
    PipelineAction,
    PipelineStage,
)
from .project_resources import ProjectResources
from .sources.source import Source
from .stages._first_approval import once_approved
from .stages.stage_condition import StageChecks


class ModelDeployPipeline(Construct):
    """Defines the pipeline that deploys the latest approved model to each stage, one by one.

    With the default stages:

        Source -> Synth (Synth, Check) -> Staging (Deploy, SmokeTest, Approval)
               -> Production (Deploy, SmokeTest)

    Synth runs the team's code. Check does not: it validates the templates, and all stages deploy
    its output, which can only contain approved packages of the project's group and the resources of
    their endpoints. The approval shows the model, its metrics, the commit and the changes in the
    last stage.

    A stage can be in another account, where a `ProjectTarget` defines the roles and the stores. The
    roles of the pipeline and of the builds that reach that account then have computed names, which
    the trust policies there contain.

    A stage can be in another region. It has one more action before Deploy, which copies the image,
    the model and the baselines of its packages there, since SageMaker reads them from the region of
    the endpoint only; the template that is deployed names the copies. `ArtifactReplica` defines the
    store of the pipeline's artifacts in that region.

    A push to the source starts the pipeline, and so does any rule with `start()` as its target; a
    project adds a rule for the registry's approval event. Each execution deploys the latest
    approved model, so it is idempotent: a second event for one approval finds no changes. A newer
    execution supersedes a waiting one and deploys the newer model.

    Until the first model is approved, the stages after Synth are skipped and the execution
    succeeds. This includes the execution that CodePipeline starts when the pipeline is created.

    The pipeline is named `PROJECT-model-deploy`.

    Args:
        project: names and stores of the project.
        source: repository with the CDK app, `buildspecs/synth.yml` and `buildspecs/smoke_test.yml`.
        model_execution_role: role of the deployed models.
        stages: the stages in their order; at least one. Defaults to `DEFAULT_STAGES`: staging and
            prod in the account of the project.
        production_checks: conditions before and after the last stage, and the response to its
            failure. A stage has one condition for its entry: one that fails it replaces the one
            that skips it until the first model is approved. Defaults to None: an execution stops
            where an action fails.
        approval_topic: SNS topic that is notified when production waits for an approval. Defaults
            to None: only the console shows it.
        monitoring: roles and queue of the monitors in the project's account, which the templates
            may then define. Defaults to None: templates with monitors are rejected.
        monitoring_frequency: schedule of monitors whose settings have none, `hourly` or `daily`.
            Defaults to `daily`.
        image_repository: repository of the project's images, from which stages in other regions get
            copies; required with such a stage. Defaults to None.

    Raises:
        ValueError: if a stage is in another region and there is no `image_repository`, the
            project's account is not known, or two stages have one name.

    Source: ContainerDefinition of SageMaker's API reference, for the region of image and data.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: ProjectResources,
        source: Source,
        model_execution_role: iam.IRole,
        stages: Sequence[ProjectStage] = DEFAULT_STAGES,
        production_checks: StageChecks | None = None,
        approval_topic: sns.ITopic | None = None,
        monitoring: MonitoringResources | None = None,
        monitoring_frequency: str = "daily",
        image_repository: ecr.IRepository | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        inherit(self, scope)
        self._project = project
        problems = Problems("ModelDeployPipeline", self)
        problems.extend(stage_list_problems(stages))
        self.targets, found = targets_of(self, project.project_name, stages)
        problems.extend(found)
        copied = [target for target in self.targets.values() if target.has_copies]
        if copied and image_repository is None:
            problems.add(
                f"image_repository: got none, with the stage {copied[0].stage.name} in "
                f"{copied[0].region}; give the repository of the project's images"
            )
        problems.raise_if_any()
        self._images = image_repository
        self._source_output = codepipeline.Artifact(SOURCE_OUTPUT)
        synth_output = codepipeline.Artifact(SYNTH_OUTPUT)
        self._checked_output = codepipeline.Artifact(CHECKED_OUTPUT)
        self._approval_topic = approval_topic
        self.deployment_role = DeploymentRole(
            self,
            "DeploymentRole",
            project=project,
            model_execution_role=model_execution_role,
            monitoring=monitoring,
            kinds=kinds_of(stage for stage in stages if stage.name not in self.targets),
        )
        synth = synth_action(
            self,
            project=project,
            source=self._source_output,
            output=synth_output,
            model_execution_role=model_execution_role,
            stages=stages,
            targets=self.targets,
            monitoring=monitoring,
            defaults={"MONITORING_FREQUENCY": monitoring_frequency} if monitoring else {},
        )
        check = check_action(
            self,
            project=project,
            stages=stages,
            target=self.targets.get(stages[-1].name),
            source=synth_output,
            output=self._checked_output,
            revision=source.revision,
            run_order=2,
            monitoring=monitoring_environment(monitoring, self.targets) if monitoring else {},
            parameters={
                name: value
                for target in self.targets.values()
                for name, value in target.parameter_variables().items()
            },
            images=image_repository,
            copied=copied,
        )
        self._revision = source.revision
        delivery = DeliveryPipeline(
            self,
            "Pipeline",
            pipeline_name=pipeline_of(project.project_name),
            artifacts=self._artifacts(copied),
            source=source,
            source_output=self._source_output,
            stages=[
                PipelineStage(name="Synth", actions=[synth, check]),
                *(
                    self._stage(stages, number, checks=production_checks)
                    for number in range(len(stages))
                ),
            ],
            execution_mode=codepipeline.ExecutionMode.SUPERSEDED,
        )
        self.pipeline = delivery.pipeline
        self.start = delivery.start

    def _artifacts(self, copied: Sequence[StageTarget]) -> ArtifactStore:
        regions = dict.fromkeys(target.region for target in copied)
        if not regions:
            return self._project.artifacts
        name = self._project.project_name
        replicas = {
            region: ReplicaStore.of(self, project_name=name, region=region) for region in regions
        }
        return dataclasses.replace(self._project.artifacts, replicas=replicas)

    def _stage(
        self, stages: Sequence[ProjectStage], number: int, *, checks: StageChecks | None
    ) -> PipelineStage:
        """Returns a stage; it ends with the approval of the next one."""
        stage, later = stages[number], stages[number + 1 :]
        scope = Construct(self, stage.title)
        inherit(scope, self)
        # No earlier stage can ask before the first one.
        first = stage.approval if number == 0 else None
        actions = [self._approval("EntryApproval", first, 1)] if first else []
        target = self.targets.get(stage.name)
        if target is not None and target.has_copies and self._images is not None:
            copy = copy_action(
                scope,
                project=self._project,
                images=self._images,
                target=target,
                source=self._checked_output,
                run_order=len(actions) + 1,
            )
            actions.append(copy)
        actions.append(self._deploy(scope, stage, run_order=len(actions) + 1))
        smoke_test = smoke_test_action(
            scope,
            project=self._project,
            source=self._source_output,
            stage=stage,
            target=target,
            run_order=len(actions) + 1,
        )
        actions.append(smoke_test)
        if later and later[0].approval:
            actions.append(self._approval("Approval", later[0].approval, len(actions) + 1))
        return PipelineStage(
            name=stage.title, actions=actions, checks=once_approved(None if later else checks)
        )

    def _deploy(self, scope: Construct, stage: ProjectStage, *, run_order: int) -> PipelineAction:
        template = self._checked_output.at_path(f"{stage.name}.template.json")
        target = self.targets.get(stage.name)
        if target is not None:
            return deploy_to_account_action(
                scope,
                stack_name=target.stack_name,
                template=template,
                target=target,
                run_order=run_order,
            )
        return deploy_action(
            stack_name=self._project.stage_name(stage.name),
            template=template,
            deployment_role=self.deployment_role,
            run_order=run_order,
        )

    def _approval(self, name: str, question: str, run_order: int) -> PipelineAction:
        return approval_action(
            action_name=name,
            question=question_about_model(question, self._revision),
            topic=self._approval_topic,
            link=CHECK_URL,
            run_order=run_order,
        )
