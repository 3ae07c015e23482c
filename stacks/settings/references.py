"""Validation across sections."""

from collections import defaultdict
from collections.abc import Callable, Iterator

from stacks.settings.accounts import Account
from stacks.settings.deployments import deployments
from stacks.settings.errors import Location, Problem
from stacks.settings.model import InAccount, InAccounts
from stacks.settings.names import Removal
from stacks.settings.organisation import DEPLOYED, Settings

_SHARED_STACKS = {"connections", "budgets"}
_MAX_ROLES = 5000
ROLES_OF_PROJECT = 13
"""IAM roles of a project; each persona adds one (docs/platform.md has the measurement)."""

Place = tuple[str, str]
"""Id of an account, and region."""


def reference_problems(settings: Settings, invalid: frozenset[str] = frozenset()) -> list[Problem]:
    """Returns the problems between sections.

    Args:
        settings: settings whose sections are valid each.
        invalid: sections of the file that are not part of the settings, because they are invalid.
            Defaults to none.
    """
    found = list(_unknown_accounts(settings))
    for needs, check in _CHECKS:
        if not needs & invalid:
            found += check(settings)
    return found


def entries(settings: Settings) -> Iterator[tuple[Location, InAccount | InAccounts]]:
    """Yields the entries of all sections with their places.

    Args:
        settings: settings of an organisation.
    """
    for section in DEPLOYED:
        for number, entry in enumerate(settings.entries(section)):
            yield (section,) if section == "platform_pipeline" else (section, number), entry


def known_accounts(settings: Settings, entry: InAccount | InAccounts) -> list[Account]:
    """Returns the accounts of an entry that exist.

    Args:
        settings: settings of an organisation.
        entry: entry of a section.
    """
    aliases = settings.aliases_of(entry)
    return [settings.account(alias) for alias in aliases if alias in settings.accounts]


def _unknown_accounts(settings: Settings) -> Iterator[Problem]:
    aliases = ", ".join(settings.accounts)
    for place, entry in entries(settings):
        if entry.in_ is None and len(settings.accounts) > 1:
            yield Problem(
                place=(*place, "in"),
                text=f"missing; there are several accounts: {aliases}",
            )
    for place, alias in _aliases(settings):
        if alias not in settings.accounts:
            yield Problem(place=place, allowed=f"the alias of an account: {aliases}")


def _aliases(settings: Settings) -> Iterator[tuple[Location, str]]:
    """Yields all references to accounts."""
    for place, entry in entries(settings):
        if isinstance(entry.in_, str):
            yield (*place, "in"), entry.in_
        else:
            yield from _listed((*place, "in"), entry.in_ or [])
    yield from _aliases_of_values(settings)
    pipeline = settings.platform_pipeline
    for number, wave in enumerate(pipeline.waves if pipeline else ()):
        yield from _listed(("platform_pipeline", "waves", number, "accounts"), wave.accounts)


def _aliases_of_values(settings: Settings) -> Iterator[tuple[Location, str]]:
    """Yields the references to accounts in the keys of entries."""
    for number, network in enumerate(settings.network):
        yield from _listed(("network", number, "trusted"), network.trusted)
    for number, registry in enumerate(settings.registry):
        for key in ("share_with", "read_from", "approve_from", "register_from"):
            yield from _listed(("registry", number, key), getattr(registry, key))
    for number, project in enumerate(settings.projects):
        for position, stage in enumerate(project.stages):
            if stage.in_ is not None:
                yield ("projects", number, "stages", position, "in"), stage.in_


def _listed(place: Location, aliases: list[str]) -> Iterator[tuple[Location, str]]:
    for number, alias in enumerate(aliases):
        yield (*place, number), alias


