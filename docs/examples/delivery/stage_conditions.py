"""A production stage with conditions that rolls back after a failure or an alarm.

Use it if a deployment must run in office hours only, must not start while an alarm is on, and must
be rolled back if errors increase afterwards. A failed condition can be overridden manually. The
stage before it retries once, because the services that it calls can be temporarily unavailable.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from constructs import Construct
from stores import Stores

from mlops_constructs.delivery import (
    ArtifactStore,
    BuildProject,
    DeliveryPipeline,
    FailureResponse,
    PipelineStage,
    ProjectResources,
    Source,
    StageChecks,
    StageCondition,
    StageRule,
    approval_action,
)


class StageConditions(cdk.Stack):
    """Defines a pipeline with a stage that retries, and one that rolls back."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        repository = codecommit.Repository(self, "Repository", repository_name="stage-conditions")
        errors = cloudwatch.Alarm(
            self,
            "Errors",
            metric=cloudwatch.Metric(
                namespace="AWS/SageMaker",
                metric_name="Invocation5XXErrors",
                dimensions_map={"EndpointName": "stage-conditions-prod", "VariantName": "main"},
                statistic="Sum",
            ),
            threshold=1,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        errors.add_alarm_action(cloudwatch_actions.SnsAction(stores.topic))
        project = ProjectResources(
            project_name="stage-conditions",
            project_id="p-stage-conditions",
            artifacts=ArtifactStore(bucket=stores.bucket, key=stores.key),
            model_package_group_name="stage-conditions",
        )
        code = codepipeline.Artifact("SourceOutput")
        test = BuildProject(
            self,
            "Test",
            project=project,
            build_spec="buildspecs/test.yml",
            description="tests before production",
            inputs=["SourceOutput"],
        )
        delivery = DeliveryPipeline(
            self,
            "Pipeline",
            pipeline_name="stage-conditions",
            artifacts=project.artifacts,
            source=Source.code_commit(repository),
            source_output=code,
            stages=[
                PipelineStage(
                    name="Test",
                    actions=[test.in_pipeline("Test", source=code)],
                    checks=StageChecks(on_failure=FailureResponse.retry_failed_actions()),
                ),
                PipelineStage(
                    name="Production",
                    actions=[approval_action(question="Deploy to production?")],
                    checks=self._production(errors),
                ),
            ],
            execution_mode=codepipeline.ExecutionMode.QUEUED,
            variables=[codepipeline.Variable(variable_name="Release", default_value="yes")],
        )
        cdk.CfnOutput(self, "PipelineName", value=delivery.pipeline.pipeline_name)
        cdk.CfnOutput(self, "RepositoryName", value=repository.repository_name)

    def _production(self, errors: cloudwatch.Alarm) -> StageChecks:
        return StageChecks(
            before_entry=StageCondition.fail_unless(
                StageRule.variable_equals("#{variables.Release}", "yes"),
                StageRule.alarm_is_quiet(errors),
                StageRule.deployment_window("* * 9-15 ? * MON-THU *", time_zone="Europe/Berlin"),
            ),
            on_success=StageCondition.roll_back_unless(
                StageRule.alarm_is_quiet(errors, wait=cdk.Duration.minutes(30))
            ),
            on_failure=FailureResponse.roll_back(),
        )
