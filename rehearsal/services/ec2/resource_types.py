"""CloudFormation's types of EC2 that ministack lacks, over the EC2 API that it has.

Source: the types' pages in the CloudFormation template reference; the EC2 API reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.cloudformation.resource_requests import tag_map
from rehearsal.cloudformation.resource_types import Identifier, Properties, Request, ResourceType

# The peers of a rule: the property, the list of a permission, and its member.
_PEERS = (
    ("CidrIp", "IpRanges", "CidrIp"),
    ("CidrIpv6", "Ipv6Ranges", "CidrIpv6"),
    ("SourcePrefixListId", "PrefixListIds", "PrefixListId"),
    ("DestinationPrefixListId", "PrefixListIds", "PrefixListId"),
    ("SourceSecurityGroupId", "UserIdGroupPairs", "GroupId"),
    ("DestinationSecurityGroupId", "UserIdGroupPairs", "GroupId"),
)


def _tagged(kind: str, properties: Request) -> Request:
    """Returns properties with the tags of a new resource in the form of EC2."""
    request = dict(properties)
    tags = request.pop("Tags", None)
    if tags:
        request["TagSpecifications"] = [{"ResourceType": kind, "Tags": tags}]
    return request


def _retag(find: Callable[[Identifier], str]) -> Callable[[Any, Identifier, Any, Any], None]:
    def retag(client: Any, identifier: Identifier, before: Any, after: Any) -> None:
        old, new = tag_map(before), tag_map(after)
        resources = [find(identifier)]
        if gone := [{"Key": key} for key in sorted(old.keys() - new.keys())]:
            client.delete_tags(Resources=resources, Tags=gone)
        if new:
            tags = [{"Key": key, "Value": value} for key, value in new.items()]
            client.create_tags(Resources=resources, Tags=tags)

    return retag


def _given(properties: Mapping[str, Any], *names: str) -> Request:
    return {name: properties[name] for name in names if name in properties}


def _permission(properties: Mapping[str, Any]) -> Request:
    """Returns a rule's properties as the permission of a security group."""
    permission = _given(properties, "IpProtocol", "FromPort", "ToPort")
    described = _given(properties, "Description")
    for name, members, member in _PEERS:
        if name in properties:
            permission[members] = [{member: properties[name], **described}]
    return permission


def _rule_request(properties: Request) -> Request:
    return {
        **_given(properties, "GroupId", "GroupName"),
        "IpPermissions": [_permission(properties)],
    }


def _rule_id(identifier: Identifier) -> str:
    return str(identifier["SecurityGroupRules"][0]["SecurityGroupRuleId"])


def _change_description(
    client: Any, identifier: Identifier, before: Properties, properties: Properties
) -> None:
    """Changes a rule's description, the only property that changes in place."""
    if not before:  # it was just created
        return
    rule = _given(properties, "IpProtocol", "FromPort", "ToPort", "Description")
    for name, member in (
        ("CidrIp", "CidrIpv4"),
        ("CidrIpv6", "CidrIpv6"),
        ("SourcePrefixListId", "PrefixListId"),
        ("DestinationPrefixListId", "PrefixListId"),
        ("SourceSecurityGroupId", "ReferencedGroupId"),
        ("DestinationSecurityGroupId", "ReferencedGroupId"),
    ):
        if name in properties:
            rule[member] = properties[name]
    changed = {"SecurityGroupRuleId": _rule_id(identifier), "SecurityGroupRule": rule}
    client.modify_security_group_rules(GroupId=identifier["GroupId"], SecurityGroupRules=[changed])


def _rule(direction: str) -> ResourceType:
    return ResourceType(
        type_name=f"AWS::EC2::SecurityGroup{direction}",
        service="ec2",
        create=f"AuthorizeSecurityGroup{direction}",
        delete=f"RevokeSecurityGroup{direction}",
        identifier=("GroupId", "SecurityGroupRules"),
        ref=_rule_id,
        attributes={"Id": _rule_id},
        to_request=_rule_request,
        to_delete_request=lambda identifier: {
            "GroupId": identifier["GroupId"],
            "SecurityGroupRuleIds": [_rule_id(identifier)],
        },
        bring=_change_description,
    )


def _flow_log_request(properties: Request) -> Request:
    request = {name: value for name, value in properties.items() if name != "Tags"}
    request["ResourceIds"] = [request.pop("ResourceId")]
    return request


def _flow_log_id(identifier: Identifier) -> str:
    return str(identifier["FlowLogIds"][0])


def _tag_flow_log(
    client: Any, identifier: Identifier, before: Properties, properties: Properties
) -> None:
    # By a separate call, as ministack ignores the tags of a new flow log.
    if properties.get("Tags"):
        client.create_tags(Resources=[_flow_log_id(identifier)], Tags=properties["Tags"])


def _nat_gateway_id(identifier: Identifier) -> str:
    return str(identifier["NatGateway"]["NatGatewayId"])


RESOURCE_TYPES = [
    _rule("Ingress"),
    _rule("Egress"),
    ResourceType(
        type_name="AWS::EC2::FlowLog",
        service="ec2",
        create="CreateFlowLogs",
        delete="DeleteFlowLogs",
        describe="DescribeFlowLogs",
        identifier=("FlowLogIds",),
        ref="FlowLogs.0.FlowLogId",
        attributes={"Id": "FlowLogs.0.FlowLogId"},
        to_request=_flow_log_request,
        bring=_tag_flow_log,
        retag=_retag(_flow_log_id),
    ),
    ResourceType(
        type_name="AWS::EC2::EIP",
        service="ec2",
        create="AllocateAddress",
        delete="ReleaseAddress",
        describe="DescribeAddresses",
        identifier=("AllocationId",),
        ref="Addresses.0.PublicIp",
        attributes={
            "AllocationId": "Addresses.0.AllocationId",
            "PublicIp": "Addresses.0.PublicIp",
        },
        to_request=lambda properties: _tagged("elastic-ip", properties),
        to_describe_request=lambda identifier: {"AllocationIds": [identifier["AllocationId"]]},
        retag=_retag(lambda identifier: str(identifier["AllocationId"])),
    ),
    ResourceType(
        type_name="AWS::EC2::NatGateway",
        service="ec2",
        create="CreateNatGateway",
        delete="DeleteNatGateway",
        describe="DescribeNatGateways",
        identifier=("NatGateway",),
        ref=_nat_gateway_id,
        attributes={"NatGatewayId": _nat_gateway_id},
        to_request=lambda properties: _tagged("natgateway", properties),
        to_describe_request=lambda identifier: {"NatGatewayIds": [_nat_gateway_id(identifier)]},
        to_delete_request=lambda identifier: {"NatGatewayId": _nat_gateway_id(identifier)},
        retag=_retag(_nat_gateway_id),
    ),
]
