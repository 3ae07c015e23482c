"""Service Catalog product of a project template."""

import re
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_servicecatalog as servicecatalog
from constructs import Construct

from mlops_constructs._problems import Problems
from mlops_constructs._regions import region_problems
from mlops_constructs.access import Permission
from mlops_constructs.projects.launch._granting import grant
from mlops_constructs.projects.launch.launch_role_base import LaunchRoleBase

from .project_portfolio import RESOURCE_TYPES, ProjectPortfolio
from .project_template import ProjectTemplate

_VISIBILITY = "sagemaker:studio-visibility"
_VERSION = r"[0-9a-f]{64}"
_NAME_DIGITS = 12
_READ_ACTIONS = (
    "DescribeProduct",
    "DescribeProvisioningArtifact",
    "DescribeProvisioningParameters",
    "ListLaunchPaths",
)
_PROVISIONED_ACTIONS = (
    "DescribeProvisionedProduct",
    "DescribeRecord",
    "TerminateProvisionedProduct",
    "UpdateProvisionedProduct",
)


class ProjectProduct(Construct):
    """Defines a Service Catalog product from which SageMaker creates projects.

    The product has the same template file as the `ProjectTemplate` that is published in S3, and the
    tag with which Studio lists it. Service Catalog creates the stack of a project, `SC-*`, with the
    launch role, so users need no permissions on the resources of a project.

    Versions of a product are immutable. A changed template becomes a new version, named after its
    content, that replaces the previous one: new projects use the new version, existing projects
    keep running, and UpdateProject updates them. `earlier_versions` keeps versions that can still
    be launched. (CloudFormation identifies versions by name and URL; it cannot deprecate one.)

    Args:
        template: template of the product.
        portfolio: portfolio that lists the product.
        launch_role: role with which Service Catalog creates projects; it gets the permissions of
            Service Catalog.
        earlier_versions: `version` values of earlier deployments that can still be launched, oldest
            first. Their files must still exist in the asset bucket of the stack. Defaults to ():
            only the current version.

    Raises:
        ValueError: with every problem of the input: a malformed or duplicate version, a region
            without Service Catalog.

    Source: "Create a SageMaker project template with Service Catalog" in the Developer Guide;
    `AWS::ServiceCatalog::CloudFormationProduct`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        template: ProjectTemplate,
        portfolio: ProjectPortfolio,
        launch_role: LaunchRoleBase,
        earlier_versions: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.version = template.asset.asset_hash
        problems = Problems("ProjectProduct", self)
        problems.extend(_version_problems(self.version, earlier_versions))
        problems.extend(region_problems(self, *RESOURCE_TYPES))
        problems.raise_if_any()
        self.product = servicecatalog.CloudFormationProduct(
            self,
            "Resource",
            product_name=template.template_name,
            owner=portfolio.provider_name,
            description=template.description,
            product_versions=[
                _version(template.asset, version) for version in (*earlier_versions, self.version)
            ],
        )
        cdk.Tags.of(self.product).add(_VISIBILITY, "true")
        portfolio.portfolio.add_product(self.product)
        launch_role.launch_from_service_catalog()
        portfolio.portfolio.set_launch_role(self.product, launch_role.role)

    @property
    def product_id(self) -> str:
        """Id of the product, the `ProductId` of CreateProject."""
        return self.product.product_id

    @property
    def version_name(self) -> str:
        """Name of the current version in Service Catalog."""
        return version_name(self.version)

    def grant_create_project(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants a principal permission to create projects, and to update and delete its projects.

        The principal also needs access to the portfolio. SageMaker calls Service Catalog on behalf
        of the principal, so the grant contains actions of both services.

        Args:
            grantee: the principal.
        """
        projects = cdk.Stack.of(self).format_arn(
            service="sagemaker", resource="project", resource_name="*"
        )
        verbs = ("Create", "Delete", "Describe", "Update")
        return grant(
            grantee,
            [
                Permission(
                    actions=["sagemaker:AddTags", *(f"sagemaker:{verb}Project" for verb in verbs)],
                    resources=[projects],
                    because="the name of a project is chosen when it is created",
                ),
                Permission(
                    actions=[
                        f"servicecatalog:{name}" for name in (*_READ_ACTIONS, "ProvisionProduct")
                    ],
                    resources=[self.product.product_arn],
                ),
                Permission(
                    actions=["sagemaker:ListProjects", "servicecatalog:SearchProducts"],
                    resources=["*"],
                    because="list actions do not support resource-level permissions",
                ),
                Permission(
                    actions=[f"servicecatalog:{name}" for name in _PROVISIONED_ACTIONS],
                    resources=["*"],
                    conditions={"StringEquals": {"servicecatalog:userLevel": "self"}},
                    because="the actions do not support resource-level permissions; the condition "
                    "limits them to the user who launched the product",
                ),
            ],
        )


def version_name(version: str) -> str:
    """Returns the name of a version: short and without spaces."""
    return f"v-{version[:_NAME_DIGITS]}"


def _version(asset: s3_assets.Asset, version: str) -> servicecatalog.CloudFormationProductVersion:
    """Returns a version by its template; asset files of all versions are keys of one bucket."""
    url = asset.bucket.url_for_object(asset.s3_object_key.replace(asset.asset_hash, version))
    return servicecatalog.CloudFormationProductVersion(
        product_version_name=version_name(version),
        cloud_formation_template=servicecatalog.CloudFormationTemplate.from_url(url),
    )


def _version_problems(current: str, earlier: Sequence[str]) -> list[str]:
    problems = [
        f"earlier_versions: got {version!r}; allowed is a former `version`: 64 hexadecimal digits"
        for version in earlier
        if not re.fullmatch(_VERSION, version)
    ]
    if len({*earlier, current}) <= len(earlier):
        problems.append(
            "earlier_versions: got duplicates, or the current version; add each version once"
        )
    return problems
