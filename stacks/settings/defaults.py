"""Settings of every stack."""

from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.settings.checked_text import matching
from stacks.settings.model import SettingsModel
from stacks.settings.names import Removal

_MAX_TAGS = 40

TagKey = Annotated[
    str,
    matching(
        r"(?![aA][wW][sS]:|sagemaker:)[A-Za-z0-9_.:/=+@ -]{1,128}",
        "up to 128 letters, digits, spaces and _.:/=+-@, without the prefix aws: or sagemaker:",
    ),
]
TagValue = Annotated[
    str,
    matching(r"[A-Za-z0-9_.:/=+@ -]{0,256}", "up to 256 letters, digits, spaces and _.:/=+-@"),
]
Prefix = Annotated[
    str,
    matching(
        r"(?:[A-Za-z][A-Za-z0-9-]{0,19})?",
        "up to 20 letters, digits and hyphens, a letter first, such as team-",
    ),
]
PolicyName = Annotated[
    str, matching(r"[A-Za-z0-9+=,.@_-]{1,128}", "the name of a managed policy, without its path")
]
Qualifier = Annotated[str, matching(r"[a-z0-9]{1,10}", "up to 10 lower case letters and digits")]


def _limited(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > _MAX_TAGS:
        raise ValueError(
            f"up to {_MAX_TAGS} tags; a resource can have 50, including those of AWS and of the "
            "library"
        )
    return tags


class DefaultSettings(SettingsModel):
    """Settings of every stack."""

    removal: Annotated[Removal, Field(strict=False)] = Removal.RETAIN
    """Handling of state when a stack is deleted. Defaults to retain."""
    tags: Annotated[
        dict[TagKey, TagValue],
        AfterValidator(_limited),
        Field(json_schema_extra={"additionalProperties": False}),
    ] = {}
    """Tags of every stack, which CloudFormation propagates to its resources. Defaults to none."""
    termination_protection: bool = False
    """True if stacks have termination protection. Defaults to false."""
    permissions_boundary: PolicyName | None = None
    """Existing managed policy that is the permissions boundary of roles without another one.

    Defaults to no boundary.
    """
    qualifier: Qualifier = "hnb659fds"
    """Qualifier of the bootstrap stack (`cdk bootstrap --qualifier`). Defaults to the CDK's."""
    prefix: Prefix = ""
    """Prefix of the names of stacks and exports. Defaults to none."""
