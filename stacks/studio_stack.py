"""Studio domain of an account: its applications, scripts, images, jobs and experiments."""

from dataclasses import replace

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs import studio
from mlops_constructs.access import PROJECT_TAG, JobRole, ProjectAccess
from mlops_constructs.delivery import PackageRepository
from stacks.foundation_stack import FoundationStack
from stacks.model_registration import MODEL_REGISTRATION
from stacks.network_source import NetworkSource
from stacks.platform_stack import PlatformStack
from stacks.project_templates_stack import ProjectTemplatesStack
from stacks.removal import removal_policy
from stacks.settings.defaults import DefaultSettings
from stacks.settings.studio import (
    Authentication,
    IdleShutdownSettings,
    MlflowSettings,
    StudioSettings,
)
from stacks.stores import encrypted_bucket

_DOMAIN, _KEY, _BUCKET = "domain-id", "key-arn", "bucket"
_JOBS, _MLFLOW = "jobs-role-arn", "mlflow-app-arn"
_MLFLOW_PREFIX = "mlflow"


class StudioStack(PlatformStack):
    """Defines the Studio domain of an account, and what its applications need.

    Users without a project work in the *workspace* of the domain: a bucket, and a role of their
    jobs. The lifecycle script of JupyterLab writes them, the network, the key and the tag of the
    workspace to the configuration of the SageMaker SDK.

    Args:
        foundation: stack with the bucket of access logs.
        network: network of the applications.
        vpc_only: True if all traffic of applications uses the network; False if they have internet
            access through SageMaker's network, and only the file system is in the network.
        packages: repository that pip and npm use. Defaults to None: PyPI and npm.
        project_templates: stack of the account's project templates, which Studio lists. Defaults to
            None: no templates.
        settings: settings of the domain.
        defaults: settings of every stack.
        env: account and region.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        foundation: FoundationStack,
        network: NetworkSource,
        vpc_only: bool,
        packages: PackageRepository | None = None,
        project_templates: ProjectTemplatesStack | None = None,
        settings: StudioSettings,
        defaults: DefaultSettings,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            defaults=defaults,
            env=env,
            description="SageMaker Studio domain of the ML platform",
        )
        self.settings, self.packages = settings, packages
        self.network_source, self.vpc_only = network, vpc_only
        self.workspace_name = f"{defaults.prefix.lower()}workspace"
        self.removal_policy = removal_policy(settings.removal, defaults)
        self._network = network.network_in(self)
        self._key = kms.Key(
            self,
            "Key",
            description="ML platform: files and volumes of Studio",
            enable_key_rotation=True,
            removal_policy=self.removal_policy,
        )
        self._bucket = encrypted_bucket(
            self,
            "Bucket",
            key=self._key,
            access_logs=foundation.access_logs_in(self),
            removal_policy=self.removal_policy,
        )
        self._jobs = self._define_jobs()
        self._domain = self._define_domain(
            project_templates.location_in(self) if project_templates else None
        )
        if settings.mlflow is not None:
            self._define_mlflow(settings.mlflow)
        for name, value in (
            (_DOMAIN, self._domain.domain_id),
            (_KEY, self._key.key_arn),
            (_BUCKET, self._bucket.bucket_name),
            (_JOBS, self._jobs.role_arn),
        ):
            self.publish(name, value)
        cdk.CfnOutput(self, "DomainId", value=self._domain.domain_id)
        cdk.CfnOutput(self, "WorkspaceBucketName", value=self._bucket.bucket_name)

    def domain_id_in(self, stack: PlatformStack) -> str:
        """Returns the id of the domain, for another stack."""
        return stack.read(self, _DOMAIN)

    def domain_in(self, stack: PlatformStack) -> studio.DomainBase:
        """Returns the domain, for another stack."""
        domain = studio.Domain.from_domain_id(stack, "Studio", self.domain_id_in(stack))
        domain.authentication = _authentication(self.settings)
        return domain

    def key_in(self, stack: PlatformStack) -> kms.IKey:
        """Returns the key of volumes and files, for another stack."""
        return kms.Key.from_key_arn(stack, "StudioKey", stack.read(self, _KEY))

    def workspace_in(self, stack: PlatformStack, key: kms.IKey) -> ProjectAccess:
        """Returns what users of the workspace access, for another stack.

        Args:
            stack: the other stack.
            key: key of the domain in it.
        """
        bucket = s3.Bucket.from_bucket_attributes(
            stack, "Workspace", bucket_name=stack.read(self, _BUCKET), encryption_key=key
        )
        role_arn = stack.read(self, _JOBS)
        jobs = iam.Role.from_role_arn(stack, "WorkspaceJobs", role_arn, mutable=False)
        return replace(self._workspace(bucket, key), execution_roles=[jobs])

    def mlflow_in(
        self, stack: PlatformStack, bucket: s3.IBucket | None
    ) -> studio.MlflowAppBase | None:
        """Returns the MLflow App, for another stack; None if the settings have no App.

        Args:
            stack: the other stack.
            bucket: bucket of the workspace in it.
        """
        if self.settings.mlflow is None:
            return None
        return studio.MlflowApp.from_mlflow_app_arn(
            stack,
            "Mlflow",
            stack.read(self, _MLFLOW),
            artifact_bucket=bucket,
            artifact_prefix=_MLFLOW_PREFIX,
        )

    def mlflow_of_projects_in(self, stack: PlatformStack) -> studio.MlflowAppBase | None:
        """Returns the MLflow App with its artifacts, for the stack of a project.

        Args:
            stack: the other stack.
        """
        if self.settings.mlflow is None:
            return None
        scope = Construct(stack, "Tracking")
        bucket = s3.Bucket.from_bucket_attributes(
            scope,
            "Artifacts",
            bucket_name=stack.read(self, _BUCKET),
            encryption_key=kms.Key.from_key_arn(scope, "Key", stack.read(self, _KEY)),
        )
        return studio.MlflowApp.from_mlflow_app_arn(
            scope,
            "Mlflow",
            stack.read(self, _MLFLOW),
            artifact_bucket=bucket,
            artifact_prefix=_MLFLOW_PREFIX,
        )

    def _workspace(self, bucket: s3.IBucket, key: kms.IKey) -> ProjectAccess:
        return ProjectAccess(
            project_name=self.workspace_name, bucket=bucket, key=key, branch_rules=(), stages=()
        )

    def _define_jobs(self) -> JobRole:
        role = JobRole(
            self,
            "Jobs",
            project=self._workspace(self._bucket, self._key),
            network=self._network if self.vpc_only else None,
            keys=[self._key],
        )
        if self.packages is not None:
            self.packages.grant_read(role)
        return role

    def _define_domain(self, project_templates_location: str | None) -> studio.Domain:
        script = self._define_script()
        settings = self.settings
        return studio.Domain(
            self,
            "Studio",
            domain_name=settings.name,
            network=self._domain_network(),
            authentication=_authentication(settings),
            settings=studio.UserSettings(
                jupyter_lab=replace(
                    self._app_settings(studio.StudioApp.JUPYTER_LAB),
                    lifecycle_configs=[script],
                    default_lifecycle_config=script,
                ),
                code_editor=self._app_settings(studio.StudioApp.CODE_EDITOR),
                storage=studio.SpaceStorage(
                    default_gib=settings.storage.default_gib,
                    maximum_gib=settings.storage.maximum_gib,
                ),
            ),
            encryption_key=self._key,
            project_templates_location=project_templates_location,
            removal_policy=self.removal_policy,
        )

    def _domain_network(self) -> studio.DomainNetwork:
        access = (
            studio.DockerAccess.enabled(trusted_accounts=self.settings.docker_accounts)
            if self.settings.docker
            else studio.DockerAccess.disabled()
        )
        network = (
            studio.DomainNetwork.vpc_only if self.vpc_only else studio.DomainNetwork.public_internet
        )
        return network(self._network.vpc, subnets=self._network.subnets, docker_access=access)

    def _app_settings(self, app: studio.StudioApp) -> studio.AppSettings:
        images = [
            studio.CustomImage(
                self,
                f"Image-{one.name}",
                app=app,
                repository=ecr.Repository.from_repository_name(
                    self, f"Repository-{one.name}", one.repository
                ),
                tag=one.tag,
                image_name=one.name,
                display_name=one.display_name,
            )
            for one in self.settings.images
            if one.app is app
        ]
        return studio.AppSettings(
            instance_type=self.settings.instance_type,
            idle_shutdown=_idle_shutdown(self.settings.idle_shutdown),
            custom_images=images,
        )

    def _define_script(self) -> studio.LifecycleConfig:
        script = studio.Script.sdk_defaults(
            studio.SdkDefaults(
                role=self._jobs,
                bucket=self._bucket,
                network=self._network if self.vpc_only else None,
                key=self._key,
                tags={PROJECT_TAG: self.workspace_name},
            )
        )
        if self.packages is not None:
            script = studio.Script.from_text(self.packages.studio_script()).then(script)
        if self.settings.script is not None:
            script = studio.Script.from_file(self.settings.script).then(script)
        return studio.LifecycleConfig(
            self, "Start", app=studio.StudioApp.JUPYTER_LAB, script=script
        )

    def _define_mlflow(self, settings: MlflowSettings) -> None:
        app = studio.MlflowApp(
            self,
            "Mlflow",
            artifact_bucket=self._bucket,
            artifact_prefix=_MLFLOW_PREFIX,
            mlflow_app_name=settings.name,
            model_registration_mode=MODEL_REGISTRATION[settings.model_registration],
            weekly_maintenance_window_start=settings.maintenance_window,
            removal_policy=self.removal_policy,
        )
        app.grant_track(self._jobs)
        self.publish(_MLFLOW, app.mlflow_app_arn)
        cdk.CfnOutput(self, "MlflowTrackingUri", value=app.tracking_uri)


def _authentication(settings: StudioSettings) -> studio.Authentication:
    if settings.authentication is Authentication.IDENTITY_CENTER:
        return studio.Authentication.identity_center()
    return studio.Authentication.iam()


def _idle_shutdown(settings: IdleShutdownSettings) -> studio.IdleShutdown:
    return studio.IdleShutdown.after(
        cdk.Duration.hours(settings.hours),
        min_timeout=cdk.Duration.hours(settings.shortest_hours),
        max_timeout=cdk.Duration.hours(settings.longest_hours),
    )
