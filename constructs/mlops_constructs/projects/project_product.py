"""A project template as a product of Service Catalog."""

from __future__ import annotations

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

from .granting import grant
from .launch_role_base import LaunchRoleBase
from .project_portfolio import RESOURCE_TYPES, ProjectPortfolio
from .project_template import ProjectTemplate

_VISIBILITY = "sagemaker:studio-visibility"
_VERSION = r"[0-9a-f]{64}"
_SHOWN = 12
_LOOK = (
    "DescribeProduct",
    "DescribeProvisioningArtifact",
    "DescribeProvisioningParameters",
    "ListLaunchPaths",
)
_OWN = (
    "DescribeProvisionedProduct",
    "DescribeRecord",
    "TerminateProvisionedProduct",
    "UpdateProvisionedProduct",
)


class ProjectProduct(Construct):
    """Defines a product of Service Catalog from which SageMaker creates projects.

    The product is the same `ProjectTemplate` that is published in S3, with the same file behind it,
    and tagged so that Studio lists it. Service Catalog creates the stack of a project, `SC-*`, with
    the launch role, so people need no right to any of a project's resources.

    A version of a product cannot be changed. So a changed template becomes a new version, named by
    its content, in place of the former: whoever creates a project gets the new one, projects that
    exist keep running, and UpdateProject moves them. `earlier_versions` keeps versions that can
    still be launched. (CloudFormation tells versions apart by name and address; it cannot
    mark one as deprecated.)

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
        """Creates the product, in the portfolio, with the launch role as its constraint.

        Args:
            template: what the product creates.
            portfolio: where people find it.
            launch_role: Service Catalog creates projects with it; it is widened to that.
            earlier_versions: `version` of earlier deployments whose templates stay launchable, the
                oldest first. Their files must still be in the bucket of the stack's assets. Left
                out: only the present version.

        Raises ValueError with every problem: what is no version, a version twice, a region without
        Service Catalog.
        """
        super().__init__(scope, construct_id)
        self.version = template.asset.asset_hash
        problems = Problems(f"ProjectProduct {self.node.path}")
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
        """`ProductId` of CreateProject."""
        return self.product.product_id

    @property
    def version_name(self) -> str:
        """Name of the present version in Service Catalog."""
        return version_name(self.version)

    def grant_create_project(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal create projects from the product, and change and delete its own.

        The principal needs access to the portfolio as well. SageMaker calls Service Catalog in its
        name, so both services' actions are in it.
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
                    actions=[f"servicecatalog:{name}" for name in (*_LOOK, "ProvisionProduct")],
                    resources=[self.product.product_arn],
                ),
                Permission(
                    actions=["sagemaker:ListProjects", "servicecatalog:SearchProducts"],
                    resources=["*"],
                    because="lists have no resource level",
                ),
                Permission(
                    actions=[f"servicecatalog:{name}" for name in _OWN],
                    resources=["*"],
                    conditions={"StringEquals": {"servicecatalog:userLevel": "self"}},
                    because="Service Catalog has no resource level for what was launched, but the "
                    "condition that confines it to the person who did",
                ),
            ],
        )


def version_name(version: str) -> str:
    """The name of a version: no spaces, and short enough to be read."""
    return f"v-{version[:_SHOWN]}"


def _version(asset: s3_assets.Asset, version: str) -> servicecatalog.CloudFormationProductVersion:
    """A version by its template; assets of all versions lie side by side under their hashes."""
    url = asset.bucket.url_for_object(asset.s3_object_key.replace(asset.asset_hash, version))
    return servicecatalog.CloudFormationProductVersion(
        product_version_name=version_name(version),
        cloud_formation_template=servicecatalog.CloudFormationTemplate.from_url(url),
    )


def _version_problems(present: str, earlier: Sequence[str]) -> list[str]:
    problems = [
        f"earlier_versions: got {version!r}; allowed is what `version` was: 64 hexadecimal digits"
        for version in earlier
        if not re.fullmatch(_VERSION, version)
    ]
    if len({*earlier, present}) <= len(earlier):
        problems.append(
            "earlier_versions: a version is there twice, or is the present one; give each once"
        )
    return problems
