"""Names of the roles of a project's account that act in the accounts of its stages."""

from aws_cdk import aws_iam as iam

from mlops_constructs.access import PROJECT_ROLE_PATH

from .target_account import pipeline_role_name, principal_of, role_arn


def pipeline_of(project_name: str) -> str:
    """Returns the name of the pipeline that deploys a project."""
    return f"{project_name}-model-deploy"


def smoke_test_build_role(project_name: str, stage: str) -> str:
    """Returns the name of the role of the build that tests a stage in another account."""
    return f"{project_name}-{stage}-smoke-test"


def copy_build_role(project_name: str, stage: str) -> str:
    """Returns the name of the role of the build that copies models to another region."""
    return f"{project_name}-{stage}-copy"


def check_build_role(project_name: str) -> str:
    """Returns the name of the role of the build that checks templates for another account."""
    return f"{project_name}-template-check"


def feature_reader_role(project_name: str, region: str) -> str:
    """Returns the name of the role with which models of other accounts read feature groups."""
    return f"{project_name}-{region}-features"


def feature_reader_role_arn(project_name: str, region: str, project_account: str) -> str:
    """Returns the ARN of that role."""
    name = feature_reader_role(project_name, region)
    return role_arn(project_account, name, PROJECT_ROLE_PATH)


def principal_in_project(project_account: str, role_name: str) -> iam.PrincipalBase:
    """Returns a role of the project's account as a principal, whether it exists yet or not."""
    return principal_of(project_account, role_arn(project_account, role_name, PROJECT_ROLE_PATH))


def pipeline_principal(project_name: str, project_account: str) -> iam.PrincipalBase:
    """Returns the role of the project's pipeline as a principal."""
    return principal_in_project(project_account, pipeline_role_name(pipeline_of(project_name)))
