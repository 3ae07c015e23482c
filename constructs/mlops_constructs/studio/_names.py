"""Names of Studio's resources."""

import re

import aws_cdk as cdk
from constructs import IConstruct

from mlops_constructs._problems import is_known

MAX_NAME_LENGTH = 63
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")


def name_problems(
    parameter: str, name: str | None, *, max_length: int = MAX_NAME_LENGTH
) -> list[str]:
    """Validates a name; returns one message per problem."""
    if name is None or not is_known(name):
        return []
    if _NAME.fullmatch(name) and len(name) <= max_length:
        return []
    return [
        f"{parameter}: got {name!r}; allowed are up to {max_length} letters, digits and hyphens, "
        "without a leading or trailing hyphen"
    ]


def generated_name(scope: IConstruct, *, max_length: int = MAX_NAME_LENGTH) -> str:
    """Returns a name from the stack's name and the construct's path."""
    return cdk.Names.unique_resource_name(scope, max_length=max_length, separator="-")
