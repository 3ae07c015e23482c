"""Names of Studio's resources, and what AWS allows in them."""

import re

import aws_cdk as cdk
from constructs import IConstruct

from mlops_constructs._problems import is_known

LONGEST_NAME = 63
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")


def name_problems(parameter: str, name: str | None, *, longest: int = LONGEST_NAME) -> list[str]:
    """What AWS would refuse in a name that is given."""
    if name is None or not is_known(name):
        return []
    if _NAME.fullmatch(name) and len(name) <= longest:
        return []
    return [
        f"{parameter}: got {name!r}; allowed are up to {longest} letters, digits and hyphens, the "
        "first and the last no hyphen"
    ]


def generated_name(scope: IConstruct, *, longest: int = LONGEST_NAME) -> str:
    """A name for what AWS wants to have named and nobody has: the stack and the path within it."""
    return cdk.Names.unique_resource_name(scope, max_length=longest, separator="-")
