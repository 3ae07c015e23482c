"""Reading of `config/<stage>.yaml`, and the messages about its problems."""

from functools import partial
from pathlib import Path
from typing import Any

import pydantic
from mlops_constructs.yaml_document import Place, YamlDocument, first, keys_text

from .real_time import RealTime
from .section import Section
from .stage_settings import ADAPTER, StageSettings, kinds, section_at


class SettingsError(ValueError):
    """A settings file that is not valid; the message states the remedy."""


def load_settings(path: Path) -> StageSettings:
    """Reads the settings of a stage.

    Args:
        path: path of the file.

    Raises:
        SettingsError: the file is not valid; the message has, for every problem, line and key, the
            value that was found and the values that are allowed.
    """
    if not path.exists():
        raise SettingsError(f"{path}: no such file; create one for the stage")
    document = YamlDocument.read(path)
    if document.problems:
        raise SettingsError("\n".join(first(document.problems)))
    if not isinstance(document.content, dict):
        got = document.shown((), document.content)
        raise SettingsError(f"{path}: got {got}; allowed: a mapping of the keys in README.md")
    try:
        model = kinds().get(str(document.content.get("kind")), RealTime)
        return ADAPTER.validate_python(document.filled(partial(_empty, model)))
    except pydantic.ValidationError as error:
        # Each line names the file: the reason of a failed build is the last one.
        found = error.errors(include_url=False)
        problems = [f"{path}:{_explain(problem, document)}" for problem in found]
        listing = "".join(f"\n  - {line}" for line in first(problems))
        raise SettingsError(f"{path} is not valid:{listing}") from None


def _empty(model: type[Section], place: Place) -> type | None:
    found = section_at(model, place)
    return dict if found is not None and issubclass(found, Section) else found


def _explain(problem: Any, document: YamlDocument) -> str:
    """Returns a problem as line, key, the value that was found and the values that are allowed."""
    location = [str(part) for part in problem["loc"]]
    model: type[Section] = RealTime
    if location[:1] and location[0] in kinds():  # pydantic adds the selected `kind`
        model, location = kinds()[location[0]], location[1:]
    place = tuple(location)
    got = problem["input"]
    if problem["type"].startswith("union_tag"):
        given = got.get("kind")
        kind = "nothing" if given is None else document.shown(("kind",), given)
        line = document.line(("kind",))
        return f"{line}: kind: got {kind}; allowed: {', '.join(map(repr, kinds()))}"
    key = f"{document.line(place)}: {keys_text(location) or '(whole file)'}"
    if problem["type"] == "extra_forbidden":
        owner = section_at(model, place[:-1]) or model
        return f"{key}: got an unknown key; allowed: {', '.join(owner.model_fields)}"
    if problem["type"] == "missing":
        return f"{key}: got nothing; set it"
    if problem["type"] == "value_error":
        return f"{key}: {problem['ctx']['error']}"
    text = _TYPES.get(problem["type"]) or problem["msg"].removeprefix("Input should be ")
    section = section_at(model, place)
    if problem["type"] == "model_type" and section is not None:
        text = f"a mapping of {', '.join(section.model_fields)}"
    if problem["type"] == "string_pattern_mismatch":
        text = "an instance type such as ml.m7i.large"
    return f"{key}: got {document.shown(place, got)}; allowed: {text}"


_TYPES = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "a string; put it in quotes",
}
