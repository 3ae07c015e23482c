"""Pipeline from an approved model to a production endpoint."""

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from .actions._build_actions import smoke_test_action, synth_action
from .actions._template_check import CHECK_URL, check_action, question_about_model
from .actions.approval_action import approval_action
from .delivery_pipeline import DeliveryPipeline
from .deployment.deploy_action import deploy_action
from .deployment.deployment_role import DeploymentRole
from .pipeline_action import CHECKED_OUTPUT, SOURCE_OUTPUT, SYNTH_OUTPUT, PipelineStage
from .project_resources import ProjectResources
from .sources.source import Source
from .stages._first_approval import once_approved
from .stages.stage_condition import StageChecks


class ModelDeployPipeline(Construct):
    """Defines the pipeline that deploys the latest approved model to staging and production.

        Source -> Synth (Synth, Check) -> Staging (Deploy, SmokeTest, Approval)
               -> Production (Deploy, SmokeTest)

    Synth runs the team's code. Check does not: it validates the templates, and both stages deploy
    its output, which can only contain approved packages of the project's group and the resources of
    their endpoints. The approval shows the model, its metrics, the commit and the changes in
    production.

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
        production_checks: conditions before and after the stage Production, and the response to its
            failure. A stage has one condition for its entry: one that fails it replaces the one
            that skips it until the first model is approved. Defaults to None: an execution stops
            where an action fails.
        approval_topic: SNS topic that is notified when production waits for an approval. Defaults
            to None: only the console shows it.
    """

    STAGES = ("staging", "prod")
    """Names of the stages; each has a stack and an endpoint `PROJECT-STAGE`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: ProjectResources,
        source: Source,
        model_execution_role: iam.IRole,
        production_checks: StageChecks | None = None,
        approval_topic: sns.ITopic | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        staging, production = self.STAGES
        self._project = project
        self._source_output = codepipeline.Artifact(SOURCE_OUTPUT)
        synth_output = codepipeline.Artifact(SYNTH_OUTPUT)
        self._checked_output = codepipeline.Artifact(CHECKED_OUTPUT)
        self._approval_topic = approval_topic
        self.deployment_role = DeploymentRole(
            self, "DeploymentRole", project=project, model_execution_role=model_execution_role
        )
        synth = synth_action(
            self,
            project=project,
            source=self._source_output,
            output=synth_output,
            model_execution_role=model_execution_role,
        )
        check = check_action(
            self,
            project=project,
            stages=self.STAGES,
            source=synth_output,
            output=self._checked_output,
            revision=source.revision,
            run_order=2,
        )
        question = question_about_model("Deploy this model to production?", source.revision)
        delivery = DeliveryPipeline(
            self,
            "Pipeline",
            pipeline_name=f"{project.project_name}-model-deploy",
            artifacts=project.artifacts,
            source=source,
            source_output=self._source_output,
            stages=[
                PipelineStage(name="Synth", actions=[synth, check]),
                self._stage("Staging", staging, ask=question),
                self._stage("Production", production, checks=production_checks),
            ],
            execution_mode=codepipeline.ExecutionMode.SUPERSEDED,
        )
        self.pipeline = delivery.pipeline
        self.start = delivery.start

    def _stage(
        self, name: str, stage: str, *, ask: str | None = None, checks: StageChecks | None = None
    ) -> PipelineStage:
        scope = Construct(self, name)
        deploy = deploy_action(
            stack_name=self._project.stage_name(stage),
            template=self._checked_output.at_path(f"{stage}.template.json"),
            deployment_role=self.deployment_role,
            run_order=1,
        )
        smoke_test = smoke_test_action(
            scope, project=self._project, source=self._source_output, stage=stage, run_order=2
        )
        actions = [deploy, smoke_test]
        if ask is not None:
            asking = approval_action(
                question=ask, topic=self._approval_topic, link=CHECK_URL, run_order=3
            )
            actions.append(asking)
        return PipelineStage(name=name, actions=actions, checks=once_approved(checks))
