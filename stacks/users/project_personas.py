"""Roles of the users of a project, and the start script of their notebooks."""

from collections.abc import Sequence
from dataclasses import replace

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs import studio
from mlops_constructs.access import PROJECT_TAG, JobRole, PersonaRole, ProjectAccess
from mlops_constructs.delivery import PackageRepository
from mlops_constructs.network import NetworkBase
from mlops_constructs.projects import Project
from stacks.platform_stack import PlatformStack
from stacks.studio_stack import StudioStack
from stacks.users.personas import PERSONAS, allow_tools, federation

_START = "start-script-arn"


class ProjectPersonas(Construct):
    """Defines a role for each persona of a project, and publishes their ARNs.

    Users who work start jobs with a dedicated role, `Jobs`. If the account has a Studio domain, the
    roles also open it, and the SageMaker SDK in JupyterLab has the bucket, key, network, role and
    tag of the project as its defaults.

    Args:
        project: the project.
        names: names of the personas, such as `data_scientist`.
        network: network of jobs and models. Defaults to None: no VPC.
        packages: repository from which pip and npm install. Defaults to None: PyPI and npm.
        domain_stack: stack of the account's domain. Defaults to None: no domain.
    """

    def __init__(
        self,
        scope: PlatformStack,
        construct_id: str,
        *,
        project: Project,
        names: Sequence[str],
        network: NetworkBase | None = None,
        packages: PackageRepository | None = None,
        domain_stack: StudioStack | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.names, self._stack = tuple(names), scope
        self._project, self._network, self._packages = project, network, packages
        self._access = project.access()
        self._key = project.stores.artifacts.key
        self._mlflow = domain_stack.mlflow_in(scope, None) if domain_stack else None
        self._works = any(PERSONAS[name].works for name in names)
        if self._works:
            self._jobs = self._define_jobs()
        self._domain_id = domain_stack.domain_id_in(scope) if domain_stack else None
        self._domain_key = domain_stack.key_in(scope) if domain_stack else None
        self._federated = federation(
            self, domain_stack.settings.federation if domain_stack else None
        )
        for name in names:
            self._define_role(name)
        if domain_stack is not None and self._works:
            self._define_start_script(domain_stack)

    def role_arn_in(self, stack: PlatformStack, name: str) -> str:
        """Returns the ARN of the role of a persona, for another stack."""
        return stack.read(self._stack, f"role-arn/{name}")

    def start_script_arn_in(self, stack: PlatformStack) -> str:
        """Returns the ARN of the lifecycle configuration of JupyterLab, for another stack."""
        return stack.read(self._stack, _START)

    def _define_jobs(self) -> JobRole:
        role = JobRole(self, "Jobs", project=self._access, network=self._network, keys=[self._key])
        if self._packages is not None:
            self._packages.grant_read(role)
        if self._mlflow is not None:
            self._mlflow.grant_track(role)
        return role

    def _define_role(self, name: str) -> None:
        role = PersonaRole(
            self,
            name,
            persona=PERSONAS[name],
            domain_id=self._domain_id,
            domain_key=self._domain_key,
            project=self._access_of(name),
            network=self._network,
            keys=[self._key],
            federated=self._federated,
        )
        allow_tools(role, mlflow=self._mlflow, packages=self._packages)
        self._stack.publish(f"role-arn/{name}", role.role_arn)

    def _access_of(self, name: str) -> ProjectAccess:
        persona = PERSONAS[name]
        if not persona.works:
            return self._access
        passed: list[iam.IRole] = [self._jobs]
        if persona.operates:
            passed.append(self._project.model_execution_role)
        return replace(self._access, execution_roles=passed)

    def _define_start_script(self, domain_stack: StudioStack) -> None:
        script = studio.Script.sdk_defaults(
            studio.SdkDefaults(
                role=self._jobs,
                bucket=self._project.stores.artifacts.bucket,
                network=self._network,
                key=self._key,
                tags={PROJECT_TAG: self._project.resources.project_name},
            )
        )
        if self._packages is not None:
            script = studio.Script.from_text(self._packages.studio_script()).then(script)
        config = studio.LifecycleConfig(
            self, "Start", app=studio.StudioApp.JUPYTER_LAB, script=script
        )
        if domain_stack.removal_policy is not cdk.RemovalPolicy.DESTROY:
            config.retain()  # as profiles of users, which refer to it
        self._stack.publish(_START, config.lifecycle_config_arn)
