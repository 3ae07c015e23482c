"""Machine learning project: repositories, pipelines, registry and their resources."""

from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from mlops_constructs._attributes import bucket_name, key_arn
from mlops_constructs._environment import environment_of, inherit, stack_of
from mlops_constructs._findings import acknowledge
from mlops_constructs._problems import Problems
from mlops_constructs.access import (
    LeastPrivilegeRole,
    ModelExecutionRole,
    ProjectAccess,
    image_pull_permissions,
)
from mlops_constructs.delivery import (
    DEFAULT_STAGES,
    ModelBuildPipeline,
    ModelDeployPipeline,
    PackageRepository,
    ProjectResources,
    ProjectStage,
    StageKind,
    StageTarget,
)
from mlops_constructs.delivery._feature_permissions import read_records, read_records_elsewhere
from mlops_constructs.delivery.deployment._kind_permissions import kinds_of, serving_kinds
from mlops_constructs.delivery.deployment._stage_accounts import stage_list_problems, targets_of
from mlops_constructs.delivery.deployment._stage_names import (
    feature_reader_role,
    feature_reader_role_arn,
)
from mlops_constructs.model_registry import ModelPackageGroup, ModelPackageGroupBase
from mlops_constructs.network import NetworkBase
from mlops_constructs.studio import MlflowAppBase

from ._project_stores import ProjectStores
from ._removal import REMOVAL_TAG, ProjectRemoval
from ._stage_settings import with_stage_settings
from ._target_sharing import MODEL_DATA_PREFIX, registry_sharing, share_with_targets
from .adopted_stores import AdoptedStores, define_only_if_created
from .boundary._role_path import put_on_projects_path
from .monitoring._monitoring_roles import BASELINES_PREFIX, MonitoringRoles
from .monitoring._project_retraining import ProjectRetraining
from .monitoring.project_monitoring import ProjectMonitoring
from .seeds.code_host import CodeHost
from .seeds.seed import Seed

_LOST_START = (
    "a start that EventBridge drops after 24 hours is made up by the next approval or push, which "
    "deploys the latest approved model"
)

_CREATED_OR_ADOPTED = (
    "the value is that of the created resource under the condition, else of the adopted one"
)


