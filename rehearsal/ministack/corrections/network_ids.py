"""Identifiers of networks in requests and stacks: each has to exist.

Source: Amazon EC2 API Reference, "Error codes for the Amazon EC2 API" (NotFound).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.services import ec2

from rehearsal.ministack.registry import CLOUDFORMATION, patch, patch_value

_WHY = "VPCs, subnets, security groups, route tables and gateways that do not exist are accepted."
_UNTIL = "ministack rejects the identifiers of networks that do not exist."
_PROVISIONERS = f"{CLOUDFORMATION}.provisioners"

# The store of each kind, the code of its error, and the message.
_KINDS = {
    "vpc": ("_vpcs", "InvalidVpcID.NotFound", "The vpc ID '{id}' does not exist"),
    "subnet": ("_subnets", "InvalidSubnetID.NotFound", "The subnet ID '{id}' does not exist"),
    "sg": ("_security_groups", "InvalidGroup.NotFound", "The security group '{id}' does not exist"),
    "rtb": (
        "_route_tables",
        "InvalidRouteTableID.NotFound",
        "The routeTable ID '{id}' does not exist",
    ),
    "igw": (
        "_internet_gateways",
        "InvalidInternetGatewayID.NotFound",
        "The internetGateway ID '{id}' does not exist",
    ),
    "nat": ("_nat_gateways", "NatGatewayNotFound", "NAT gateway {id} was not found"),
    "eipalloc": (
        "_addresses",
        "InvalidAllocationID.NotFound",
        "The allocation ID '{id}' does not exist",
    ),
    "acl": (
        "_network_acls",
        "InvalidNetworkAclID.NotFound",
        "The networkAcl ID '{id}' does not exist",
    ),
}
# Parameters and properties that refer to a network, and the kind of each; None: by the prefix.
_NAMES: dict[str, str | None] = {
    "AllocationId": "eipalloc",
    "DestinationSecurityGroupId": "sg",
    "GatewayId": None,  # an internet gateway, a virtual private gateway, an endpoint or `local`
    "GroupId": None,
    "InternetGatewayId": "igw",
    "NatGatewayId": "nat",
    "NetworkAclId": "acl",
    "ResourceId": None,
    "RouteTableId": "rtb",
    "RouteTableIds": "rtb",
    "SecurityGroupId": "sg",
    "SecurityGroupIds": "sg",
    "SecurityGroups": None,  # names, where a service takes them
    "SourceSecurityGroupId": "sg",
    "SubnetId": "subnet",
    "SubnetIds": "subnet",
    "Subnets": None,
    "VPCSecurityGroups": "sg",
    "VpcId": "vpc",
    "VpcSecurityGroupIds": "sg",
}
_MEMBER = re.compile(r"(?:.*\.)?([A-Za-z]+?)(?:\.\d+)?")
_VERBS = ("Associate", "Attach", "Authorize", "Create", "Modify", "Replace", "Run")
_OPERATIONS_BY_NAME = ("CreateTags", "DeleteTags")


class NetworkError(ValueError):
    """An identifier of a network that does not exist.

    Args:
        code: the code of EC2.
        message: the message of EC2.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} (Service: Ec2, Status Code: 400, Error Code: {code})")
        self.code = code
        self.message = message


@patch_value("ministack.services.ec2:_ACTION_MAP", why=_WHY, until=_UNTIL)
def actions(table: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    return {
        name: _checked(action)
        if name.startswith(_VERBS) and name not in _OPERATIONS_BY_NAME
        else action
        for name, action in table.items()
    }


@patch(
    f"{_PROVISIONERS}:_provision_resource",
    why=_WHY,
    until=_UNTIL,
    after="stacks.existing_resources",
)
def create(
    previous: Callable[..., Any],
    resource_type: str,
    logical_id: str,
    props: dict[str, Any],
    stack_name: str,
) -> Any:
    _require(_properties(props))
    return previous(resource_type, logical_id, props, stack_name)


@patch(
    f"{_PROVISIONERS}:_update_resource",
    why=_WHY,
    until=_UNTIL,
    after="stacks.existing_resources",
)
def update(
    previous: Callable[..., Any],
    resource_type: str,
    physical_id: str,
    old_props: dict[str, Any],
    new_props: dict[str, Any],
    stack_name: str,
    logical_id: str | None = None,
    old_attrs: dict[str, Any] | None = None,
) -> Any:
    known = set(_properties(old_props))
    _require(one for one in _properties(new_props) if one not in known)
    return previous(
        resource_type, physical_id, old_props, new_props, stack_name, logical_id, old_attrs
    )


def _checked(action: Callable[..., Any]) -> Callable[..., Any]:
    def act(params: Mapping[str, Any]) -> Any:
        try:
            _require(_parameters(params))
        except NetworkError as error:
            return ec2._error(error.code, error.message, 400)
        return action(params)

    return act


def _require(found: Any) -> None:
    for name, value in found:
        kind = _NAMES[name] or value.partition("-")[0]
        if kind not in _KINDS or (_NAMES[name] is None and "-" not in value):
            continue
        ec2._ensure_defaults_initialized()
        store, code, message = _KINDS[kind]
        if value not in getattr(ec2, store):
            raise NetworkError(code, message.format(id=value))


def _parameters(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in params.items():
        found = _MEMBER.fullmatch(key)
        name = found[1] if found else key
        text = value[0] if isinstance(value, list) and value else value
        if name in _NAMES and isinstance(text, str) and text:
            yield name, text


def _properties(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _properties(item)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            items = item if isinstance(item, list) else [item]
            for one in items:
                if name in _NAMES and isinstance(one, str) and one:
                    yield name, one
            yield from _properties(item)