def _accounts_differ(settings: Settings) -> Iterator[Problem]:
    """Yields aliases whose stacks would have the same names in one place."""
    taken: dict[tuple[str, str, str], str] = {}
    for alias in settings.accounts:
        account = settings.account(alias)
        first = taken.setdefault((account.id, account.region, account.prefix), alias)
        if first != alias:
            yield Problem(
                place=("accounts", alias),
                text=f"{account.id} in {account.region} is also {first}, so stacks of both would "
                f"have the same names; set `prefix` of {alias} or {first}",
            )


def _stacks_once(settings: Settings) -> Iterator[Problem]:
    """Yields stacks that two entries of a section would deploy to an account."""
    taken: dict[tuple[str, str], Location] = {}
    for one in deployments(settings):
        if one.section in (*_SHARED_STACKS, "projects"):
            continue
        alias = one.account.alias
        place = taken.setdefault((alias, one.stack), one.place)
        if place != one.place:
            yield Problem(
                place=one.place,
                text=f"the stack {one.stack} of {alias} is also that of {_shown(place)}; keep one "
                "of them",
            )


def _projects_once(settings: Settings) -> Iterator[Problem]:
    """Yields projects, and stacks of their stages, whose names clash in an account."""
    projects: dict[tuple[Place, str], int] = {}
    stages: dict[tuple[Place, str], str] = {}
    for number, project in enumerate(settings.projects):
        for account in known_accounts(settings, project):
            place = (account.id, account.region)
            if (place, project.name) in projects:
                yield Problem(
                    place=("projects", number, "name"),
                    allowed=f"each name once in {account.id} and {account.region}; "
                    f"projects[{projects[place, project.name]}] has it",
                )
                break
            projects[place, project.name] = number
            for position, stage in enumerate(project.stages):
                found = settings.accounts.get(stage.in_ or account.alias)
                stack = f"{project.name}-{stage.name}"
                key = ((found.id, found.region), stack) if found else None
                if key is not None and stages.setdefault(key, project.name) != project.name:
                    yield Problem(
                        place=("projects", number, "stages", position, "name"),
                        text=f"the stack {stack} is also that of the project {stages[key]}; "
                        "choose another name",
                    )


def _networks(settings: Settings) -> Iterator[Problem]:
    for number, network in enumerate(settings.network):
        accounts = known_accounts(settings, network)
        if network.existing is not None and len(accounts) > 1:
            yield Problem(
                place=("network", number, "in"),
                text="an existing network is in one account; add an entry for each account",
            )
        for position, alias in enumerate(network.trusted):
            if alias in [account.alias for account in accounts]:
                yield Problem(
                    place=("network", number, "trusted", position),
                    allowed="another account than that of the network",
                )


def _uses_of_networks(settings: Settings) -> Iterator[Problem]:
    for number, project in enumerate(settings.projects):
        if project.network:
            yield from _without_network(settings, ("projects", number, "network"), project)
            for position, stage in enumerate(project.stages):
                there = settings.accounts.get(stage.in_ or "")
                if there is not None and not any(settings.entries_in("network", stage.in_ or "")):
                    yield Problem(
                        place=("projects", number, "stages", position, "in"),
                        text=f"the account {stage.in_} has no network, and the project has "
                        "network: true; add it to `in` of `network`",
                    )
    for number, templates in enumerate(settings.project_templates):
        if templates.network or any(one.network for one in templates.templates):
            place = ("project_templates", number, "network")
            yield from _without_network(settings, place, templates)
    for number, studio in enumerate(settings.studio):
        yield from _without_network(settings, ("studio", number), studio)


def _without_network(
    settings: Settings, place: Location, entry: InAccount | InAccounts
) -> Iterator[Problem]:
    for account in known_accounts(settings, entry):
        if not any(settings.entries_in("network", account.alias)):
            yield Problem(
                place=place,
                text=f"the account {account.alias} has no network; add it to `in` of `network`",
            )


