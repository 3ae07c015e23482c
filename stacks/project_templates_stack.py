"""Project templates that users create projects from."""

from collections.abc import Iterator, Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops_constructs.projects import (
    LaunchRole,
    LaunchRoleBase,
    ProjectBoundary,
    ProjectPortfolio,
    ProjectProduct,
    ProjectTemplate,
    TemplateBucket,
)
from mlops_constructs.studio import MlflowApp
from stacks.code_hosts import code_host
from stacks.foundation_stack import FoundationStack
from stacks.model_registration import MODEL_REGISTRATION
from stacks.network_source import NetworkSource
from stacks.platform_stack import PlatformStack
from stacks.project_monitoring import project_monitoring
from stacks.removal import removal_policy
from stacks.seeds import Seeds
from stacks.settings.connections import ConnectionSettings
from stacks.settings.defaults import DefaultSettings
from stacks.settings.names import Seed as SeedName
from stacks.settings.project_templates import (
    ProjectTemplatesSettings,
    ServiceCatalogSettings,
)
from stacks.settings.studio import MlflowSettings
from stacks.stores import encrypted_bucket

_LOCATION = "templates-location"
_BOUNDARY = "boundary-arn"


class ProjectTemplatesStack(PlatformStack):
    """Defines project templates, and the role with which projects are created from them.

    The outputs `TemplateName`, `TemplateUrl` and `ProductId` are those of the first template; those
    of another one begin with its name, such as `VisionTemplateUrl`.

    Args:
        settings: settings of the templates.
        seeds: seed code of the repositories by name.
        connections: connections of the account. Defaults to (): none.
        defaults: settings of every stack.
        network: network of the projects. Defaults to None: networks of SageMaker and
            CodeBuild.
        foundation: stack with the bucket of access logs; required with `mlflow`. Defaults to None:
            no MLflow App.
        env: account and region.

    Raises:
        ValueError: `mlflow` without `foundation`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: ProjectTemplatesSettings,
        seeds: Mapping[SeedName, Seeds],
        defaults: DefaultSettings,
        env: cdk.Environment,
        network: NetworkSource | None = None,
        connections: Sequence[ConnectionSettings] = (),
        foundation: FoundationStack | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            defaults=defaults,
            env=env,
            description="SageMaker project templates",
        )
        policy = removal_policy(settings.removal, defaults)
        boundary_parameter = self.parameter_name(_BOUNDARY)
        bucket = TemplateBucket(
            self,
            "Templates",
            allowed_cidrs=settings.allowed_cidrs,
            allowed_vpcs=[
                ec2.Vpc.from_vpc_attributes(self, vpc_id, vpc_id=vpc_id, availability_zones=[])
                for vpc_id in settings.allowed_vpcs
            ],
            removal_policy=policy,
        )
        used = any(settings.network_of(one) for one in settings.templates)
        vpc = network.network_in(self) if network and used else None
        mlflow = self._mlflow(settings.mlflow, foundation, policy) if settings.mlflow else None
        name = settings.launch_role_name
        if name is None and defaults.prefix:
            name = f"{defaults.prefix}ProjectsLaunchRole-{env.region}"
        self._templates = {
            one.name: ProjectTemplate(
                self,
                f"Template-{one.name}",
                template_name=one.name,
                description=one.description,
                bucket=bucket,
                model_build_seed=seeds[one.seed].model_build,
                model_deploy_seed=seeds[one.seed].model_deploy,
                code_host=code_host(self, one.git, connections),
                boundary_parameter=boundary_parameter,
                launch_role_arn=settings.launch_role_arn or (name and LaunchRole.arn_of(name)),
                network=vpc if settings.network_of(one) else None,
                mlflow=mlflow,
                feature_store=settings.feature_store_of(one),
                monitoring=project_monitoring(one.monitoring or settings.monitoring),
                removal_policy=policy,
            )
            for one in settings.templates
        }
        first = next(iter(self._templates.values()))
        boundary = ProjectBoundary(
            self,
            "Boundary",
            templates=[one.template for one in self._templates.values()],
            parameter_name=boundary_parameter,
            mlflow=mlflow,
        )
        launch = (
            LaunchRole.from_role_arn(self, "LaunchRole", settings.launch_role_arn)
            if settings.launch_role_arn
            else LaunchRole(
                self,
                "LaunchRole",
                boundary=boundary.policy,
                asset_bucket=first.asset_bucket,
                role_name=name,
            )
        )
        cdk.CfnOutput(self, "TemplatesLocation", value=bucket.location)
        self.publish(_LOCATION, bucket.location)
        cdk.CfnOutput(self, "LaunchRoleArn", value=launch.role.role_arn)
        for prefix, template in self._prefixed():
            cdk.CfnOutput(self, f"{prefix}TemplateName", value=template.template_name)
            cdk.CfnOutput(self, f"{prefix}TemplateUrl", value=template.template_url)
        if settings.service_catalog is not None:
            self._publish_in_service_catalog(launch, settings.service_catalog)

    def _mlflow(
        self,
        settings: MlflowSettings,
        foundation: FoundationStack | None,
        policy: cdk.RemovalPolicy,
    ) -> MlflowApp:
        """Returns the App in which the projects of all templates log their trainings."""
        if foundation is None:
            raise ValueError(f"{self.stack_name}: mlflow: requires foundation; give its stack")
        key = kms.Key(
            self,
            "MlflowKey",
            description="ML platform: artifacts of MLflow",
            enable_key_rotation=True,
            removal_policy=policy,
        )
        bucket = encrypted_bucket(
            self,
            "MlflowBucket",
            key=key,
            access_logs=foundation.access_logs_in(self),
            removal_policy=policy,
        )
        app = MlflowApp(
            self,
            "Mlflow",
            artifact_bucket=bucket,
            mlflow_app_name=settings.name,
            model_registration_mode=MODEL_REGISTRATION[settings.model_registration],
            weekly_maintenance_window_start=settings.maintenance_window,
            removal_policy=policy,
        )
        cdk.CfnOutput(self, "MlflowTrackingUri", value=app.tracking_uri)
        return app

    def location_in(self, stack: PlatformStack) -> str:
        """Returns the location of the templates, for another stack."""
        return stack.read(self, _LOCATION)

    def _publish_in_service_catalog(
        self, launch: LaunchRoleBase, settings: ServiceCatalogSettings
    ) -> None:
        """Publishes the templates as Service Catalog products as well."""
        portfolio = ProjectPortfolio(
            self, "Portfolio", provider_name="ML platform", principals=settings.principals
        )
        for prefix, template in self._prefixed():
            product = ProjectProduct(
                self,
                f"Product-{template.template_name}",
                template=template,
                portfolio=portfolio,
                launch_role=launch,
            )
            cdk.CfnOutput(self, f"{prefix}ProductId", value=product.product_id)

    def _prefixed(self) -> Iterator[tuple[str, ProjectTemplate]]:
        """Yields the templates with the prefixes of their outputs; the first one has none."""
        for number, (name, template) in enumerate(self._templates.items()):
            words = name.split("-") if number else []
            yield "".join(word.capitalize() for word in words), template
