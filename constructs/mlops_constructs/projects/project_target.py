"""Resources that a stage of a project needs outside of the account of the project."""

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs._attributes import repository_arn
from mlops_constructs._dead_letter_queue import DeadLetterQueue
from mlops_constructs._environment import environment_of, inherit
from mlops_constructs._findings import acknowledge, without_access_log, without_replica
from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access import (
    LeastPrivilegeRole,
    ModelExecutionRole,
    Permission,
    ServiceRole,
    image_pull_permissions,
)
from mlops_constructs.delivery import (
    ArtifactStore,
    DeploymentRole,
    ProjectResources,
    ProjectStage,
    StageKind,
    StageTarget,
)
from mlops_constructs.delivery.actions._build_actions import invoke_permissions
from mlops_constructs.delivery.actions._copy_action import COPIED_PREFIXES
from mlops_constructs.delivery.actions._template_check import deployed_template_permission
from mlops_constructs.delivery.deployment._kind_permissions import serving_kinds
from mlops_constructs.delivery.deployment._stage_names import (
    check_build_role,
    copy_build_role,
    feature_reader_role_arn,
    pipeline_principal,
    principal_in_project,
    smoke_test_build_role,
)
from mlops_constructs.delivery.deployment._target_permissions import (
    GENERATED_THERE,
    decrypting_permission,
    deploying_permissions,
    reading_permissions,
)
from mlops_constructs.network import NetworkBase

from ._project_bucket import project_bucket
from ._removal import REMOVAL_TAG, StageRemoval
from ._target_sharing import MODEL_DATA_PREFIX
from .boundary._role_path import put_on_projects_path
from .monitoring._monitoring_roles import BASELINES_PREFIX, MonitoringRoles
from .monitoring._project_retraining import ALARMS, alarms_in

_CAPTURED = "captured traffic can be captured again; the owner of the data copies what must last"
_CLOUDTRAIL = (
    "CloudTrail data events of the account record access to objects. A log bucket of the account "
    "can be set"
)


