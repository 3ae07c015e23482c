"""Project that is deployed directly, without SageMaker's templates."""

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.projects import AdoptedStores, Project
from stacks.existing_network import existing_network
from stacks.platform_stack import PlatformStack
from stacks.removal import removal_policy
from stacks.seeds import Seeds
from stacks.settings.defaults import DefaultSettings
from stacks.settings.network import ExistingNetworkSettings
from stacks.settings.projects import AdoptSettings, ProjectSettings


class ProjectStack(PlatformStack):
    """Defines a stack with one project, the construct from which the template is synthesised.

    Args:
        settings: settings of the project.
        seeds: seed code of the repositories.
        defaults: settings of every stack.
        network: existing network of jobs, models and builds. Defaults to None: networks of
            SageMaker and CodeBuild.
        env: account and region.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: ProjectSettings,
        seeds: Seeds,
        defaults: DefaultSettings,
        env: cdk.Environment,
        network: ExistingNetworkSettings | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            defaults=defaults,
            env=env,
            description=f"SageMaker project {settings.name}",
        )
        Project(
            self,
            "Project",
            project_name=settings.name,
            project_id=settings.project_id,
            model_build_seed=seeds.model_build,
            model_deploy_seed=seeds.model_deploy,
            network=existing_network(self, network),
            approval_notifications=_reviewers(settings),
            adopted=_adopted(settings.adopt),
            removal_policy=removal_policy(settings.removal, defaults),
        )


def _reviewers(settings: ProjectSettings) -> list[str]:
    approval = settings.stages[-1].approval
    return approval.notify if approval is not None else []


def _adopted(settings: AdoptSettings | None) -> AdoptedStores | None:
    if settings is None:
        return None
    return AdoptedStores(
        bucket_name=settings.bucket,
        key_arn=settings.key,
        image_repository_name=settings.images,
    )
