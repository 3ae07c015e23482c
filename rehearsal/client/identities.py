"""Credentials of another account, region or role, by AssumeRole."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.framework.root_keys import is_root_key

SESSION_NAME = "rehearse"
_SHOWN = 20


@dataclass(frozen=True)
class Identity:
    """A principal of the local AWS, as which a user wants to act.

    Args:
        account: the account; empty for the first one, or that of the ARN of the role.
        role: name, ARN or persona of the role; empty for the root of the account.
        region: the region; empty for that of the local AWS.
        session_name: the role session name and the source identity.
    """

    account: str = ""
    role: str = ""
    region: str = ""
    session_name: str = SESSION_NAME

    def variables(self, aws: LocalAws) -> dict[str, str]:
        """Returns the variables that make clients act as this principal.

        Raises:
            RehearsalError: there is no such role, or it may not be assumed.
        """
        account = self.account or (self.role.split(":")[4] if _is_arn(self.role) else aws.account)
        if not is_root_key(account):
            raise RehearsalError(
                f"Got account {account!r}.", "Allowed: 12 digits.", "Pass it with --account."
            )
        there = aws.at(account, self.region)
        found = there.variables()
        if self.role:
            found |= _assume(there, _role_arn(there, self.role), self.session_name)
        return found


def _assume(aws: LocalAws, role_arn: str, session_name: str) -> dict[str, str]:
    sts = aws.client("sts")
    request = {"RoleArn": role_arn, "RoleSessionName": session_name}
    try:
        given = _with_source_identity(sts, request)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        raise RehearsalError(
            f"The root of account {aws.account} may not assume {role_arn}.",
            error.response["Error"]["Message"],
            "Its trust policy names who may: assume one of those first, with --role.",
        ) from error
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def _with_source_identity(sts: Any, request: Mapping[str, str]) -> dict[str, str]:
    """Assumes a role with a source identity, which some roles require and others do not allow."""
    try:
        response = sts.assume_role(**request, SourceIdentity=request["RoleSessionName"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        response = sts.assume_role(**request)
    found: dict[str, str] = response["Credentials"]
    return found


def _is_arn(text: str) -> bool:
    return text.startswith("arn:") and text.count(":") >= 5  # parts of an ARN


def _role_arn(aws: LocalAws, wanted: str) -> str:
    """Returns the ARN of a role by its ARN, its name, its path and name, or its persona."""
    if _is_arn(wanted):
        return wanted
    pages = aws.client("iam").get_paginator("list_roles").paginate()
    roles = {role["RoleName"]: role["Arn"] for page in pages for role in page["Roles"]}
    if wanted in roles:
        return str(roles[wanted])
    by_persona = _personas(aws)
    found = [arn for name, arn in by_persona.items() if _plain(name) == _plain(wanted)]
    found = found or [arn for name, arn in roles.items() if _plain(wanted) in _plain(name)]
    if len(found) == 1:
        return str(found[0])
    listed = sorted(found) or sorted([*by_persona, *roles])
    more = f"\n... and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    raise RehearsalError(
        f"{len(found)} roles match {wanted!r}." if found else f"There is no role {wanted!r}.",
        "\n".join(listed[:_SHOWN]) + more,
        "Pass the name or ARN of a role with --role; `aws iam list-roles` lists them.",
    )


def _personas(aws: LocalAws) -> dict[str, str]:
    """Returns the roles that stacks have as outputs, by the key of the output without `Role`."""
    pages = aws.client("cloudformation").get_paginator("describe_stacks").paginate()
    outputs = [
        one for page in pages for stack in page["Stacks"] for one in stack.get("Outputs", [])
    ]
    return {
        output["OutputKey"].removesuffix("Arn").removesuffix("Role"): output["OutputValue"]
        for output in outputs
        if ":role/" in output["OutputValue"] and _is_arn(output["OutputValue"])
    }


def _plain(name: str) -> str:
    """Returns a name without hyphens, underscores and capitals: DataScientist, data-scientist."""
    return name.replace("-", "").replace("_", "").lower()
