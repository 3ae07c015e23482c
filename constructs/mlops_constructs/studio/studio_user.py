"""Users of a domain, listed in code or in a YAML file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_constructs._problems import Problems
from mlops_constructs.yaml_document import Place, YamlDocument, first, shown

from .studio_web_portal import StudioWebPortal
from .user_settings import AppSettings, SpaceStorage, UserSettings

_TEXT, _TEXTS, _NUMBER = "a text", "a list of texts", "a whole number"
_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "jupyter_lab": {"instance_type": _TEXT, "code_repositories": _TEXTS},
    "code_editor": {"instance_type": _TEXT},
    "storage": {"default_gib": _NUMBER, "maximum_gib": _NUMBER},
    "portal": {
        "hidden_app_types": _TEXTS,
        "hidden_ml_tools": _TEXTS,
        "hidden_instance_types": _TEXTS,
    },
}
_USER: Mapping[str, Any] = {"role": _TEXT, "identity_center_user": _TEXT, "settings": _SETTINGS}
_PARTS: Mapping[str, type] = {
    "jupyter_lab": AppSettings,
    "code_editor": AppSettings,
    "storage": SpaceStorage,
    "portal": StudioWebPortal,
}


@dataclass(frozen=True, kw_only=True)
class StudioUser:
    """A user of a domain.

    Args:
        user_profile_name: name of the user profile, up to 63 characters.
        role: name of one of the roles of `UserProfiles`. Defaults to None: the execution role of
            the domain.
        identity_center_user: user name in IAM Identity Center, required with this authentication.
            Defaults to None: no user name.
        settings: settings that differ from those of the domain. Defaults to no differences.
        origin: file and line of the user, for messages. Defaults to None: the user is listed in
            code.

    Example:
        ```python
        StudioUser(user_profile_name="ada", role="scientists")
        ```
    """

    user_profile_name: str
    role: str | None = None
    identity_center_user: str | None = None
    settings: UserSettings = field(default_factory=UserSettings)

    origin: str | None = field(default=None, compare=False, repr=False)

    @staticmethod
    def from_yaml(path: str | Path) -> "list[StudioUser]":
        """Reads users from a YAML file, in its order.

        The file is a mapping of names; each user may have a `role`, an `identity_center_user`, and
        `settings`: `jupyter_lab` (instance_type, code_repositories), `code_editor` (instance_type),
        `storage` (default_gib, maximum_gib) and `portal` (hidden_app_types, hidden_ml_tools,
        hidden_instance_types). Scripts and images are settings of the domain only.

        Args:
            path: path of the file, relative to the working directory, such as `config/users.yaml`.

        Raises:
            ValueError: if the file is invalid; the message lists every problem with line and key.
        """
        document = YamlDocument.read(path)
        users = [] if document.problems else _users(document)
        problems = Problems(f"StudioUser {path}")
        problems.extend(first(document.problems))
        problems.raise_if_any()
        return users


def _users(document: YamlDocument) -> list[StudioUser]:
    listed = document.content
    if not isinstance(listed, dict):
        document.complain((), "got no mapping; allowed is a mapping of user names, such as `ada:`")
        return []
    found = []
    for name, value in listed.items():
        given = _checked(document, (name,), value, _USER)
        settings = {
            part: _PARTS[part](**values) for part, values in given.pop("settings", {}).items()
        }
        where = document.where((name,))
        found.append(
            StudioUser(
                user_profile_name=name, settings=UserSettings(**settings), origin=where, **given
            )
        )
    return found


def _checked(
    document: YamlDocument, place: Place, given: Any, allowed: Mapping[str, Any]
) -> dict[str, Any]:
    """Returns the valid part of a mapping, and adds the problems of the rest to the document."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        document.complain(
            place,
            f"got {document.shown(place, given)}; allowed is a mapping of {', '.join(allowed)}",
        )
        return {}
    right: dict[str, Any] = {}
    for key, value in given.items():
        inner, kind = (*place, key), allowed.get(key)
        if kind is None:
            document.complain(inner, f"got {shown(key)}; allowed are {', '.join(allowed)}")
        elif not isinstance(kind, str):
            right[key] = _checked(document, inner, value, kind)
        elif _is_a(kind, value):
            right[key] = value
        else:
            document.complain(inner, f"got {document.shown(inner, value)}; allowed is {kind}")
    return right


def _is_a(kind: str, value: Any) -> bool:
    if kind == _TEXTS:
        return isinstance(value, list) and all(_is_a(_TEXT, one) for one in value)
    if kind == _NUMBER:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str) and bool(value)
