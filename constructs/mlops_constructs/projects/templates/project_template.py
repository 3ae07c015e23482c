"""Project templates, from which SageMaker creates projects."""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import yaml
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

import mlops_constructs
from mlops_constructs._problems import Problems
from mlops_constructs.delivery import PackageRepository, ProjectResources
from mlops_constructs.network import NetworkBase
from mlops_constructs.projects._published_value import name_problems, read
from mlops_constructs.projects._removal import removal_code
from mlops_constructs.projects.launch._creation_permissions import creation_permissions
from mlops_constructs.projects.launch._granting import grant
from mlops_constructs.projects.launch._key_administration import administration_by
from mlops_constructs.projects.launch.launch_role_base import arn_of_launch_role
from mlops_constructs.projects.monitoring.project_monitoring import ProjectMonitoring
from mlops_constructs.projects.project import Project
from mlops_constructs.projects.seeds.code_host import CodeHost
from mlops_constructs.projects.seeds.seed import Seed
from mlops_constructs.studio import MlflowAppBase

from ._adoption_parameters import adopted_by_parameters
from ._template_mlflow import TemplateMlflow
from ._template_network import TemplateNetwork
from .template_bucket import TemplateBucket

TEMPLATE_NAME = r"(?!.{33})[a-zA-Z0-9](?:-*[a-zA-Z0-9])*"
_FLAGS: dict[str, Any] = json.loads(
    (Path(mlops_constructs.__file__).parent / "feature_flags.json").read_text()
)
_CONTEXT = {
    # The CDK's recommended flags, as in this repository's app. One of them validates templates, so
    # that an invalid one is not published.
    **_FLAGS,
    # Metadata that only the CLI uses does not belong in a published template.
    "aws:cdk:enable-path-metadata": False,
    "aws:cdk:enable-asset-metadata": False,
}


