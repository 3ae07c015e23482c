"""Settings of every stack of an environment."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.checked_text import matching
from stacks.settings_model import SettingsModel

_MOST_TAGS = 40

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


def _few(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > _MOST_TAGS:
        raise ValueError(f"up to {_MOST_TAGS} tags; a resource has 50, AWS's own and ours included")
    return tags


class DefaultSettings(SettingsModel):
    """What holds for every stack of the environment."""

    tags: Annotated[
        dict[TagKey, TagValue],
        AfterValidator(_few),
        Field(json_schema_extra={"additionalProperties": False}),
    ] = {}
    """Tags of every stack, which CloudFormation gives to its resources."""
    termination_protection: bool = False
    """Whether a stack can be deleted only after somebody has switched its protection off."""
    permissions_boundary: PolicyName | None = None
    """A managed policy of the account that becomes the permissions boundary of every role that has
    none of its own. It exists already."""
    qualifier: Qualifier = "hnb659fds"
    """The qualifier with which the account was bootstrapped (`cdk bootstrap --qualifier`)."""
    prefix: Prefix = ""
    """What the names of stacks and exports begin with."""
