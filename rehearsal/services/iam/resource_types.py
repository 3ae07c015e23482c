"""CloudFormation's types of IAM that ministack lacks, over the IAM API that it has.

Source: AWS::IAM::AccessKey in the CloudFormation template reference; the IAM API reference.
"""

from __future__ import annotations

from typing import Any

from rehearsal.cloudformation.resource_types import Identifier, Properties, Request, ResourceType

_ID, _SECRET = "AccessKey.AccessKeyId", "AccessKey.SecretAccessKey"


def _of_user(properties: Request) -> Request:
    """Returns the user alone: a new Serial rotates the key, the status needs a separate call."""
    return {"UserName": properties["UserName"]}


def _named(identifier: Identifier) -> Request:
    return {"UserName": identifier["UserName"], "AccessKeyId": identifier[_ID]}


def _bring_status(
    client: Any, identifier: Identifier, before: Properties, after: Properties
) -> None:
    status = after.get("Status", "Active")
    if status != before.get("Status", "Active"):
        client.update_access_key(**_named(identifier), Status=status)


RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::IAM::AccessKey",
        service="iam",
        create="CreateAccessKey",
        delete="DeleteAccessKey",
        # The secret is in the response of the creation alone.
        identifier=("UserName", _ID, _SECRET),
        ref=lambda identifier: str(identifier[_ID]),
        attributes={"SecretAccessKey": lambda identifier: identifier[_SECRET]},
        to_request=_of_user,
        to_delete_request=_named,
        bring=_bring_status,
    ),
]
