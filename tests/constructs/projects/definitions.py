"""The project, the template and the launch role that the tests of this folder define."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template
from constructs import Construct

from mlops_constructs.projects import (
    LaunchRole,
    Project,
    ProjectBoundary,
    ProjectTemplate,
    ProjectTemplateStack,
    Seed,
    TemplateBucket,
)

ENVIRONMENT = cdk.Environment(account="111111111111", region="us-east-1")


def define_project(scope: Construct, seed: Seed, **options: Any) -> Project:
    """Defines the project `churn`."""
    names = {"project_name": "churn", "project_id": "p-churn"}
    seeds = {"model_build_seed": seed, "model_deploy_seed": seed}
    return Project(scope, "Project", **{**names, **seeds, **options})


def project_template_of(seed: Seed, **options: Any) -> Mapping[str, Any]:
    """Returns the CloudFormation template of the project `churn`."""
    stack = cdk.Stack(cdk.App(), "Stack")
    define_project(stack, seed, **options)
    template: Mapping[str, Any] = Template.from_stack(stack).to_json()
    return template


def parametrised_template_of(seed: Seed, **options: Any) -> Mapping[str, Any]:
    """Returns the template from which SageMaker creates projects."""
    defaults = {
        "description": "test",
        "model_build_seed": seed,
        "model_deploy_seed": seed,
        "boundary_parameter": "/mlops/test/boundary-arn",
        "removal_policy": cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    }
    stack = ProjectTemplateStack(cdk.App(), "Template", **{**defaults, **options})
    template: Mapping[str, Any] = Template.from_stack(stack).to_json()
    return template


def define_template(scope: Construct, seed: Seed, **options: Any) -> ProjectTemplate:
    """Defines the project template `tabular-model`, published in a bucket."""
    defaults = {
        "template_name": "tabular-model",
        "description": "test",
        "model_build_seed": seed,
        "model_deploy_seed": seed,
        "boundary_parameter": "/mlops/test/boundary-arn",
        "bucket": TemplateBucket(scope, "Templates"),
    }
    return ProjectTemplate(scope, "Template", **{**defaults, **options})


def define_launch_role(scope: Construct, template: Mapping[str, Any]) -> LaunchRole:
    """Defines a launch role, and the permissions boundary of the roles in a template."""
    boundary = ProjectBoundary(
        scope, "Boundary", templates=[template], parameter_name="/mlops/test/boundary-arn"
    )
    assets = s3.Bucket.from_bucket_name(scope, "Assets", "assets")
    return LaunchRole(scope, "LaunchRole", boundary=boundary.policy, asset_bucket=assets)
