"""Validation of the files that settings name: users, feature schemas and scripts."""

from collections.abc import Iterator
from glob import glob
from pathlib import Path

from mlops_constructs.feature_store import FeatureSchema
from mlops_constructs.studio import StudioUser
from stacks.settings.errors import Location, Problem
from stacks.settings.feature_store import FeatureStoreSettings
from stacks.settings.organisation import Settings
from stacks.settings.projects import Persona
from stacks.settings.studio import Authentication, StudioSettings

_MAX_SCRIPT_BYTES = 16384 * 3 // 4  # CreateStudioLifecycleConfig: 16,384 characters of base64


def feature_files(settings: FeatureStoreSettings) -> list[Path]:
    """Returns the schema files of a section, by name.

    Args:
        settings: settings of the section.
    """
    # `Path.glob` takes no absolute pattern. Files of editors, with a dot in front, do not match.
    return [Path(path) for path in sorted(glob(settings.groups))]  # noqa: PTH207


def file_problems(settings: Settings, invalid: frozenset[str] = frozenset()) -> Iterator[Problem]:
    """Yields the problems of the files, each with its line.

    Args:
        settings: settings whose sections are valid each.
        invalid: sections of the file that are not part of the settings, because they are invalid.
            Defaults to none.
    """
    for number, store in enumerate(settings.feature_store):
        yield from _of_features(("feature_store", number, "groups"), store)
    for number, studio in enumerate(settings.studio):
        yield from _of_script(("studio", number, "script"), studio.script)
        roles = None if "projects" in invalid else _roles(settings, studio)
        yield from _of_people(("studio", number), studio, roles)


def _of_features(place: Location, store: FeatureStoreSettings) -> Iterator[Problem]:
    files = feature_files(store)
    if not files:
        yield Problem(place=place, allowed="a pattern of files that exist, such as features/*.yaml")
    names: dict[str, Path] = {}
    for path in files:
        if names.setdefault(path.stem, path) != path:
            yield Problem(
                place=place,
                text=f"{path} and {names[path.stem]} name one feature group, {path.stem}; "
                "rename one of them",
            )
        try:
            FeatureSchema.from_yaml(path)
        except ValueError as error:
            yield from _lines(place, error)


def _of_script(place: Location, script: str | None) -> Iterator[Problem]:
    if script is None:
        return
    try:
        size = Path(script).stat().st_size
    except OSError as error:
        yield Problem(place=place, text=f"{script} cannot be read ({error.strerror}); give a file")
        return
    if not 1 <= size <= _MAX_SCRIPT_BYTES:
        yield Problem(
            place=place,
            text=f"{script} has {size:,} bytes; allowed are 1 to {_MAX_SCRIPT_BYTES:,}",
        )


def _roles(settings: Settings, studio: StudioSettings) -> list[str]:
    """Returns the roles of users: personas in the domain, and those of projects of its account."""
    aliases = settings.aliases_of(studio)
    of_projects = [
        f"{project.name}/{persona.value}"
        for project in settings.projects
        if set(settings.aliases_of(project)) & set(aliases)
        for persona in project.personas
    ]
    return [*(persona.value for persona in Persona), *of_projects]


def _of_people(
    place: Location, studio: StudioSettings, roles: list[str] | None
) -> Iterator[Problem]:
    if studio.people is None:
        return
    people = (*place, "people")
    try:
        users = StudioUser.from_yaml(studio.people)
    except ValueError as error:
        yield from _lines(people, error)
        return
    by_identity_center = studio.authentication is Authentication.IDENTITY_CENTER
    for user in users:
        if roles is not None and user.role is not None and user.role not in roles:
            yield Problem(
                place=people,
                text=f"{user.origin}: role: got {user.role!r}; allowed are {', '.join(roles)}",
            )
        if (user.identity_center_user is not None) != by_identity_center:
            expected = "required with" if by_identity_center else "allowed only with"
            yield Problem(
                place=people,
                text=f"{user.origin}: identity_center_user is {expected} "
                f"authentication: {Authentication.IDENTITY_CENTER.value}",
            )
    names = [user.user_profile_name for user in users]
    for number, space in enumerate(studio.spaces):
        if space.owner not in names:
            yield Problem(
                place=(*place, "spaces", number, "owner"),
                allowed=f"a user of {studio.people}: {', '.join(names)}",
            )


def _lines(place: Location, error: ValueError) -> Iterator[Problem]:
    """Yields the problems of a reader's message, without its heading."""
    _, *lines = str(error).split("\n")
    for line in lines:
        yield Problem(place=place, text=line.strip().removeprefix("- "))
