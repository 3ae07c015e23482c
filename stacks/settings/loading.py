"""Reading of a settings file."""

from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mlops_constructs.yaml_document import YamlDocument
from stacks.settings.errors import Problem, got_value, listed, message, problems_of
from stacks.settings.model import empty_at
from stacks.settings.named_files import file_problems
from stacks.settings.organisation import Settings
from stacks.settings.references import reference_problems

DEFAULT_SETTINGS = "config/rehearsal.yaml"
"""Settings file that is used if the context does not specify one.

The CDK CLI only deploys with credentials of the account of a stack. No account has the id in this
file, so a deployment without a settings file cannot change a real account.
"""


class SettingsError(Exception):
    """Invalid settings file; the message contains every problem in it."""


def load_settings(path: Path) -> Settings:
    """Reads and validates a settings file, and the files that it names.

    Args:
        path: the file.

    Raises:
        SettingsError: with every problem in the file: its line, the value, and the allowed values.
    """
    if not path.exists():
        raise SettingsError(
            f"{path} does not exist; specify a settings file: cdk deploy -c config=config/NAME.yaml"
        )
    document = YamlDocument.read(path)
    if document.problems:
        raise SettingsError(listed(str(path), [_in_file(path, one) for one in document.problems]))
    if not isinstance(document.content, dict):
        got = got_value(document.shown((), document.content), document.content)
        raise SettingsError(
            f"{path}: got {got}; allowed is a mapping with the keys {', '.join(Settings.keys())}"
        )
    content = document.filled(partial(empty_at, Settings))
    settings, problems = _validated(content, path.parent)
    if problems:
        raise SettingsError(message(document, problems, Settings))
    assert settings is not None  # noqa: S101 - for mypy: without problems there are settings
    return settings


def _in_file(path: Path, problem: str) -> str:
    """Returns a problem of the reader without the file, which the heading has."""
    line, colon, text = problem.removeprefix(f"{path}:").partition(":")
    return f"line {line}:{text}" if colon and line.isdigit() else f"{line}{colon}{text}".strip()


def _validated(content: dict[str, Any], folder: Path) -> tuple[Settings | None, list[Problem]]:
    """Returns the settings and every problem: those of values, and those between sections.

    Problems between sections are looked for in the sections that are valid each.
    """
    context = {"folder": folder}
    try:
        settings = Settings.model_validate(content, context=context)
    except ValidationError as error:
        problems = problems_of(error)
        invalid = {problem.place[0] for problem in problems if problem.place}
        valid = {key: value for key, value in content.items() if key not in invalid}
        try:
            rest = Settings.model_validate(valid, context=context)
        except ValidationError:
            return None, problems
        return None, problems + _problems_between(rest, frozenset(map(str, invalid)))
    return settings, _problems_between(settings)


def _problems_between(settings: Settings, invalid: frozenset[str] = frozenset()) -> list[Problem]:
    return [*reference_problems(settings, invalid), *file_problems(settings, invalid)]
