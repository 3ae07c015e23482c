"""Variables of CodePipeline: `#{Namespace.Name}` in the configuration of an action.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_REFERENCE = re.compile(r"#\{(?P<namespace>[A-Za-z0-9@\-_]+)\.(?P<name>[A-Za-z0-9@\-_]+)\}")
_CLAIMED = re.compile(r"#\{[^}]*\}")


class UnresolvedVariableError(Exception):
    """A reference to a variable that no action has produced."""


def references(text: str) -> list[tuple[str, str]]:
    """Returns the references of a text as pairs of namespace and name.

    Raises:
        UnresolvedVariableError: a reference is malformed.
    """
    found = []
    for claimed in _CLAIMED.findall(text):
        match = _REFERENCE.fullmatch(claimed)
        if match is None:
            raise UnresolvedVariableError(
                f"{claimed} is not a variable; the form is #{{Namespace.VariableName}}"
            )
        found.append((match["namespace"], match["name"]))
    return found


def resolve(text: str, namespaces: Mapping[str, Mapping[str, str]]) -> str:
    """Returns the text with all variables replaced.

    Raises:
        UnresolvedVariableError: a reference is malformed, or its variable has no value.
    """
    references(text)  # rejects malformed references

    def value_of(match: re.Match[str]) -> str:
        namespace, name = match["namespace"], match["name"]
        value = namespaces.get(namespace, {}).get(name)
        if value is None:
            known = _known(namespaces.get(namespace, {}))
            raise UnresolvedVariableError(
                f"The action configuration references #{{{namespace}.{name}}}, which has no value. "
                f"Namespace {namespace} has {known}"
            )
        return value

    return _REFERENCE.sub(value_of, text)


def _known(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "no variables"
