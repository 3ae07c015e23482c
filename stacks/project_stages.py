"""Stages of a project, with the account and the network of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlops_constructs.delivery import ProjectStage, StageNetwork
from stacks.network_stack import published_network
from stacks.settings import Account, Settings, SettingsError
from stacks.settings.deployments import STACKS
from stacks.settings.projects import ProjectSettings, StageSettings


@dataclass(frozen=True, kw_only=True)
class TargetStage:
    """A stage of a project in another account or region than that of the project.

    Args:
        project: settings of the project.
        account: account of the project.
        stage: the stage.
    """

    project: ProjectSettings
    account: Account
    stage: ProjectStage


@dataclass(frozen=True, kw_only=True)
class ReplicaOfProject:
    """A region, other than that of a project, in which it has stages.

    Args:
        project: settings of the project.
        region: the region.
        stages: the stages in this region.
    """

    project: ProjectSettings
    region: str
    stages: Sequence[ProjectStage]


def network_of(settings: Settings, account: Account) -> StageNetwork | None:
    """Returns the network of an account, as the stages of projects in other accounts name it.

    An existing network is named by its ids. The ids of a new one are known to the stack of the
    network only, which publishes them as parameters.

    Args:
        settings: settings of an organisation.
        account: an account of these settings.
    """
    for one in settings.entries_in("network", account.alias):
        if one.existing is None:
            return published_network(f"{account.prefix}{STACKS['network']}", zones=one.zones)
        return StageNetwork(
            vpc_id=one.existing.vpc_id,
            subnet_ids=one.existing.subnet_ids,
            security_group_ids=one.existing.security_group_ids,
        )
    return None


def project_stages(settings: Settings, project: ProjectSettings) -> list[ProjectStage]:
    """Returns the stages of a project in their order.

    Args:
        settings: settings of an organisation.
        project: settings of one of its projects.

    Raises:
        SettingsError: the project has a network, and the account of a stage has none.
    """
    home = settings.account_of(project)
    return [_stage(settings, project, stage, home) for stage in project.stages]


def target_stages(settings: Settings, account: Account) -> Iterator[TargetStage]:
    """Yields the stages in an account, of projects in other accounts.

    Args:
        settings: settings of an organisation.
        account: an account of these settings.
    """
    for project in settings.projects:
        home = settings.account_of(project)
        for given, stage in zip(project.stages, project_stages(settings, project), strict=True):
            if given.in_ == account.alias and _is_elsewhere(account, home):
                yield TargetStage(project=project, account=home, stage=stage)


def replicas_of(settings: Settings, account: Account) -> Iterator[ReplicaOfProject]:
    """Yields the regions of stages of the projects in an account, other than its own.

    Args:
        settings: settings of an organisation.
        account: an account of these settings.
    """
    for project in settings.entries_in("projects", account.alias):
        stages = project_stages(settings, project)
        others = [one.region for one in stages if one.region and one.region != account.region]
        for region in dict.fromkeys(others):
            yield ReplicaOfProject(
                project=project,
                region=region,
                stages=[one for one in stages if one.region == region],
            )


def _is_elsewhere(account: Account, home: Account) -> bool:
    return (account.id, account.region) != (home.id, home.region)


def _stage(
    settings: Settings, project: ProjectSettings, stage: StageSettings, home: Account
) -> ProjectStage:
    account = home if stage.in_ is None else settings.account(stage.in_)
    approval = stage.approval.question if stage.approval is not None else None
    if not _is_elsewhere(account, home):
        return ProjectStage(
            name=stage.name,
            account=home.id,
            region=account.region,
            approval=approval,
            kinds=stage.kinds,
        )
    network = network_of(settings, account)
    if project.network and network is None:
        raise SettingsError(
            f"the project {project.name}: got network: true, and no network in the account "
            f"{account.alias} of the stage {stage.name}; add one to the section network, or remove "
            "network from the project"
        )
    return ProjectStage(
        name=stage.name,
        account=account.id,
        region=account.region,
        approval=approval,
        kinds=stage.kinds,
        network=network if project.network else None,
    )
