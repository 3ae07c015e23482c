"""Project that is deployed directly, without SageMaker's templates."""

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.delivery import PackageRepository, ProjectStage
from mlops_constructs.projects import AdoptedStores, Project
from mlops_constructs.studio import MlflowAppBase
from stacks.code_hosts import code_host
from stacks.foundation_stack import FoundationStack
from stacks.network_source import NetworkSource
from stacks.platform_stack import PlatformStack
from stacks.project_monitoring import project_monitoring
from stacks.project_operations import ProjectNotifications, project_budget
from stacks.removal import removal_policy
from stacks.seeds import Seeds
from stacks.settings.connections import ConnectionSettings
from stacks.settings.defaults import DefaultSettings
from stacks.settings.projects import AdoptSettings, ProjectSettings
from stacks.studio_stack import StudioStack
from stacks.users.project_personas import ProjectPersonas


class ProjectStack(PlatformStack):
    """Defines a stack with one project, the construct from which the template is synthesised.

    Args:
        settings: settings of the project.
        seeds: seed code of the repositories.
        stages: stages of the project with their accounts.
        connections: connections of the account. Defaults to (): none.
        defaults: settings of every stack.
        network: network of jobs, models and builds. Defaults to None: networks of
            SageMaker and CodeBuild.
        packages: repository from which builds and notebooks install packages. Defaults to None:
            PyPI and npm.
        domain_stack: stack of the account's Studio domain, which users with a role of the project
            open, and whose MLflow App the project can use. Defaults to None: no domain.
        foundation: stack with the alarm topic, which the budget notifies; required with a budget.
            Defaults to None: no budget.
        env: account and region.

    Attributes:
        project: the project.
        personas: roles of the project's users; None without personas.

    Raises:
        ValueError: a budget without `foundation`, or `mlflow` without an MLflow App.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: ProjectSettings,
        seeds: Seeds,
        stages: Sequence[ProjectStage],
        defaults: DefaultSettings,
        env: cdk.Environment,
        network: NetworkSource | None = None,
        packages: PackageRepository | None = None,
        domain_stack: StudioStack | None = None,
        foundation: FoundationStack | None = None,
        connections: Sequence[ConnectionSettings] = (),
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            defaults=defaults,
            env=env,
            description=f"SageMaker project {settings.name}",
        )
        own_network = network.network_in(self) if network else None
        self.project = Project(
            self,
            "Project",
            project_name=settings.name,
            project_id=settings.project_id,
            model_build_seed=seeds.model_build,
            model_deploy_seed=seeds.model_deploy,
            code_host=code_host(self, settings.git, connections),
            network=own_network,
            packages=packages if settings.network else None,
            mlflow=self._mlflow(settings, domain_stack),
            feature_store=settings.feature_store,
            stages=stages,
            approval_notifications=_reviewers(settings),
            monitoring=project_monitoring(settings.monitoring),
            adopted=_adopted(settings.adopt),
            removal_policy=removal_policy(settings.removal, defaults),
        )
        self.personas: ProjectPersonas | None = None
        if settings.personas:
            self.personas = ProjectPersonas(
                self,
                "Personas",
                project=self.project,
                names=[persona.value for persona in settings.personas],
                network=own_network,
                packages=packages,
                domain_stack=domain_stack,
            )
        if settings.budget is not None:
            if foundation is None:
                raise ValueError(f"{self.stack_name}: budget: requires foundation; give its stack")
            project_budget(self, settings, settings.budget, foundation)
        if settings.notifications is not None:
            ProjectNotifications(
                self, "Notifications", project=self.project, settings=settings.notifications
            )

    def _mlflow(
        self, settings: ProjectSettings, domain_stack: StudioStack | None
    ) -> MlflowAppBase | None:
        if not settings.mlflow:
            return None
        app = domain_stack.mlflow_of_projects_in(self) if domain_stack else None
        if app is None:
            raise ValueError(f"{self.stack_name}: mlflow: requires a domain with an MLflow App")
        return app


def _reviewers(settings: ProjectSettings) -> list[str]:
    approvals = [stage.approval for stage in settings.stages if stage.approval is not None]
    return list(dict.fromkeys(one for approval in approvals for one in approval.notify))


def _adopted(settings: AdoptSettings | None) -> AdoptedStores | None:
    if settings is None:
        return None
    return AdoptedStores(
        bucket_name=settings.bucket,
        key_arn=settings.key,
        image_repository_name=settings.images,
    )
