"""Reads and validates a file of sections.

Each problem is reported with its file, line and key, the value that was found and the values that
are allowed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from mlops_jobs.failure import InputError
from mlops_jobs.yaml_document import YamlDocument, first, keys_text
from pydantic import BaseModel, ValidationError

from pipeline.sections import (
    GROUP,
    INSTANCE_TYPE,
    S3_FOLDER,
    S3_URI,
    SECURITY_GROUP_ID,
    SUBNET_ID,
    TUNING_JOB_NAME,
)

Content = TypeVar("Content", bound=BaseModel)


def read_file(file: Path, kind: type[Content]) -> Content:
    """Reads and validates a file of sections.

    Args:
        file: path of the file.
        kind: its sections.

    Returns:
        The content, with defaults filled in.

    Raises:
        InputError: the file cannot be read or is not valid; the message lists every problem.
    """
    if not file.is_file():
        raise InputError(f"{file}: no such file; create it as README.md describes")
    document = YamlDocument.read(file)
    if document.problems:
        raise InputError("\n".join(first(document.problems)))
    if not isinstance(document.content, dict):
        got = type(document.content).__name__
        raise InputError(f"{file.name}: got {got}; allowed: a mapping of keys and values")

    def empty(place: tuple[str, ...]) -> type | None:
        return dict if len(place) == 1 and place[0] in kind.model_fields else None

    try:
        return kind.model_validate(document.filled(empty))
    except ValidationError as error:
        found = sorted(error.errors(), key=lambda problem: document.line(_place(problem)) or 0)
        problems = [_message(document, file.name, problem, kind) for problem in found]
        raise InputError("\n".join(first(problems))) from error


def _place(problem: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(part) for part in problem["loc"])


def _message(
    document: YamlDocument, file: str, problem: Mapping[str, Any], kind: type[BaseModel]
) -> str:
    place = _place(problem)
    where = f"{file}:{document.line(place)}: {keys_text(place)}".rstrip(": ")
    got = document.shown(place, problem["input"])
    match problem["type"]:
        case "extra_forbidden":
            allowed = ", ".join(_keys(kind, problem["loc"][:-1]))
            return f"{where}: got an unknown key; allowed here: {allowed}"
        case "missing":
            return f"{where}: got nothing; set it"
        case "value_error":
            return f"{where}: {problem['ctx']['error']}"
        case "string_pattern_mismatch":
            return f"{where}: got {got}; allowed: {_PATTERNS[problem['ctx']['pattern']]}"
        case "literal_error" | "enum":
            return f"{where}: got {got}; allowed: {problem['ctx']['expected']}"
        case "too_short" | "too_long" if "min_length" in problem["ctx"]:
            return f"{where}: got {got}; allowed: at least {problem['ctx']['min_length']} item(s)"
        case "too_short" | "too_long":
            return f"{where}: got {got}; allowed: at most {problem['ctx']['max_length']} items"
        case other:
            allowed = _TYPES.get(other, problem["msg"].removeprefix("Input should be "))
            return f"{where}: got {got}; allowed: {allowed}"


_PATTERNS = {
    INSTANCE_TYPE: "an instance type such as ml.m5.large",
    SUBNET_ID: "an id such as subnet-0a1b2c3d4e5f60718",
    SECURITY_GROUP_ID: "an id such as sg-0a1b2c3d4e5f60718",
    S3_FOLDER: "s3://bucket/folder/",
    GROUP: "up to 31 lower case letters, digits, hyphens and underscores",
    TUNING_JOB_NAME: "the name of a tuning job, up to 32 letters, digits and hyphens",
    S3_URI: "s3://bucket/key, or empty for the default data",
}

_TYPES = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "string_type": "a string",
    "string_too_long": "one character",
    "string_too_short": "one character",
    "tuple_type": "a list",
    "dict_type": "a mapping of keys and values",
    "model_type": "a mapping of keys and values",
}


def _keys(kind: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Returns the keys that a section of the file may have."""
    section = kind
    for part in path:
        annotation = section.model_fields[str(part)].annotation
        choices = get_args(annotation) or (annotation,)  # those of `Section | None`
        sections = [one for one in choices if isinstance(one, type) and issubclass(one, BaseModel)]
        if not sections:
            return []
        section = sections[0]
    return list(section.model_fields)
