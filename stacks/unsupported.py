"""Settings that no stack implements yet: they are rejected by name, not ignored."""

from stacks.settings import Settings


def unsupported(settings: Settings) -> list[str]:
    """Returns the keys of settings that no stack implements.

    Args:
        settings: settings of an organisation.
    """
    found = []
    for number, project in enumerate(settings.projects):
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