def _connections(settings: Settings) -> Iterator[Problem]:
    taken: dict[tuple[str, str], int] = {}
    for number, connection in enumerate(settings.connections):
        accounts = known_accounts(settings, connection)
        for account in accounts:
            first = taken.setdefault((account.alias, connection.name), number)
            if first != number:
                yield Problem(
                    place=("connections", number, "name"),
                    allowed=f"each name once in {account.alias}; connections[{first}] has it",
                )
            arn = connection.existing_arn
            if arn is not None and arn.split(":")[3:5] != [account.region, account.id]:
                yield Problem(
                    place=("connections", number, "existing_arn"),
                    allowed=f"a connection of the account {account.id} in {account.region}",
                )


def _uses_of_connections(settings: Settings) -> Iterator[Problem]:
    for number, project in enumerate(settings.projects):
        if project.git is not None:
            place: Location = ("projects", number, "git", "connection")
            yield from _without_connection(settings, place, project, project.git.connection)
    for number, templates in enumerate(settings.project_templates):
        for position, template in enumerate(templates.templates):
            if template.git is not None:
                place = ("project_templates", number, "templates", position, "git", "connection")
                name = template.git.connection
                yield from _without_connection(settings, place, templates, name)
    pipeline = settings.platform_pipeline
    if pipeline is not None and pipeline.source is not None:
        place = ("platform_pipeline", "source", "connection")
        yield from _without_connection(settings, place, pipeline, pipeline.source.connection)


def _without_connection(
    settings: Settings, place: Location, entry: InAccount | InAccounts, name: str
) -> Iterator[Problem]:
    named = [one for one in settings.connections if one.name == name]
    for account in known_accounts(settings, entry):
        if any(account.alias in settings.aliases_of(one) for one in named):
            continue
        if named:
            elsewhere = ", ".join(settings.aliases_of(named[0]))
            yield Problem(
                place=place,
                text=f"the connection {name} is in {elsewhere}, and pipelines use connections of "
                f"their account and region only; add {account.alias} to `in` of the connection",
            )
        else:
            names = ", ".join(dict.fromkeys(one.name for one in settings.connections)) or "none"
            yield Problem(place=place, allowed=f"a connection of the section connections: {names}")


def _launch_roles(settings: Settings) -> Iterator[Problem]:
    names: dict[tuple[str, str], int] = {}
    for number, templates in enumerate(settings.project_templates):
        for account in known_accounts(settings, templates):
            arn, name = templates.launch_role_arn, templates.launch_role_name
            if arn is not None and arn.split(":")[4] != account.id:
                yield Problem(
                    place=("project_templates", number, "launch_role_arn"),
                    allowed=f"a role of the account {account.id}, since CloudFormation accepts no "
                    "other",
                )
            if name is not None:
                if (account.id, name) in names:
                    yield Problem(
                        place=("project_templates", number, "launch_role_name"),
                        allowed=f"each name once in the account {account.id}, in all regions",
                    )
                names[account.id, name] = number


def _personas(settings: Settings) -> Iterator[Problem]:
    for number, project in enumerate(settings.projects):
        for account in known_accounts(settings, project):
            if project.personas and not any(settings.entries_in("studio", account.alias)):
                yield Problem(
                    place=("projects", number, "personas"),
                    text=f"the account {account.alias} has no studio, in which users have these "
                    "roles; add it to `in` of `studio`, or remove personas",
                )


def _mlflow(settings: Settings) -> Iterator[Problem]:
    for number, project in enumerate(settings.projects):
        for account in known_accounts(settings, project):
            domains = settings.entries_in("studio", account.alias)
            if project.mlflow and not any(domain.mlflow for domain in domains):
                yield Problem(
                    place=("projects", number, "mlflow"),
                    text=f"the account {account.alias} has no studio with an MLflow app; add "
                    "`mlflow: {}` to its `studio`, or remove mlflow",
                )


def _adoption(settings: Settings) -> Iterator[Problem]:
    for number, project in enumerate(settings.projects):
        removal = project.removal or settings.defaults.removal
        if project.adopt is not None and removal is Removal.DESTROY:
            yield Problem(
                place=("projects", number, "adopt"),
                text="removal: retain with adopt; adopted stores outlive the project",
            )


