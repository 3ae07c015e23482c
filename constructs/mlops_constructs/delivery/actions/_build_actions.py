"""Actions that run a buildspec of the repository."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs._sagemaker_arn import sagemaker_arn
from mlops_constructs.access import PROJECT_TAG, Permission
from mlops_constructs.delivery._feature_permissions import put_groups
from mlops_constructs.delivery.artifact_store import ArtifactStore
from mlops_constructs.delivery.build_project import BuildProject
from mlops_constructs.delivery.deployment._kind_permissions import tested_kinds
from mlops_constructs.delivery.deployment._monitoring_resources import MonitoringResources
from mlops_constructs.delivery.deployment._stage_names import smoke_test_build_role
from mlops_constructs.delivery.deployment.project_stage import ProjectStage
from mlops_constructs.delivery.deployment.stage_target import StageTarget
from mlops_constructs.delivery.pipeline_action import SOURCE_OUTPUT, SYNTH_OUTPUT, PipelineAction
from mlops_constructs.delivery.project_resources import ProjectResources
from mlops_constructs.delivery.stages._first_approval import SYNTH_NAMESPACE
from mlops_constructs.delivery.training_role import JOB_NAMES

_MAX_TRAINING = cdk.Duration.hours(8)


def test_action(
    scope: Construct, *, project: ProjectResources, source: codepipeline.Artifact
) -> PipelineAction:
    """Creates the action that runs `buildspecs/test.yml`; the build can only write its log."""
    build = BuildProject(
        scope,
        "Test",
        project=project,
        build_spec="buildspecs/test.yml",
        description="runs the tests of the model-build repository",
        inputs=[SOURCE_OUTPUT],
    )
    return build.in_pipeline("Test", source=source, kind=actions.CodeBuildActionType.TEST)


def train_action(
    scope: Construct,
    *,
    project: ProjectResources,
    source: codepipeline.Artifact,
    training_role: iam.IRole,
    image_uri: str,
) -> PipelineAction:
    """Creates the action that runs the SageMaker pipeline (`buildspecs/train.yml`).

    The build upserts the pipeline, starts it and waits. It fails when the execution fails, so the
    stage fails and its log has the reason.

    Args:
        scope: parent construct of the build project.
        project: names and stores of the project.
        source: artifact with the repository's files.
        training_role: role of the SageMaker pipeline and its jobs; the build passes it.
        image_uri: image of the jobs; can contain pipeline variables.
    """
    name, reader = project.sagemaker_pipeline_name, project.feature_reader_role_arn
    build = BuildProject(
        scope,
        "Train",
        project=project,
        build_spec="buildspecs/train.yml",
        description="defines and runs the SageMaker Pipeline of the model-build repository",
        inputs=[SOURCE_OUTPUT],
        environment={
            "SAGEMAKER_PIPELINE_NAME": name,
            "SAGEMAKER_PIPELINE_ROLE_ARN": training_role.role_arn,
            **({"MLFLOW_APP_ARN": project.mlflow_app_arn} if project.mlflow_app_arn else {}),
            **({"FEATURE_READER_ROLE_ARN": reader} if reader else {}),
        },
        permissions=_train_permissions(scope, project, training_role),
        # Tuning on real data takes hours. The seed's build times out slightly earlier and logs why.
        timeout=_MAX_TRAINING,
    )
    return build.in_pipeline("Train", source=source, variables={"IMAGE_URI": image_uri})


def _train_permissions(
    scope: Construct, project: ProjectResources, training_role: iam.IRole
) -> list[Permission]:
    name = project.sagemaker_pipeline_name
    of_project = {"StringEquals": {f"aws:ResourceTag/{PROJECT_TAG}": project.project_name}}
    return [
        Permission(
            actions=[
                "sagemaker:AddTags",
                "sagemaker:CreatePipeline",
                "sagemaker:DescribePipeline",
                "sagemaker:ListPipelineExecutions",
                "sagemaker:ListTags",
                "sagemaker:StartPipelineExecution",
                "sagemaker:UpdatePipeline",
            ],
            resources=[sagemaker_arn(scope, "pipeline", name)],
        ),
        Permission(
            actions=[
                "sagemaker:DescribePipelineExecution",
                "sagemaker:ListPipelineExecutionSteps",
            ],
            resources=[sagemaker_arn(scope, "pipeline", f"{name}/execution/*")],
            because="SageMaker generates the id of an execution",
        ),
        # The failure reason of a step is in its job, the trials of tuning in the tuning job.
        Permission(
            actions=["sagemaker:DescribeProcessingJob"],
            resources=[sagemaker_arn(scope, "processing-job", JOB_NAMES)],
            conditions=of_project,
            because="SageMaker Pipelines generates the rest of the job's name",
        ),
        Permission(
            actions=[
                "sagemaker:DescribeHyperParameterTuningJob",
                "sagemaker:ListTrainingJobsForHyperParameterTuningJob",
            ],
            resources=[sagemaker_arn(scope, "hyper-parameter-tuning-job", "*")],
            conditions=of_project,
            because="pipelines generate the names of tuning jobs; the condition requires the tag",
        ),
        Permission(
            actions=["iam:PassRole"],
            resources=[training_role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        # A new model is compared with the newest approved one.
        Permission(
            actions=["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"],
            resources=project.model_packages(scope),
            because="versions of the project's model packages do not exist yet",
        ),
        *project.artifacts.read("data/", "runs/"),
        *project.artifacts.write("data/"),
        *put_groups(scope, project),
    ]


def synth_action(
    scope: Construct,
    *,
    project: ProjectResources,
    source: codepipeline.Artifact,
    output: codepipeline.Artifact,
    model_execution_role: iam.IRole,
    stages: Sequence[ProjectStage],
    targets: Mapping[str, StageTarget],
    monitoring: MonitoringResources | None,
    defaults: Mapping[str, str],
) -> PipelineAction:
    """Creates the action that synthesises one template per stage (`buildspecs/synth.yml`).

    The build looks up the latest approved model and exports the variable MODEL_PACKAGE_VERSION,
    which is `none` while no model is approved.

    Args:
        scope: parent construct of the build project.
        project: names and stores of the project.
        source: artifact with the repository's files.
        output: artifact for the templates.
        model_execution_role: role of the models that are deployed in the project's account; the
            templates only contain its ARN.
        stages: the stages in their order.
        targets: the stages in other accounts.
        monitoring: roles and queue of monitors in the project's account; None without monitors.
        defaults: environment variables with defaults of the repository's settings.
    """
    of_targets = {
        name: value for target in targets.values() for name, value in target.variables().items()
    }
    if monitoring is not None:
        of_targets |= monitoring_environment(monitoring, targets)
    build = BuildProject(
        scope,
        "Synth",
        project=project,
        build_spec="buildspecs/synth.yml",
        description="synthesises the deployment of the newest approved model",
        inputs=[SOURCE_OUTPUT],
        outputs=[SYNTH_OUTPUT],
        environment={
            "STAGES": " ".join(stage.name for stage in stages),
            "MODEL_EXECUTION_ROLE_ARN": model_execution_role.role_arn,
            **{name: kinds for one in stages for name, kinds in one.kind_variables().items()},
            **of_targets,
            **defaults,
        },
        permissions=[
            Permission(
                actions=["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"],
                resources=project.model_packages(scope),
                because="versions of the project's model packages do not exist yet",
            )
        ],
    )
    return build.in_pipeline("Synth", source=source, outputs=[output], namespace=SYNTH_NAMESPACE)


def monitoring_environment(
    monitoring: MonitoringResources, targets: Mapping[str, StageTarget]
) -> dict[str, str]:
    """Returns the environment variables of the monitors of all stages.

    Args:
        monitoring: roles and queue of monitors in the project's account.
        targets: the stages in other accounts.
    """
    of_targets = [target.monitoring_variables().items() for target in targets.values()]
    return {**monitoring.variables(), **{name: value for one in of_targets for name, value in one}}


def smoke_test_action(
    scope: Construct,
    *,
    project: ProjectResources,
    source: codepipeline.Artifact,
    stage: ProjectStage,
    target: StageTarget | None,
    run_order: int,
) -> PipelineAction:
    """Creates the action that invokes the endpoint of a stage (`buildspecs/smoke_test.yml`).

    Args:
        scope: parent construct of the build project.
        project: names and stores of the project.
        source: artifact with the repository's files.
        stage: the stage; its endpoint is `PROJECT-STAGE`.
        target: account of the stage. Defaults to None: the account of the project.
        run_order: position among the stage's actions.
    """
    endpoint = project.stage_name(stage.name)
    environment = {"STAGE": stage.name, "ENDPOINT_NAME": endpoint}
    if target is None:
        invocation = invoke_permissions(scope, endpoint, stage=stage, store=project.artifacts)
    else:
        role_arn = target.role_arn(target.smoke_test_role_name)
        environment |= {"STAGE_ROLE_ARN": role_arn, "STAGE_REGION": target.region}
        invocation = [Permission(actions=["sts:AssumeRole"], resources=[role_arn])]
    build = BuildProject(
        scope,
        "SmokeTest",
        project=project,
        build_spec="buildspecs/smoke_test.yml",
        description=f"sends held-out rows to the {stage.name} endpoint",
        inputs=[SOURCE_OUTPUT],
        environment=environment,
        role_name=smoke_test_build_role(project.project_name, stage.name) if target else None,
        permissions=[
            *invocation,
            Permission(
                actions=["sagemaker:DescribeModelPackage"],
                resources=project.model_packages(scope)[1:],
                because="versions of the project's model packages do not exist yet",
            ),
            *project.artifacts.read("runs/"),
        ],
    )
    return build.in_pipeline(
        "SmokeTest", source=source, kind=actions.CodeBuildActionType.TEST, run_order=run_order
    )


def invoke_permissions(
    scope: Construct,
    endpoint: str,
    *,
    stage: ProjectStage,
    store: ArtifactStore,
    key_aliases: Sequence[str] = (),
    has_copies: bool = False,
) -> list[Permission]:
    """Returns the permissions to describe and invoke what a stage deploys.

    Args:
        scope: a construct in the account and region of the endpoint.
        endpoint: name of the endpoint.
        stage: the stage, whose kinds require further permissions.
        store: bucket and key of the stage.
        key_aliases: ARNs of aliases of the key that a request can name instead of the key. Defaults
            to (): none.
        has_copies: True for a stage in another region, whose models have their package in a tag.
            Defaults to False.
    """
    named = "the deployment names resources PROJECT-STAGE-HASH"
    return [
        Permission(
            actions=["sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"],
            resources=[sagemaker_arn(scope, "endpoint", endpoint)],
        ),
        Permission(
            actions=["sagemaker:DescribeEndpointConfig"],
            resources=[sagemaker_arn(scope, "endpoint-config", f"{endpoint}*")],
            because=named,
        ),
        Permission(
            actions=["sagemaker:DescribeModel", *(["sagemaker:ListTags"] if has_copies else [])],
            resources=[sagemaker_arn(scope, "model", f"{endpoint}*")],
            because=named,
        ),
        *tested_kinds(
            scope,
            stage.kinds,
            name=endpoint,
            stage=stage.name,
            store=store,
            key_aliases=key_aliases,
        ),
    ]
