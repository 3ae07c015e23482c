"""A template from which users create projects, published in both ways that Studio supports.

Use it to let teams create repositories and pipelines with a click, without permissions on the
resources. One template is published in S3 (AWS's recommendation; users pass the launch role, for
this template only) and as a Service Catalog product (a portfolio defines its users, and Service
Catalog assumes the launch role itself). Use the second way if you already use Service Catalog, or
if users who create projects must not pass that role.
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

# `extra_files` of a seed adds the wheels that its code imports: stacks/seeds.py builds them.
SEED_CODE = Path(__file__).parents[3] / "seed_code"
BOUNDARY = "/mlops/example-templates/boundary-arn"


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
            boundary_parameter=BOUNDARY,
            removal_policy=cdk.RemovalPolicy.DESTROY,  # a trial: the default retains projects
        )
        boundary = ProjectBoundary(
            self, "Boundary", templates=[template.template], parameter_name=BOUNDARY
        )
        launch_role = LaunchRole(
            self, "LaunchRole", boundary=boundary.policy, asset_bucket=template.asset_bucket
        )
        portfolio = ProjectPortfolio(self, "Portfolio", provider_name="ML platform team")
        product = ProjectProduct(
            self, "Product", template=template, portfolio=portfolio, launch_role=launch_role
        )

        template_user = self._user_role("TemplateUser")
        template.grant_create_project(template_user)

        product_user = self._user_role("ProductUser")
        portfolio.give_access(product_user)
        product.grant_create_project(product_user)

        cdk.CfnOutput(self, "TemplateUrl", value=template.template_url)
        cdk.CfnOutput(self, "TemplateUserRoleArn", value=template_user.role_arn)
        cdk.CfnOutput(self, "ProductId", value=product.product_id)
        cdk.CfnOutput(self, "ProductUserRoleArn", value=product_user.role_arn)
        cdk.CfnOutput(self, "LaunchRoleArn", value=launch_role.role.role_arn)

    def _user_role(self, name: str) -> LeastPrivilegeRole:
        """Returns a role that users of this account can assume, without permissions."""
        return LeastPrivilegeRole(
            self,
            name,
            assumed_by=iam.AccountRootPrincipal(),
            description="Users: create projects",
            path="/sagemaker-personas/",
            permissions=[],
        )