def _registry(settings: Settings) -> Iterator[Problem]:
    for number, registry in enumerate(settings.registry):
        own = {account.id for account in known_accounts(settings, registry)}
        for key in ("share_with", "read_from", "approve_from", "register_from"):
            for position, alias in enumerate(getattr(registry, key)):
                found = settings.accounts.get(alias)
                if found is not None and found.id in own:
                    yield Problem(
                        place=("registry", number, key, position),
                        allowed="another account than that of the registry",
                    )


def _waves(settings: Settings) -> Iterator[Problem]:
    pipeline = settings.platform_pipeline
    if pipeline is None:
        return
    by_alias: dict[str, int] = {}
    by_name: dict[str, int] = {}
    (home,) = known_accounts(settings, pipeline) or (None,)
    for number, wave in enumerate(pipeline.waves):
        place: Location = ("platform_pipeline", "waves", number)
        if by_name.setdefault(wave.stage_name, number) != number:
            yield Problem(
                place=place,
                text=f"the name {wave.stage_name} is also that of "
                f"waves[{by_name[wave.stage_name]}]; set `name`",
            )
        for position, alias in enumerate(wave.accounts):
            if by_alias.setdefault(alias, number) != number:
                yield Problem(
                    place=(*place, "accounts", position),
                    allowed=f"each account once; waves[{by_alias[alias]}] has it",
                )
            found = settings.accounts.get(alias)
            if home and found and found.region not in (home.region, *home.replicas):
                yield Problem(
                    place=(*place, "accounts", position),
                    text=f"{alias} is in {found.region}, where the pipeline keeps no artifacts; "
                    f"add {found.region} to `replicas` of {home.alias}",
                )


def _stages_in_other_regions(settings: Settings) -> Iterator[Problem]:
    for number, project in enumerate(settings.projects):
        for home in known_accounts(settings, project):
            for position, stage in enumerate(project.stages):
                alias = stage.in_ or home.alias
                found = settings.accounts.get(alias)
                if found and found.region not in (home.region, *home.replicas):
                    yield Problem(
                        place=("projects", number, "stages", position, "in"),
                        text=f"{alias} is in {found.region}, where pipelines of "
                        f"{home.alias} keep no artifacts; add {found.region} to `replicas` of "
                        f"{home.alias}",
                    )


def _quotas(settings: Settings) -> Iterator[Problem]:
    roles: dict[str, int] = defaultdict(int)
    for project in settings.projects:
        for account in known_accounts(settings, project):
            roles[account.id] += ROLES_OF_PROJECT + len(project.personas)
    for account_id, number in roles.items():
        if number > _MAX_ROLES:
            yield Problem(
                place=("projects",),
                text=f"the projects of {account_id} have {number:,} IAM roles; allowed are "
                f"{_MAX_ROLES:,} in an account, the highest quota of AWS; use another account",
            )


def _shown(place: Location) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else part for part in place)


_Check = Callable[[Settings], Iterator[Problem]]
_CHECKS: tuple[tuple[frozenset[str], _Check], ...] = (
    (frozenset(), _accounts_differ),
    (frozenset(), _stacks_once),
    (frozenset(), _projects_once),
    (frozenset(), _networks),
    (frozenset({"network"}), _uses_of_networks),
    (frozenset(), _connections),
    (frozenset({"connections"}), _uses_of_connections),
    (frozenset(), _launch_roles),
    (frozenset({"studio"}), _personas),
    (frozenset({"studio"}), _mlflow),
    (frozenset(), _adoption),
    (frozenset(), _registry),
    (frozenset(), _waves),
    (frozenset(), _stages_in_other_regions),
    (frozenset(), _quotas),
)
"""Each check, with the sections without which it would report consequences of other problems."""