class ProjectTemplateStack(cdk.Stack):
    """Defines the stack that SageMaker creates for a project, with the name and id as parameters.

    SageMaker sets both parameters. Project names must be lower case: SageMaker allows upper case
    but writes lower case into ARNs, and policies would not match them.

    Args:
        description: description of the template.
        model_build_seed: first commit of the model-build repository.
        model_deploy_seed: first commit of the model-deploy repository.
        boundary_parameter: name of the parameter with the ARN of the permissions boundary.
        removal_policy: what happens to the project's data when its stack is deleted.
        monitoring: monitoring of each project. Defaults to None: `ProjectMonitoring()`.
        network: ids of the network of each project. Defaults to None: networks of SageMaker and
            CodeBuild.
        packages: repository from which builds install packages. Defaults to None: PyPI.
        mlflow: MLflow App in which each project logs its trainings. Defaults to None: trainings are
            not logged.
        feature_store: True if the model-build repository of each project can define feature groups.
            Defaults to False.
        launch_role_arn: ARN of the role that creates projects and administers their keys. Defaults
            to None: that of `LaunchRole` in the same account and region.
        code_host: git service that holds the repositories. Defaults to None: CodeCommit.
        bootstrap_qualifier: qualifier of the bootstrap stack whose bucket holds the seeds. Defaults
            to None: the CDK's default.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        model_build_seed: Seed,
        model_deploy_seed: Seed,
        boundary_parameter: str,
        removal_policy: cdk.RemovalPolicy,
        network: TemplateNetwork | None = None,
        monitoring: ProjectMonitoring | None = None,
        packages: PackageRepository | None = None,
        mlflow: TemplateMlflow | None = None,
        feature_store: bool = False,
        launch_role_arn: str | None = None,
        code_host: CodeHost | None = None,
        bootstrap_qualifier: str | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description=description,
            analytics_reporting=False,
            # SageMaker sets its own two parameters only, unless a user adds others.
            synthesizer=cdk.DefaultStackSynthesizer(
                generate_bootstrap_version_rule=False, qualifier=bootstrap_qualifier
            ),
        )
        name = cdk.CfnParameter(
            self,
            "SageMakerProjectName",
            description="Name of the project",
            allowed_pattern=ProjectResources.NAME_PATTERN,
            constraint_description="up to 32 lower case letters, digits and hyphens, beginning "
            "and ending with a letter or digit",
        )
        identity = cdk.CfnParameter(
            self, "SageMakerProjectId", description="Id of the project in SageMaker"
        )
        boundary = iam.ManagedPolicy.from_managed_policy_arn(
            self, "Boundary", read(self, "BoundaryArn", name=boundary_parameter)
        )
        destroyed = removal_policy is cdk.RemovalPolicy.DESTROY
        project = Project(
            self,
            "Project",
            project_name=name.value_as_string,
            project_id=identity.value_as_string,
            model_build_seed=model_build_seed,
            model_deploy_seed=model_deploy_seed,
            code_host=code_host,
            permissions_boundary=boundary,
            network=network.network(self, "Network") if network else None,
            monitoring=monitoring,
            packages=packages,
            mlflow=mlflow.app(self, "Mlflow") if mlflow else None,
            feature_store=feature_store,
            adopted=None if destroyed else adopted_by_parameters(self),
            removal_policy=removal_policy,
        )
        if project.stores.created_key is not None:
            project.stores.created_key.add_to_resource_policy(
                administration_by(launch_role_arn or arn_of_launch_role())
            )


class ProjectTemplate(Construct):
    """Defines a project template that users choose in Studio or specify in CreateProject.

    The template is the same `Project` that a stack can hold directly, synthesised with the
    parameters `SageMakerProjectName` and `SageMakerProjectId`, as YAML, and published at a stable
    URL. The zip files of the seeds are assets of this construct's stack as well, so that `cdk
    deploy` uploads them to the bootstrap bucket of the same account and region, to which the
    template refers.

    Args:
        template_name: name in Studio: up to 32 letters, digits and hyphens.
        description: purpose of projects from this template.
        bucket: bucket in which the template is published.
        model_build_seed: first commit of each project's model-build repository.
        model_deploy_seed: first commit of each project's model-deploy repository.
        boundary_parameter: name of the parameter of Systems Manager with the ARN of the permissions
            boundary, such as `/mlops/projects/boundary-arn`; `ProjectBoundary` publishes it.
        network: network of jobs, models and builds of each project; see `Project`. Projects read
            the ids of a network of this app from parameters of Systems Manager,
            `/mlops/STACK/NAME/...`. Defaults to None: networks of SageMaker and CodeBuild.
        packages: repository from which the builds of each project install packages. Defaults to
            None: PyPI.
        mlflow: MLflow App in which each project logs its trainings; the projects can read and
            change the runs of each other. They read its ARN, bucket and key from parameters of
            Systems Manager, `/mlops/STACK/NAME/...`; `ProjectBoundary` needs the App, too. Defaults
            to None: trainings are not logged.
        feature_store: True if the model-build repository of each project can define feature groups,
            named `PROJECT_GROUP`; see `Project`. Defaults to False: no permissions on feature
            groups.
        monitoring: monitoring of each project. Defaults to None: `ProjectMonitoring()`.
        code_host: git service that holds the repositories of each project. A connection must be
            existing (`Connection.from_connection_arn`) or published in Parameter Store. Defaults to
            None: CodeCommit.
        launch_role_arn: ARN of the role that creates projects, named in the policy of each
            project's key. `LaunchRole.arn_of` returns that of a role with a custom name. Defaults
            to None: that of a `LaunchRole` without a custom name.
        removal_policy: what happens to a project's data when its stack is deleted. Defaults to
            retaining it.

    Raises:
        ValueError: if the name is malformed.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        template_name: str,
        description: str,
        bucket: TemplateBucket,
        model_build_seed: Seed,
        model_deploy_seed: Seed,
        boundary_parameter: str,
        network: NetworkBase | None = None,
        packages: PackageRepository | None = None,
        mlflow: MlflowAppBase | None = None,
        feature_store: bool = False,
        monitoring: ProjectMonitoring | None = None,
        code_host: CodeHost | None = None,
        launch_role_arn: str | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        problems = Problems("ProjectTemplate", self)
        if not re.fullmatch(TEMPLATE_NAME, template_name):
            problems.add(
                f"template_name: got {template_name!r}; allowed are up to 32 letters, digits and "
                "hyphens, beginning and ending with a letter or digit"
            )
        problems.extend(name_problems("boundary_parameter", boundary_parameter))
        problems.raise_if_any()
        self.template_name, self.description = template_name, description
        self.launch_role_arn = launch_role_arn or arn_of_launch_role()
        qualifier = cdk.Stack.of(self).synthesizer.bootstrap_qualifier
        host = code_host or CodeHost.code_commit()
        self.template = _synthesise(
            template_name,
            description=description,
            model_build_seed=model_build_seed,
            model_deploy_seed=model_deploy_seed,
            boundary_parameter=boundary_parameter,
            removal_policy=removal_policy,
            network=TemplateNetwork.publish(self, network, name=template_name) if network else None,
            packages=packages,
            mlflow=TemplateMlflow.publish(self, mlflow, name=template_name) if mlflow else None,
            feature_store=feature_store,
            monitoring=monitoring,
            code_host=host,
            launch_role_arn=self.launch_role_arn,
            bootstrap_qualifier=qualifier,
        )
        host.assets(self, {"model-build": model_build_seed, "model-deploy": model_deploy_seed})
        if removal_policy is cdk.RemovalPolicy.DESTROY:
            removal_code(self, "RemovalCode")
        self.asset = self._asset()
        self.asset_bucket = self.asset.bucket
        self._bucket = bucket
        self.template_url = bucket.publish(template_name, template=self.asset, name=template_name)

    def grant_create_project(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants a principal permission to create, update and delete projects of this template.

        The principal can read the template, and have CloudFormation create stacks named `SP-*` from
        this template, identified by its URL, with the launch role only. Do not grant it any other
        permission to pass the launch role: with a custom template it could use all permissions of
        the role. SageMaker identifies projects by their names only, so the principal can also
        update and delete projects of others.

        If that is not acceptable, publish the template as a `ProjectProduct`: Service Catalog
        assumes the launch role itself.

        Args:
            grantee: the principal.
        """
        permissions = creation_permissions(
            self,
            template_urls=self._bucket.urls_of(self.template_name),
            launch_role_arn=self.launch_role_arn,
        )
        return grant(grantee, permissions).combine(self._bucket.grant_read(grantee))

    def _asset(self) -> s3_assets.Asset:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "template.yaml"
            path.write_text(yaml.safe_dump(self.template, sort_keys=False, width=1000))
            # The asset copies the file into the cloud assembly at once.
            return s3_assets.Asset(self, "Template", path=str(path))


def _synthesise(name: str, **parameters: Any) -> dict[str, Any]:
    """Synthesises the project in a separate app and returns the template."""
    with tempfile.TemporaryDirectory() as directory:
        app = cdk.App(
            outdir=directory,
            auto_synth=False,
            analytics_reporting=False,
            # Overrides the context that the CLI passes to every app of this process.
            post_cli_context=_CONTEXT,
        )
        stack = ProjectTemplateStack(app, name, **parameters)
        app.synth()
        template: dict[str, Any] = json.loads((Path(directory) / stack.template_file).read_text())
        return template
