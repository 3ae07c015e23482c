"""A template from which people create projects, published in both ways that Studio knows.

Want this when teams are to get repositories and pipelines by a click, without rights of their own
to any of it. One template is published in S3 (what AWS recommends; people pass the launch role, for
this template alone) and as a product of Service Catalog (a portfolio says who may, and Service
Catalog takes the launch role by itself). Want the second where Service Catalog is in use already,
or where nobody who creates projects is to pass that role.
"""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs.access import LeastPrivilegeRole
from mlops_constructs.projects import (
    LaunchRole,
    ProjectBoundary,
    ProjectPortfolio,
    ProjectProduct,
    ProjectTemplate,
    Seed,
    TemplateBucket,
)

SEED_CODE = Path(__file__).parents[3] / "seed_code"
BOUNDARY = "ProjectTemplatesBoundaryArn"


class ProjectTemplates(cdk.Stack):
    """Defines a project template, its two publications, and a role for the users of each."""

    def __init__(self, scope: Construct, construct_id: str, **options: Any) -> None:
        super().__init__(scope, construct_id, **options)
        bucket = TemplateBucket(self, "Bucket", removal_policy=cdk.RemovalPolicy.DESTROY)
        template = ProjectTemplate(
            self,
            "Template",
            template_name="tabular-model",
            description="Trains a model on tabular data and deploys it to an endpoint",
            bucket=bucket,
            model_build_seed=Seed(folder=SEED_CODE / "model_build"),
            model_deploy_seed=Seed(folder=SEED_CODE / "model_deploy"),
            boundary_export=BOUNDARY,
            removal_policy=cdk.RemovalPolicy.DESTROY,  # a try: what teams work in stays, by default
        )
        boundary = ProjectBoundary(
            self, "Boundary", template=template.template, export_name=BOUNDARY
        )
        launch_role = LaunchRole(
            self, "LaunchRole", boundary=boundary.policy, asset_bucket=template.asset_bucket
        )
        portfolio = ProjectPortfolio(self, "Portfolio", provider_name="ML platform team")
        product = ProjectProduct(
            self, "Product", template=template, portfolio=portfolio, launch_role=launch_role
        )

        of_the_template = self._people("TemplateUser")
        template.grant_create_project(of_the_template)

        of_the_product = self._people("ProductUser")
        portfolio.give_access(of_the_product)
        product.grant_create_project(of_the_product)

        cdk.CfnOutput(self, "TemplateUrl", value=template.template_url)
        cdk.CfnOutput(self, "TemplateUserRoleArn", value=of_the_template.role_arn)
        cdk.CfnOutput(self, "ProductId", value=product.product_id)
        cdk.CfnOutput(self, "ProductUserRoleArn", value=of_the_product.role_arn)
        cdk.CfnOutput(self, "LaunchRoleArn", value=launch_role.role.role_arn)

    def _people(self, name: str) -> LeastPrivilegeRole:
        """A role that people of this account assume, with nothing but what is granted."""
        return LeastPrivilegeRole(
            self,
            name,
            assumed_by=iam.AccountRootPrincipal(),
            description="People: create projects",
            path="/sagemaker-personas/",
            permissions=[],
        )
