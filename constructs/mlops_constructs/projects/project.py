"""A machine learning project: code, pipelines, registry, and what they work with."""

from __future__ import annotations

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

from mlops_constructs._findings import acknowledge
from mlops_constructs._problems import Problems
from mlops_constructs.access import ModelExecutionRole, ProjectAccess
from mlops_constructs.delivery import (
    ModelBuildPipeline,
    ModelDeployPipeline,
    PackageRepository,
    ProjectResources,
    Source,
)
from mlops_constructs.model_registry import ModelPackageGroup, ModelPackageGroupBase
from mlops_constructs.network import NetworkBase

from .adopted_stores import AdoptedStores, define_only_if_created
from .project_stores import ProjectStores
from .removal import REMOVAL_TAG, ProjectRemoval
from .role_path import put_on_projects_path
from .seed import Seed
from .seed_repository import SeedRepository

_LOST_START = (
    "what EventBridge gives up after 24 hours is a start: the next approval or push makes up for "
    "it, as the newest approved model is deployed"
)

_ONE_OF_TWO = "the value is that of what is created under the condition, else of what is adopted"


class Project(Construct):
    """Defines a SageMaker project: what a team of data scientists gets to begin with.

    * two repositories with seed code, `PROJECT-model-build` and `PROJECT-model-deploy`;
    * a pipeline of the same name for each, which a push starts; the approval of a model starts
      the second one too;
    * a model package group `PROJECT`;
    * a topic that tells who approves that production waits for them;
    * a bucket for data, runs and models, a repository for images, and the key that encrypts both;
    * roles for every service that acts, on the path `/sagemaker-projects/`, where nothing else is.

    With a network, jobs, models and builds run there and none starts anywhere else: builds learn
    the ids by `VPC_ID`, `SUBNET_IDS` and `SECURITY_GROUP_IDS`, and the seeds obey them.
    CodePipeline builds the image on machines of its own, which no network takes.

    Every resource carries the tags by which SageMaker Studio knows the project,
    `sagemaker:project-name` and `sagemaker:project-id`. The stack gets the outputs that
    `OUTPUTS` lists; their names are fixed, so a stack holds one project.

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

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project_name: str,
        project_id: str,
        model_build_seed: Seed,
        model_deploy_seed: Seed,
        permissions_boundary: iam.IManagedPolicy | None = None,
        server_access_logs_bucket: s3.IBucket | None = None,
        network: NetworkBase | None = None,
        packages: PackageRepository | None = None,
        function_network: NetworkBase | None = None,
        approval_notifications: Sequence[str] = (),
        adopted: AdoptedStores | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        """Creates the project.

        Args:
            project_name: up to 32 lower case letters, digits and hyphens.
            project_id: SageMaker's id of the project; for a project that is not made by SageMaker,
                any id of up to 20 characters.
            model_build_seed: first commit of the repository that trains.
            model_deploy_seed: first commit of the repository that deploys.
            permissions_boundary: what no role of the project can exceed. Default: no boundary.
            server_access_logs_bucket: of the same account and region, to which S3 may write who
                read and wrote the project's objects. Default: no such log; CloudTrail's data
                events tell it too.
            network: where jobs, models and builds run. The builds of the seeds take packages from
                PyPI, so it needs a way there, or `packages` and the uses that docs/network.md
                lists. Default: in networks of SageMaker and CodeBuild.
            packages: where the builds take packages from. Default: from PyPI.
            function_network: where the function runs that removes a project, for an organisation
                that demands each function in a VPC: a `Network` with the uses FUNCTIONS, DELIVERY
                and OPERATIONS. Without DESTROY there is no function. Default: in no VPC.
            approval_notifications: e-mail addresses of those who decide about production; each of
                them has to confirm. Default: nobody is told until somebody subscribes to the topic
                of the output `ApprovalTopicArn`.
            adopted: stores that an earlier project of this name has left, which this one takes up,
                with the repositories and the model package group of that name. They are no part of
                this project's stack: they stay when it is deleted. Default: everything is created,
                and a name that is taken is refused by AWS.
            removal_policy: what happens to repositories, data, images and the registry when the
                stack is deleted. Default: they stay, unless the creation has failed, and so do
                endpoints and the roles that these need. With DESTROY a function removes all that
                the project has made, endpoints included, before its stack is deleted.

        Raises ValueError for a name or id outside of these limits, which are not checked for
        tokens, and for DESTROY with what is adopted.
        """
        super().__init__(scope, construct_id)
        _refuse_to_destroy(adopted, removal_policy)
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
        )
        self.model_package_group = self._group()
        self.model_build_repository = self._repository(
            "ModelBuild", "model-build", model_build_seed
        )
        self.model_deploy_repository = self._repository(
            "ModelDeploy", "model-deploy", model_deploy_seed
        )
        self.approval_topic = self._approval_topic(approval_notifications)
        self.model_execution_role = self._define_model_execution_role()
        self.model_build_pipeline = self._build_pipeline()
        self.model_deploy_pipeline = self._deploy_pipeline()
        # A rejection starts it too: the approved version before the rejected one is deployed.
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
        put_on_projects_path(self)
        if permissions_boundary is not None:
            iam.PermissionsBoundary.of(self).apply(permissions_boundary)

    def access(self) -> ProjectAccess:
        """What people may get at of the project, for `PersonaRole` and `JobRole`.

        It has no roles that jobs run with: add one of people with
        `dataclasses.replace(project.access(), execution_roles=[JobRole(...)])`.
        """
        return ProjectAccess(
            project_name=self.resources.project_name,
            bucket=self.stores.artifacts.bucket,
            key=self.stores.artifacts.key,
            image_repository=self.stores.images,
            code_repositories=[
                self.model_build_repository.repository,
                self.model_deploy_repository.repository,
            ],
            log_groups=[one for one in self.node.find_all() if isinstance(one, logs.LogGroup)],
        )

    def _repository(self, construct_id: str, suffix: str, seed: Seed) -> SeedRepository:
        name = self.resources.project_name
        return SeedRepository(
            self,
            f"{construct_id}Repository",
            repository_name=f"{name}-{suffix}",
            description=f"Code of the SageMaker project {name}: {suffix}",
            seed=seed,
            removal_policy=self._removal_policy,
            adopted=self._adopted,
        )

    def _group(self) -> ModelPackageGroupBase:
        name = self.resources.project_name
        if self._adopted is not None and self._adopted.unless is None:
            return ModelPackageGroup.from_model_package_group_name(self, "ModelPackageGroup", name)
        group = ModelPackageGroup(
            self,
            "ModelPackageGroup",
            model_package_group_name=name,
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
            source=Source.code_commit(
                self.model_build_repository.repository, SeedRepository.BRANCH
            ),
            image_repository=self.stores.images,
        )

    def _deploy_pipeline(self) -> ModelDeployPipeline:
        return ModelDeployPipeline(
            self,
            "ModelDeployPipeline",
            project=self.resources,
            source=Source.code_commit(
                self.model_deploy_repository.repository, SeedRepository.BRANCH
            ),
            model_execution_role=self.model_execution_role,
            approval_topic=self.approval_topic,
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
        )
        return role

    def _keep_endpoints(self) -> None:
        """Keeps the roles of endpoints that outlive the project: they run, and can be deleted."""
        for role in (self.model_deploy_pipeline.deployment_role, self.model_execution_role):
            cdk.RemovalPolicies.of(role).apply(self._removal_policy)

    def _remove_endpoints_first(self) -> None:
        """Removes what the project has made while its roles and stores are there."""
        resources = [one for one in self.node.find_all() if isinstance(one, cdk.CfnResource)]
        removal = ProjectRemoval(
            self,
            "Removal",
            project=self.resources,
            stages=ModelDeployPipeline.STAGES,
            builds=[one for one in resources if isinstance(one, codebuild.CfnProject)],
            network=self._function_network,
        )
        group = cast(cdk.CfnResource, self.model_package_group.node.default_child)
        removal.before(
            self.model_deploy_pipeline.deployment_role,
            self.model_execution_role,
            self.model_build_pipeline.training_role,
            group,
            self.stores,
        )
        removal.after(*(one for one in resources if isinstance(one, codepipeline.CfnPipeline)))
        cdk.Tags.of(group).add(REMOVAL_TAG, "true")

    def _add_outputs(self) -> None:
        build, deploy = self.model_build_repository, self.model_deploy_repository
        values = {
            "ApprovalTopicArn": self.approval_topic.topic_arn,
            "ArtifactKeyArn": self.stores.artifacts.key.key_arn,
            "ArtifactBucketName": self.stores.artifacts.bucket.bucket_name,
            "ImageRepositoryUri": self.stores.images.repository_uri,
            "ModelBuildPipelineName": self.model_build_pipeline.pipeline.pipeline_name,
            "ModelBuildRepositoryCloneUrl": build.clone_url,
            "ModelBuildRepositoryName": build.repository.repository_name,
            "ModelDeployPipelineName": self.model_deploy_pipeline.pipeline.pipeline_name,
            "ModelDeployRepositoryCloneUrl": deploy.clone_url,
            "ModelDeployRepositoryName": deploy.repository.repository_name,
            "ModelPackageGroupName": self.model_package_group.model_package_group_name,
        }
        for name in self.OUTPUTS:
            output = cdk.CfnOutput(self, name, value=values[name])
            output.override_logical_id(name)
            if self._adopted is not None:
                acknowledge(output, {"CloudFormation-Validate::W1001": _ONE_OF_TWO})


def _refuse_to_destroy(adopted: AdoptedStores | None, removal_policy: cdk.RemovalPolicy) -> None:
    problems = Problems("the project")
    if adopted is not None and removal_policy is cdk.RemovalPolicy.DESTROY:
        problems.add(
            "removal_policy is DESTROY, and what is adopted is no part of the stack that is "
            "deleted; adopt with RETAIN_ON_UPDATE_OR_DELETE, or create the project anew"
        )
    problems.raise_if_any()