class ProjectTarget(Construct):
    """Defines what a stage of a project needs in its own account.

    It consists of:

    * a role for each purpose: for the pipeline, which creates and updates the stack of the stage;
      for CloudFormation, which creates the endpoint; for the models; for the smoke test, which
      invokes the endpoint; for the check, which reads the deployed template; for the monitors, and
      for EventBridge Scheduler, which starts them; for EventBridge, which forwards events of the
      stage's alarms to the project. Only the role of this project with the matching purpose can
      assume those of the pipeline, the smoke test and the check;
    * a key, with the alias `alias/PROJECT-STAGE`, that encrypts the endpoint and captured traffic;
    * a bucket for captured traffic;
    * for a stage in another region: a repository for copies of images, and a role with which a
      build of the project writes them, and copies of models and baselines into the bucket. The
      roles of models and monitors then read these copies, and nothing of the project.

    The roles read the checked templates, model data and images of the project's account, whose
    policies name them. All names are computed, so this stack and that of the project can be
    deployed, changed and deleted in any order; the first deployment of the stage needs both.

    Args:
        project_name: name of the project.
        project_id: id of the project.
        project_account: account id of the project, 12 digits.
        stage: the stage, the same value as in `Project(stages=...)`.
        project_region: region of the project. Defaults to None: the region of the stage.
        feature_store: True if models look up features of the project, the same value as in
            `Project`: their role can assume the one that reads the project's feature groups.
            Defaults to False: no access to feature groups.
        permissions_boundary: permissions boundary of all roles. Defaults to None: no boundary.
        server_access_logs_bucket: bucket of the same account and region for the S3 server access
            logs of the bucket. Defaults to None: no server access logs; AWS CloudTrail data events
            have the same information.
        function_network: network of the function that removes a stage, for organisations that
            require all functions to run in a VPC. Only DESTROY creates the function. Defaults to
            None: no VPC.
        removal_policy: what happens to the endpoint, captured traffic and the key when the stack is
            deleted. With DESTROY, a function removes the endpoint and captured traffic before the
            stack is deleted. Defaults to retaining them together with the roles of the endpoint,
            unless the creation of the stack fails.

    Raises:
        ValueError: if the stack is not in the account of the stage, the stage is in the project's
            account and region, or a computed name is too long.

    Source: "Create a pipeline that uses resources from another account" in the CodePipeline User
    Guide; "Deploy a Model Version from a Different Account" in the SageMaker Developer Guide.

    Example:
        ```python
        ProjectTarget(
            stack,
            "ChurnInProduction",
            project_name="churn",
            project_id="p-churn",
            project_account="333333333333",
            stage=ProjectStage(name="prod", account="111111111111"),
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project_name: str,
        project_id: str,
        project_account: str,
        stage: ProjectStage,
        project_region: str | None = None,
        feature_store: bool = False,
        permissions_boundary: iam.IManagedPolicy | None = None,
        server_access_logs_bucket: s3.IBucket | None = None,
        function_network: NetworkBase | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        inherit(self, scope)
        put_on_projects_path(self)
        stack = environment_of(self)
        self._project_region = project_region or stack.region
        self._validate(stage, project_account)
        self._project_account, self._project_name = project_account, project_name
        self.target = StageTarget.of(
            project_name=project_name,
            stage=stage,
            region=stack.region,
            project_region=self._project_region,
        )
        self.key = self._define_key(removal_policy)
        self.bucket = self._define_bucket(removal_policy, server_access_logs_bucket)
        project = ProjectResources(
            project_name=project_name,
            project_id=project_id,
            artifacts=ArtifactStore(bucket=self.bucket, key=self.key),
            model_package_group_name=project_name,
            network=self._network(stage),
            registry_account=project_account,
        )
        self.images = self._define_images(removal_policy) if self.target.has_copies else None
        self.model_execution_role = self._define_model_execution_role(project, feature_store)
        monitoring = self._define_monitoring_roles(project)
        self.deployment_role = DeploymentRole(
            self,
            "DeploymentRole",
            project=project,
            model_execution_role=self.model_execution_role,
            stage=stage.name,
            key_aliases=[self._alias_arn()],
            role_name=self.target.deployment_role_name,
            monitoring=monitoring.resources,
            kinds=stage.kinds,
            further=reading_permissions(self, stage),
            from_packages=not self.target.has_copies,
        )
        if removal_policy is cdk.RemovalPolicy.DESTROY:
            self._remove_endpoint_first(project, stage, function_network, monitoring)
        else:
            # The endpoint needs its roles to run and to be deleted.
            for role in (self.deployment_role, self.model_execution_role):
                cdk.RemovalPolicies.of(role).apply(removal_policy)
            monitoring.keep(removal_policy)
        self._forward_alarms()
        self.action_role = self._define_action_role()
        self.smoke_test_role = self._role(
            "SmokeTestRole",
            self.target.smoke_test_role_name,
            assumed_by=principal_in_project(
                project_account, smoke_test_build_role(project_name, stage.name)
            ),
            description=f"CodeBuild of {project_account}: invokes the endpoint",
            permissions=invoke_permissions(
                self,
                self.target.stack_name,
                stage=stage,
                store=project.artifacts,
                key_aliases=[self._alias_arn()],
                has_copies=self.target.has_copies,
            ),
        )
        if self.images is not None:
            self.copy_role = self._define_copy_role(project, self.images)
        self.check_role = self._role(
            "CheckRole",
            self.target.check_role_name,
            assumed_by=principal_in_project(project_account, check_build_role(project_name)),
            description=f"CodeBuild of {project_account}: reads the deployed template",
            permissions=[deployed_template_permission(self, self.target.stack_name)],
        )
        cdk.Tags.of(self).add("sagemaker:project-name", project_name)
        cdk.Tags.of(self).add("sagemaker:project-id", project_id)
        if permissions_boundary is not None:
            iam.PermissionsBoundary.of(self).apply(permissions_boundary)

    def _validate(self, stage: ProjectStage, project_account: str) -> None:
        problems = Problems("ProjectTarget", self)
        stack = environment_of(self)
        if stage.account is None:
            problems.add(
                f"stage: got {stage.name} without an account, which is a stage in the account of "
                "the project; its stages need no target"
            )
        for name, given, allowed in (
            ("account", stack.account, stage.account),
            ("region", stack.region, stage.region),
        ):
            if is_known(given) and is_known(allowed) and given != allowed:
                problems.add(
                    f"{name}: got a stack in {given}; allowed is the {name} of the stage "
                    f"{stage.name}, {allowed}: deploy the stack there"
                )
        is_there = self._project_region == stack.region
        if is_known(project_account) and stage.account == project_account and is_there:
            problems.add(
                f"stage: got {stage.name} in the account of the project; its stages need no target"
            )
        problems.raise_if_any()

    def _remove_endpoint_first(
        self,
        project: ProjectResources,
        stage: ProjectStage,
        network: NetworkBase | None,
        monitoring: MonitoringRoles,
    ) -> None:
        removal = StageRemoval(
            self, "Removal", project=project, stages=[stage.name], network=network
        )
        removal.before(
            self.deployment_role, self.model_execution_role, monitoring, self.key, self.bucket
        )
        cdk.Tags.of(self.bucket).add(REMOVAL_TAG, "true")

    def _network(self, stage: ProjectStage) -> NetworkBase | None:
        return None if stage.network is None else stage.network.network_in(self)

    def _alias_arn(self) -> str:
        return environment_of(self).arn(service="kms", resource=self.target.key_alias)

    def _define_key(self, removal_policy: cdk.RemovalPolicy) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            description=f"Encrypts the endpoint {self.target.stack_name} and its captured traffic",
            enable_key_rotation=True,
            removal_policy=removal_policy,
        )
        # Templates of the project's account name the key by its alias: its id is generated.
        kms.Alias(self, "Alias", alias_name=self.target.key_alias, target_key=key)
        return key

    def _define_bucket(
        self, removal_policy: cdk.RemovalPolicy, server_access_logs_bucket: s3.IBucket | None
    ) -> s3.Bucket:
        bucket = project_bucket(
            self,
            "Captured",
            key=self.key,
            removal_policy=removal_policy,
            server_access_logs_bucket=server_access_logs_bucket,
            bucket_name=self.target.bucket_name,
        )
        acknowledge(bucket, without_replica(_CAPTURED))
        if server_access_logs_bucket is None:
            acknowledge(bucket, without_access_log(_CLOUDTRAIL))
        return bucket

    def _define_model_execution_role(
        self, project: ProjectResources, feature_store: bool
    ) -> ModelExecutionRole:
        reader = feature_reader_role_arn(
            self._project_name, self._project_region, self._project_account
        )
        return ModelExecutionRole(
            self,
            "ModelExecutionRole",
            capture_bucket=self.bucket,
            encryption_keys=[self.key],
            network=project.network,
            role_name=self.target.model_execution_role_name,
            permissions=[
                *serving_kinds(self, self.target.stage.kinds, self.bucket),
                *(() if self.images else self._stored_in_project(MODEL_DATA_PREFIX)),
                *(
                    [Permission(actions=["sts:AssumeRole"], resources=[reader])]
                    if feature_store
                    else []
                ),
            ],
            model_data_bucket=self.bucket if self.images else None,
            image_repository=self.images,
        )

    def _define_monitoring_roles(self, project: ProjectResources) -> MonitoringRoles:
        return MonitoringRoles(
            self,
            "Monitoring",
            project=project,
            stored=image_pull_permissions(self.images)
            if self.images
            else self._stored_in_project(MODEL_DATA_PREFIX, BASELINES_PREFIX),
            prefixes=[BASELINES_PREFIX, MODEL_DATA_PREFIX] if self.images else (),
            key_aliases=[self._alias_arn()],
            target=self.target,
            batch_models=f"{self.target.stack_name}-*"
            if StageKind.BATCH in self.target.stage.kinds
            else None,
        )

    def _stored_in_project(self, *prefixes: str) -> list[Permission]:
        """Returns the permissions to read objects of the project's bucket, and to pull images."""
        here = {"StringEquals": {"s3:ResourceAccount": self._project_account}}
        everywhere = f"arn:{cdk.Aws.PARTITION}:s3:::*"
        repositories = environment_of(self).arn(
            service="ecr", resource="repository", name="*", account=self._project_account
        )
        return [
            Permission(
                actions=["s3:GetObject"],
                resources=[f"{everywhere}/{prefix}*" for prefix in prefixes],
                conditions=here,
                because=GENERATED_THERE,
            ),
            Permission(
                actions=["s3:ListBucket"],
                resources=[everywhere],
                conditions={
                    **here,
                    "StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]},
                },
                because=GENERATED_THERE,
            ),
            decrypting_permission(self, self._project_account, "kms:DescribeKey"),
            Permission(
                actions=[
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                resources=[repositories],
                because=GENERATED_THERE,
            ),
            Permission(
                actions=["ecr:GetAuthorizationToken"],
                resources=["*"],
                because="the token is for the registry; the action has no resource level",
            ),
        ]

    def _forward_alarms(self) -> None:
        """Forwards events of the stage's alarms to the default event bus of the project.

        Source: "Sending and receiving events between AWS accounts" of EventBridge's user guide.
        """
        bus = environment_of(self).arn(
            service="events",
            resource="event-bus",
            name="default",
            account=self._project_account,
            region=self._project_region,
        )
        role = ServiceRole(
            self,
            "EventRole",
            service="events.amazonaws.com",
            description="EventBridge: forwards events of alarms to the project",
            role_name=self.target.event_role_name,
            permissions=[Permission(actions=["events:PutEvents"], resources=[bus])],
        )
        events.Rule(
            self,
            "Alarms",
            description=f"Alarms of {self.target.stack_name} change: notify its project",
            event_pattern=events.EventPattern(
                **alarms_in(self.target.account, [self.target.stack_name], ALARMS, recovery=True)
            ),
            targets=[
                targets.EventBus(
                    events.EventBus.from_event_bus_arn(self, "ProjectBus", bus),
                    role=role.fixed,
                    dead_letter_queue=DeadLetterQueue(self, "NotForwarded"),
                )
            ],
        )

    def _define_images(self, removal_policy: cdk.RemovalPolicy) -> ecr.Repository:
        # Without a lifecycle rule: copies have no tags, and endpoints scale out with old ones.
        return ecr.Repository(
            self,
            "Images",
            repository_name=self.target.image_repository_name,
            encryption=ecr.RepositoryEncryption.KMS,
            encryption_key=self.key,
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            removal_policy=removal_policy,
            empty_on_delete=removal_policy == cdk.RemovalPolicy.DESTROY,
        )

    def _define_copy_role(
        self, project: ProjectResources, images: ecr.IRepository
    ) -> LeastPrivilegeRole:
        """Defines the role that writes copies of images, models and baselines.

        Source: "Required IAM permissions for pushing an image" of Amazon ECR's user guide.
        """
        stage, artifacts = self.target.stage.name, project.artifacts
        # HeadObject requires GetObject; without ListBucket, a missing object would be a 403.
        reading, listing, *_ = artifacts.read(*COPIED_PREFIXES)
        return self._role(
            "CopyRole",
            self.target.copy_role_name,
            assumed_by=principal_in_project(
                self._project_account, copy_build_role(self._project_name, stage)
            ),
            description=f"CodeBuild of {self._project_account}: copies images and models",
            permissions=[
                *artifacts.write(*COPIED_PREFIXES),
                reading,
                listing,
                Permission(
                    actions=[
                        "ecr:BatchCheckLayerAvailability",
                        "ecr:BatchGetImage",
                        "ecr:CompleteLayerUpload",
                        "ecr:InitiateLayerUpload",
                        "ecr:PutImage",
                        "ecr:UploadLayerPart",
                    ],
                    resources=[repository_arn(images)],
                ),
            ],
        )

    def _define_action_role(self) -> LeastPrivilegeRole:
        return self._role(
            "ActionRole",
            self.target.action_role_name,
            assumed_by=pipeline_principal(self._project_name, self._project_account),
            description=f"CodePipeline of {self._project_account}: deploys into this account",
            permissions=deploying_permissions(
                self,
                target=self.target,
                project_account=self._project_account,
                deployment_role_arn=self.deployment_role.role_arn,
            ),
        )

    def _role(
        self,
        construct_id: str,
        role_name: str,
        *,
        assumed_by: iam.IPrincipal,
        description: str,
        permissions: list[Permission],
    ) -> LeastPrivilegeRole:
        return LeastPrivilegeRole(
            self,
            construct_id,
            assumed_by=assumed_by,
            description=description,
            role_name=role_name,
            permissions=permissions,
        )