class Project(Construct):
    """Defines a SageMaker project for a team of data scientists.

    It consists of:

    * two repositories with seed code, `PROJECT-model-build` and `PROJECT-model-deploy`;
    * a pipeline of the same name for each, started by pushes; the approval of a model starts the
      second pipeline as well;
    * a model package group `PROJECT`;
    * a topic that notifies reviewers when production waits for an approval, and of alarms on drift;
    * roles and a queue for the monitors of the stages, and a state machine that starts a retraining
      when an alarm of a stage asks for it, within the limits of `monitoring`;
    * a bucket for data, runs and models, an image repository, and the key that encrypts both;
    * roles of the services, on the path `/sagemaker-projects/`, which only projects use.

    With a network, jobs, models and builds run in it and cannot run outside of it. Builds get the
    ids in `VPC_ID`, `SUBNET_IDS` and `SECURITY_GROUP_IDS`, and the seeds use them. CodePipeline
    builds the image on managed compute outside of the network.

    Every resource has the tags with which SageMaker Studio identifies the project,
    `sagemaker:project-name` and `sagemaker:project-id`. The stack has the outputs in `OUTPUTS`;
    their names are fixed, so a stack can hold one project.

    Args:
        project_name: name of the project: up to 32 lower case letters, digits and hyphens.
        project_id: SageMaker's id of the project, or, for a project that SageMaker does not manage,
            any id of up to 20 letters, digits and hyphens.
        model_build_seed: first commit of the model-build repository.
        model_deploy_seed: first commit of the model-deploy repository.
        code_host: git service that holds the repositories. Defaults to None: CodeCommit. At a
            third-party provider the repositories must exist and be empty.
        permissions_boundary: permissions boundary of all roles of the project. Defaults to None: no
            boundary.
        server_access_logs_bucket: bucket of the same account and region for the S3 server access
            logs of the project's bucket. Defaults to None: no server access logs; AWS CloudTrail
            data events have the same information.
        network: network of jobs, models and builds. The builds of the seeds install packages from
            PyPI, so it needs internet access, or `packages` and the uses listed in docs/network.md.
            Defaults to None: networks of SageMaker and CodeBuild.
        packages: repository from which the builds install packages. Defaults to None: PyPI.
        mlflow: MLflow App in which each execution of the training pipeline is logged. The role of
            the pipeline, with which the team's code runs, can read and change what other projects
            log there. Defaults to None: executions are not logged.
        feature_store: True if the repository model-build can define feature groups, named
            `PROJECT_GROUP`: its train build creates and extends them, the training pipeline writes
            records, and models read them; those of stages in other accounts assume a role of this
            account, and need a `ProjectTarget(feature_store=True)`. Defaults to False: no
            permissions on feature groups.
        function_network: network of the function that removes a project, for organisations that
            require all functions to run in a VPC: a `Network` with the uses FUNCTIONS, DELIVERY and
            OPERATIONS. Only DESTROY creates the function. Defaults to None: no VPC.
        approval_notifications: email addresses of the reviewers of production; each must confirm
            the subscription. Defaults to (): no subscriptions; the output `ApprovalTopicArn` has
            the topic.
        stages: the stages in their order; at least one. A stage in another account needs a
            `ProjectTarget` there, whose roles may read the artifacts, models and images of this
            project. A stage in another region gets copies of models and images, and needs an
            `ArtifactReplica` as well. Defaults to `DEFAULT_STAGES`: staging, and prod after an
            approval, both in the account of the project.
        monitoring: default of the monitors' schedule, and limits of retraining; the repository
            model-deploy defines the monitors. Defaults to None: `ProjectMonitoring()`.
        adopted: retained stores of a deleted project of this name, adopted together with its
            repositories and its model package group. They are not part of this project's stack and
            are retained when it is deleted. Defaults to None: everything is created, and AWS
            rejects names that exist.
        removal_policy: what happens to repositories, data, images and the registry when the stack
            is deleted. With DESTROY, a function removes everything that the project created,
            endpoints included, before the stack is deleted. Defaults to retaining them, together
            with the endpoints and their roles, unless the creation of the stack fails.

    Raises:
        ValueError: if the name or id is malformed (tokens are not validated), DESTROY or a stage in
            another account is combined with `adopted`.

    Example:
        ```python
        churn = Project(
            stack,
            "Project",
            project_name="churn",
            project_id="p-churn",
            model_build_seed=Seed(folder=Path("seed_code/model_build")),
            model_deploy_seed=Seed(folder=Path("seed_code/model_deploy")),
        )
        PersonaRole(
            stack, "Scientists", persona=Persona.data_scientist(), project=churn.access()
        )
        ```
    """

    OUTPUTS = (
        "ApprovalTopicArn",
        "ArtifactBucketName",
        "ArtifactKeyArn",
        "ImageRepositoryUri",
        "ModelBuildPipelineName",
        "ModelBuildRepositoryCloneUrl",
        "ModelBuildRepositoryName",
        "ModelDeployPipelineName",
        "ModelDeployRepositoryCloneUrl",
        "ModelDeployRepositoryName",
        "ModelPackageGroupName",
    )
    """Names of the stack's outputs."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project_name: str,
        project_id: str,
        model_build_seed: Seed,
        model_deploy_seed: Seed,
        code_host: CodeHost | None = None,
        permissions_boundary: iam.IManagedPolicy | None = None,
        server_access_logs_bucket: s3.IBucket | None = None,
        network: NetworkBase | None = None,
        packages: PackageRepository | None = None,
        mlflow: MlflowAppBase | None = None,
        feature_store: bool = False,
        function_network: NetworkBase | None = None,
        approval_notifications: Sequence[str] = (),
        stages: Sequence[ProjectStage] = DEFAULT_STAGES,
        monitoring: ProjectMonitoring | None = None,
        adopted: AdoptedStores | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        inherit(self, scope)
        put_on_projects_path(self)
        self._stages = tuple(stages)
        self._targets = _validated(self, project_name, self._stages, adopted, removal_policy)
        self._adopted = adopted
        self._removal_policy, self._function_network = removal_policy, function_network
        self.stores = ProjectStores(
            self,
            "Stores",
            removal_policy=removal_policy,
            server_access_logs_bucket=server_access_logs_bucket,
            adopted=adopted,
        )
        self.resources = ProjectResources(
            project_name=project_name,
            project_id=project_id,
            artifacts=self.stores.artifacts,
            model_package_group_name=project_name,
            network=network,
            packages=packages,
            mlflow_app_arn=mlflow.mlflow_app_arn if mlflow else None,
            feature_store=feature_store,
            feature_reader_role_arn=self._feature_reader_arn(project_name)
            if feature_store and self._targets
            else None,
        )
        self.model_package_group = self._group()
        deploy_seed = with_stage_settings(model_deploy_seed, self._stages)
        repositories = (code_host or CodeHost.code_commit()).repositories(
            self,
            project=self.resources,
            seeds={"model-build": model_build_seed, "model-deploy": deploy_seed},
            removal_policy=removal_policy,
            adopted=adopted,
            function_network=function_network,
        )
        self.model_build_repository = repositories["model-build"]
        self.model_deploy_repository = repositories["model-deploy"]
        self.approval_topic = self._approval_topic(approval_notifications)
        self.model_execution_role = self._define_model_execution_role()
        share_with_targets(self.stores, self._targets)
        self._feature_reader = self._define_feature_reader()
        self.monitoring = monitoring or ProjectMonitoring()
        self._monitoring_roles = self._define_monitoring_roles()
        self.model_build_pipeline = self._build_pipeline()
        if mlflow is not None:
            mlflow.grant_track(self.model_build_pipeline.training_role)
        self.model_deploy_pipeline = self._deploy_pipeline()
        self.retraining = self._define_retraining()
        # A rejection starts it as well, to deploy the previous approved version.
        approved = self.model_package_group.on_approval_status_change(
            "Approved", target=self.model_deploy_pipeline.start()
        )
        acknowledge(approved, {"Serverless-EventBusDLQ": _LOST_START})
        if removal_policy is cdk.RemovalPolicy.DESTROY:
            self._remove_endpoints_first()
        else:
            self._keep_endpoints()
        self._add_outputs()
        cdk.Tags.of(self).add("sagemaker:project-name", project_name)
        cdk.Tags.of(self).add("sagemaker:project-id", project_id)
        if permissions_boundary is not None:
            iam.PermissionsBoundary.of(self).apply(permissions_boundary)

    def access(self) -> ProjectAccess:
        """Returns what users can access in the project, for `PersonaRole` and `JobRole`.

        It contains no roles of jobs: add one with `dataclasses.replace(project.access(),
        execution_roles=[JobRole(...)])`.
        """
        return ProjectAccess(
            project_name=self.resources.project_name,
            bucket=self.stores.artifacts.bucket,
            key=self.stores.artifacts.key,
            image_repository=self.stores.images,
            code_repositories=[
                *self.model_build_repository.code_commit_repositories(),
                *self.model_deploy_repository.code_commit_repositories(),
            ],
            log_groups=[one for one in self.node.find_all() if isinstance(one, logs.LogGroup)],
        )

    def _group(self) -> ModelPackageGroupBase:
        name = self.resources.project_name
        if self._adopted is not None and self._adopted.unless is None:
            return ModelPackageGroup.from_model_package_group_name(self, "ModelPackageGroup", name)
        group = ModelPackageGroup(
            self,
            "ModelPackageGroup",
            model_package_group_name=name,
            sharing=registry_sharing(self._targets),
            removal_policy=self._removal_policy,
        )
        if self._adopted is not None:
            resource = cast(cdk.CfnResource, group.node.default_child)
            define_only_if_created(self._adopted, resource)
        return group

    def _approval_topic(self, addresses: Sequence[str]) -> sns.Topic:
        topic = sns.Topic(self, "Approvals", master_key=self.stores.artifacts.key, enforce_ssl=True)
        for address in addresses:
            topic.add_subscription(subscriptions.EmailSubscription(address))
        return topic

    def _build_pipeline(self) -> ModelBuildPipeline:
        return ModelBuildPipeline(
            self,
            "ModelBuildPipeline",
            project=self.resources,
            source=self.model_build_repository.source(),
            image_repository=self.stores.images,
        )

    def _deploy_pipeline(self) -> ModelDeployPipeline:
        return ModelDeployPipeline(
            self,
            "ModelDeployPipeline",
            project=self.resources,
            source=self.model_deploy_repository.source(),
            model_execution_role=self.model_execution_role,
            stages=self._stages,
            approval_topic=self.approval_topic,
            monitoring=self._monitoring_roles.resources,
            monitoring_frequency=self.monitoring.frequency,
            image_repository=self.stores.images,
        )

    def _define_monitoring_roles(self) -> MonitoringRoles:
        return MonitoringRoles(
            self,
            "Monitoring",
            project=self.resources,
            prefixes=[BASELINES_PREFIX, MODEL_DATA_PREFIX],
            stored=image_pull_permissions(self.stores.images),
            batch_models=f"{self.resources.project_name}-*"
            if StageKind.BATCH in self._own_kinds
            else None,
        )

    def _define_retraining(self) -> ProjectRetraining:
        return ProjectRetraining(
            self,
            "Retraining",
            project_name=self.resources.project_name,
            endpoints=[
                self.resources.stage_name(stage.name)
                for stage in self._stages
                if stage.name not in self._targets
            ],
            targets=list(self._targets.values()),
            topic=self.approval_topic,
            key=self.stores.artifacts.key,
            pipeline=self.model_build_pipeline.pipeline,
            limits=self.monitoring.retraining,
        )

    def _define_model_execution_role(self) -> ModelExecutionRole:
        artifacts = self.stores.artifacts
        self.model_execution_role = role = ModelExecutionRole(
            self,
            "ModelExecutionRole",
            model_data_bucket=artifacts.bucket,
            capture_bucket=artifacts.bucket,
            image_repository=self.stores.images,
            encryption_keys=[artifacts.key],
            network=self.resources.network,
            permissions=[
                *serving_kinds(self, self._own_kinds, artifacts.bucket),
                *read_records(self, self.resources),
            ],
        )
        return role

    def _feature_reader_arn(self, project_name: str) -> str:
        place = environment_of(self)
        return feature_reader_role_arn(project_name, place.region, place.account)

    def _define_feature_reader(self) -> LeastPrivilegeRole | None:
        """Defines the role with which models in other accounts read records."""
        if self.resources.feature_reader_role_arn is None:
            return None
        models = [
            target.principal_with(target.model_execution_role_name)
            for target in self._targets.values()
        ]
        return LeastPrivilegeRole(
            self,
            "FeatureReader",
            assumed_by=iam.CompositePrincipal(*models),
            description="Models of stages in other accounts: read feature groups of the project",
            role_name=feature_reader_role(self.resources.project_name, environment_of(self).region),
            permissions=read_records_elsewhere(self, self.resources),
        )

    @property
    def _own_kinds(self) -> tuple[StageKind, ...]:
        """Kinds of the stages in the account of the project."""
        return kinds_of(stage for stage in self._stages if stage.name not in self._targets)

    def _keep_endpoints(self) -> None:
        """Retains the roles of endpoints that outlive the project.

        The endpoints need them to run and to be deleted.
        """
        for role in (
            self.model_deploy_pipeline.deployment_role,
            self.model_execution_role,
            self._feature_reader,
        ):
            if role is not None:
                cdk.RemovalPolicies.of(role).apply(self._removal_policy)
        self._monitoring_roles.keep(self._removal_policy)

    def _remove_endpoints_first(self) -> None:
        """Removes what the project created while its roles and stores still exist."""
        resources = [one for one in self.node.find_all() if isinstance(one, cdk.CfnResource)]
        removal = ProjectRemoval(
            self,
            "Removal",
            project=self.resources,
            stages=[one.name for one in self._stages if one.name not in self._targets],
            builds=[one for one in resources if isinstance(one, codebuild.CfnProject)],
            network=self._function_network,
        )
        group = cast(cdk.CfnResource, self.model_package_group.node.default_child)
        removal.before(
            self.model_deploy_pipeline.deployment_role,
            self.model_execution_role,
            self.model_build_pipeline.training_role,
            self._monitoring_roles,
            group,
            self.stores,
        )
        removal.after(*(one for one in resources if isinstance(one, codepipeline.CfnPipeline)))
        cdk.Tags.of(group).add(REMOVAL_TAG, "true")

    def _add_outputs(self) -> None:
        build, deploy = self.model_build_repository, self.model_deploy_repository
        values = {
            "ApprovalTopicArn": self.approval_topic.topic_arn,
            "ArtifactKeyArn": key_arn(self.stores.artifacts.key),
            "ArtifactBucketName": bucket_name(self.stores.artifacts.bucket),
            "ImageRepositoryUri": self.stores.images.repository_uri,
            "ModelBuildPipelineName": self.model_build_pipeline.pipeline.pipeline_name,
            "ModelBuildRepositoryCloneUrl": build.clone_url,
            "ModelBuildRepositoryName": build.repository_name,
            "ModelDeployPipelineName": self.model_deploy_pipeline.pipeline.pipeline_name,
            "ModelDeployRepositoryCloneUrl": deploy.clone_url,
            "ModelDeployRepositoryName": deploy.repository_name,
            "ModelPackageGroupName": self.model_package_group.model_package_group_name,
        }
        for name in self.OUTPUTS:
            # In the scope of the stack, where the id is the logical id.
            output = cdk.CfnOutput(stack_of(self), name, value=values[name])
            if self._adopted is not None:
                acknowledge(output, {"CloudFormation-Validate::W1001": _CREATED_OR_ADOPTED})


def _validated(
    project: Project,
    project_name: str,
    stages: Sequence[ProjectStage],
    adopted: AdoptedStores | None,
    removal_policy: cdk.RemovalPolicy,
) -> dict[str, StageTarget]:
    """Validates arguments that concern each other; returns the stages in other accounts."""
    problems = Problems("Project", project)
    if adopted is not None and removal_policy is cdk.RemovalPolicy.DESTROY:
        problems.add(
            "removal_policy: got DESTROY, which cannot be combined with adopted: adopted stores "
            "are not part of the stack; use RETAIN_ON_UPDATE_OR_DELETE, or remove adopted"
        )
    problems.extend(stage_list_problems(stages))
    targets, found = targets_of(project, project_name, stages)
    problems.extend(found)
    shared = [name for name, target in targets.items() if not target.has_copies]
    if adopted is not None and shared:
        problems.add(
            f"stages: got {', '.join(shared)} in another account, which cannot be combined with "
            "adopted: the policies of adopted stores cannot allow that account to read models; "
            "deploy to the project's account, or copy the data into a new project"
        )
    problems.raise_if_any()
    return targets
