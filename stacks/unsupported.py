"""Settings whose stacks do not exist yet: they are rejected by name, not ignored."""

from collections.abc import Iterator

from stacks.settings import Settings
from stacks.settings.projects import ProjectSettings

_PROJECT_KEYS = ("monitoring",)


def unsupported(settings: Settings, sections: frozenset[str]) -> list[str]:
    """Returns the keys of settings that no stack implements.

    Args:
        settings: settings of an organisation.
        sections: sections that have a stack.
    """
    found = [
        section
        for section in ("logs", "studio", "feature_store", "registry", "budgets")
        if settings.entries(section) and section not in sections
    ]
    for number, network in enumerate(settings.network):
        if network.existing is None and "network" not in sections:
            found.append(f"network[{number}] without existing")
    for number, connection in enumerate(settings.connections):
        if connection.existing_arn is None and "connections" not in sections:
            found.append(f"connections[{number}] without existing_arn")
    for number, project in enumerate(settings.projects):
        found += [f"projects[{number}].{key}" for key in _of_project(project)]
        home = settings.account_of(project).alias
        away = {one.in_ for one in project.stages} - {None, home}
        if project.network and any(_makes_network(settings, alias) for alias in away):
            found.append(
                f"projects[{number}].network with a stage in an account whose network is not "
                "existing"
            )
    return found


def _makes_network(settings: Settings, alias: str | None) -> bool:
    made = settings.entries_in("network", alias or "")
    return any(network.existing is None for network in made)


def _of_project(project: ProjectSettings) -> Iterator[str]:
    for key in _PROJECT_KEYS:
        if getattr(project, key):
            yield key
