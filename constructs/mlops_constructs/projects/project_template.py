"""A project as a template, from which SageMaker creates projects."""

from __future__ import annotations

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

from .adoption_parameters import adopted_by_parameters
from .creation_permissions import creation_permissions
from .granting import grant
from .key_administration import administration_by
from .launch_role_base import arn_of_launch_role
from .project import Project
from .removal import removal_code
from .seed import Seed
from .template_bucket import TemplateBucket
from .template_network import TemplateNetwork

TEMPLATE_NAME = r"(?!.{33})[a-zA-Z0-9](?:-*[a-zA-Z0-9])*"
_FLAGS: dict[str, Any] = json.loads(
    (Path(mlops_constructs.__file__).parent / "feature_flags.json").read_text()
)
_CONTEXT = {
    # The CDK's recommendations, as this repository's own app has them. One of them validates: a
    # template that AWS would refuse must not be published.
    **_FLAGS,
    # What the CLI adds for its own use has no place in a template that others read.
    "aws:cdk:enable-path-metadata": False,
    "aws:cdk:enable-asset-metadata": False,
}


class ProjectTemplateStack(cdk.Stack):
    """Defines what SageMaker creates for each project: a `Project` named by template parameters.

    SageMaker sets both parameters. Project names must be lower case here: SageMaker allows upper
    case too, but writes lower case into ARNs, and no policy would match them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        description: str,
        model_build_seed: Seed,
        model_deploy_seed: Seed,
        boundary_export: str,
        removal_policy: cdk.RemovalPolicy,
        network: TemplateNetwork | None = None,
        packages: PackageRepository | None = None,
        launch_role_arn: str | None = None,
        bootstrap_qualifier: str | None = None,
    ) -> None:
        """Creates the stack; the parameters are those of `ProjectTemplate`.

        Args:
            boundary_export: name of the CloudFormation export with the ARN of the permissions
                boundary.
            network: ids of the network of each project. Default: none.
            packages: where builds take packages from. Default: from PyPI.
            launch_role_arn: of the role that creates projects, which administers their keys.
                Default: that of `LaunchRole` in the same account and region.
            bootstrap_qualifier: of the bootstrap stack whose bucket holds the seeds. Default: the
                CDK's own.
        """
        super().__init__(
            scope,
            construct_id,
            description=description,
            analytics_reporting=False,
            # SageMaker sets no parameter but its own two, unless people give others.
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
            self, "SageMakerProjectId", description="Id that SageMaker gave to the project"
        )
        boundary = iam.ManagedPolicy.from_managed_policy_arn(
            self, "Boundary", cdk.Fn.import_value(boundary_export)
        )
        destroyed = removal_policy is cdk.RemovalPolicy.DESTROY
        project = Project(
            self,
            "Project",
            project_name=name.value_as_string,
            project_id=identity.value_as_string,
            model_build_seed=model_build_seed,
            model_deploy_seed=model_deploy_seed,
            permissions_boundary=boundary,
            network=network.network(self, "Network") if network else None,
            packages=packages,
            adopted=None if destroyed else adopted_by_parameters(self),
            removal_policy=removal_policy,
        )
        if project.stores.created_key is not None:
            project.stores.created_key.add_to_resource_policy(
                administration_by(launch_role_arn or arn_of_launch_role())
            )


class ProjectTemplate(Construct):
    """Defines a project template that people choose in Studio, or name in CreateProject.

    The template is the same `Project` that a stack may hold directly, synthesised with the
    parameters `SageMakerProjectName` and `SageMakerProjectId`, as YAML, and published under a
    stable address. The zip files of the seeds are assets of this construct's stack as well, so
    that `cdk deploy` puts them where the template expects them: into the bootstrap bucket of the
    same account and region.
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
        boundary_export: str,
        network: NetworkBase | None = None,
        packages: PackageRepository | None = None,
        launch_role_arn: str | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        """Synthesises and publishes the template.

        Args:
            template_name: name in Studio: up to 32 letters, digits and hyphens.
            description: what a project made from it is good for.
            bucket: where templates are published.
            model_build_seed: first commit of each project's repository that trains.
            model_deploy_seed: first commit of each project's repository that deploys.
            boundary_export: name of the export with the ARN of the permissions boundary.
            network: where jobs, models and builds of each project run; see `Project`. Projects find
                one of this app by CloudFormation exports that begin with `template_name`. Default:
                in networks of SageMaker and CodeBuild.
            packages: where the builds of each project take packages from. Default: from PyPI.
            launch_role_arn: of the role that creates projects: the policy of each project's key
                names it. `LaunchRole.arn_of` gives that of a role with a name of its own. Default:
                that of a `LaunchRole` without a name.
            removal_policy: what happens to a project's data when its stack is deleted. Default:
                it stays.

        Raises ValueError for another name.
        """
        super().__init__(scope, construct_id)
        problems = Problems(f"ProjectTemplate {self.node.path}")
        if not re.fullmatch(TEMPLATE_NAME, template_name):
            problems.add(
                f"template_name is {template_name!r}; allowed are up to 32 letters, digits and "
                "hyphens, beginning and ending with a letter or digit"
            )
        problems.raise_if_any()
        self.template_name, self.description = template_name, description
        self.launch_role_arn = launch_role_arn or arn_of_launch_role()
        qualifier = cdk.Stack.of(self).synthesizer.bootstrap_qualifier
        self.template = _synthesise(
            template_name,
            description=description,
            model_build_seed=model_build_seed,
            model_deploy_seed=model_deploy_seed,
            boundary_export=boundary_export,
            removal_policy=removal_policy,
            network=TemplateNetwork.export(self, network, prefix=template_name)
            if network
            else None,
            packages=packages,
            launch_role_arn=self.launch_role_arn,
            bootstrap_qualifier=qualifier,
        )
        model_build_seed.asset(self, "ModelBuildSeed")
        model_deploy_seed.asset(self, "ModelDeploySeed")
        if removal_policy is cdk.RemovalPolicy.DESTROY:
            removal_code(self, "RemovalCode")
        self.asset = self._asset()
        self.asset_bucket = self.asset.bucket
        self._bucket = bucket
        self.template_url = bucket.publish(template_name, template=self.asset, name=template_name)

    def grant_create_project(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal create projects from this template, and change and delete projects.

        The principal may read the template, and have CloudFormation make stacks named `SP-*` of it
        with the launch role: of this template only, by its address, and with this role only. Do not
        let it pass the launch role in any other way: whoever may do so with a template of their own
        can have the role do whatever it can do. SageMaker tells projects apart by nothing but their
        names, so a project that somebody else has created can be changed and deleted too.

        Where people who create projects are not to be trusted with that, publish the template as a
        `ProjectProduct`: Service Catalog takes the launch role by itself.
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
    """Synthesises the project in an app of its own; nothing but the template leaves it."""
    with tempfile.TemporaryDirectory() as directory:
        app = cdk.App(
            outdir=directory,
            auto_synth=False,
            analytics_reporting=False,
            # Wins over the context that the CLI hands to every app of this process.
            post_cli_context=_CONTEXT,
        )
        stack = ProjectTemplateStack(app, name, **parameters)
        app.synth()
        template: dict[str, Any] = json.loads((Path(directory) / stack.template_file).read_text())
        return template
