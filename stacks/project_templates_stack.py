"""Project templates that users create projects from."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
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
from stacks.network_source import NetworkSource
from stacks.platform_stack import PlatformStack
from stacks.removal import removal_policy
from stacks.seeds import Seeds
from stacks.settings.defaults import DefaultSettings
from stacks.settings.project_templates import (
    ProjectTemplatesSettings,
    ServiceCatalogSettings,
)

_LOCATION = "templates-location"
BOUNDARY_EXPORT = "SageMakerProjectsBoundaryArn"


class ProjectTemplatesStack(PlatformStack):
    """Defines the project template, and the role with which projects are created from it.

    Args:
        settings: settings of the templates.
        seeds: seed code of the repositories.
        defaults: settings of every stack.
        network: network of the projects. Defaults to None: networks of SageMaker and
            CodeBuild.
        env: account and region.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: ProjectTemplatesSettings,
        seeds: Seeds,
        defaults: DefaultSettings,
        env: cdk.Environment,
        network: NetworkSource | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            defaults=defaults,
            env=env,
            description="SageMaker project templates",
        )
        policy = removal_policy(settings.removal, defaults)
        # Export names must be unique in an account and region as well.
        boundary_export = f"{defaults.prefix}{BOUNDARY_EXPORT}"
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
        name = settings.launch_role_name
        if name is None and defaults.prefix:
            name = f"{defaults.prefix}ProjectsLaunchRole-{env.region}"
        template = ProjectTemplate(
            self,
            "TabularModel",
            template_name=settings.templates[0].name,
            description=settings.templates[0].description,
            bucket=bucket,
            model_build_seed=seeds.model_build,
            model_deploy_seed=seeds.model_deploy,
            boundary_export=boundary_export,
            launch_role_arn=settings.launch_role_arn or (name and LaunchRole.arn_of(name)),
            network=network.network_in(self) if network else None,
            removal_policy=policy,
        )
        boundary = ProjectBoundary(
            self, "Boundary", template=template.template, export_name=boundary_export
        )
        launch = (
            LaunchRole.from_role_arn(self, "LaunchRole", settings.launch_role_arn)
            if settings.launch_role_arn
            else LaunchRole(
                self,
                "LaunchRole",
                boundary=boundary.policy,
                asset_bucket=template.asset_bucket,
                role_name=name,
            )
        )
        if settings.service_catalog is not None:
            self._publish_in_service_catalog(template, launch, settings.service_catalog)
        cdk.CfnOutput(self, "TemplateName", value=template.template_name)
        cdk.CfnOutput(self, "TemplateUrl", value=template.template_url)
        cdk.CfnOutput(self, "TemplatesLocation", value=bucket.location)
        self.publish(_LOCATION, bucket.location)
        cdk.CfnOutput(self, "LaunchRoleArn", value=launch.role.role_arn)

    def location_in(self, stack: PlatformStack) -> str:
        """Returns the location of the templates, for another stack."""
        return stack.read(self, _LOCATION)

    def _publish_in_service_catalog(
        self, template: ProjectTemplate, launch: LaunchRoleBase, settings: ServiceCatalogSettings
    ) -> None:
        """Publishes the template as a Service Catalog product as well."""
        portfolio = ProjectPortfolio(
            self, "Portfolio", provider_name="ML platform", principals=settings.principals
        )
        product = ProjectProduct(
            self, "Product", template=template, portfolio=portfolio, launch_role=launch
        )
        cdk.CfnOutput(self, "ProductId", value=product.product_id)
