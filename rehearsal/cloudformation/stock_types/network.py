"""The IAM actions of networks."""

from __future__ import annotations

from rehearsal.cloudformation.stack_permissions import StockType

_EC2 = "arn:aws:ec2:{region}:{account}"

NETWORK_TYPES: dict[str, StockType] = {
    "AWS::EC2::VPC": StockType(
        arn=f"{_EC2}:vpc/{{name}}", create=("ec2:CreateVpc",), delete=("ec2:DeleteVpc",)
    ),
    "AWS::EC2::Subnet": StockType(
        arn=f"{_EC2}:subnet/{{name}}", create=("ec2:CreateSubnet",), delete=("ec2:DeleteSubnet",)
    ),
    "AWS::EC2::RouteTable": StockType(
        arn=f"{_EC2}:route-table/{{name}}",
        create=("ec2:CreateRouteTable",),
        delete=("ec2:DeleteRouteTable",),
    ),
    "AWS::EC2::Route": StockType(create=("ec2:CreateRoute",), delete=("ec2:DeleteRoute",)),
    "AWS::EC2::SubnetRouteTableAssociation": StockType(
        create=("ec2:AssociateRouteTable",), delete=("ec2:DisassociateRouteTable",)
    ),
    "AWS::EC2::SecurityGroup": StockType(
        arn=f"{_EC2}:security-group/{{name}}",
        create=("ec2:CreateSecurityGroup",),
        update=("ec2:AuthorizeSecurityGroupIngress",),
        delete=("ec2:DeleteSecurityGroup",),
    ),
    "AWS::EC2::InternetGateway": StockType(
        arn=f"{_EC2}:internet-gateway/{{name}}",
        create=("ec2:CreateInternetGateway",),
        delete=("ec2:DeleteInternetGateway",),
    ),
    "AWS::EC2::VPCGatewayAttachment": StockType(
        create=("ec2:AttachInternetGateway",), delete=("ec2:DetachInternetGateway",)
    ),
    # Over boto3, where the call itself is judged; EC2 asks for the role that it hands on besides.
    "AWS::EC2::FlowLog": StockType(
        passes={"DeliverLogsPermissionArn": "vpc-flow-logs.amazonaws.com"}
    ),
    "AWS::EC2::VPCEndpoint": StockType(
        arn=f"{_EC2}:vpc-endpoint/{{name}}",
        create=("ec2:CreateVpcEndpoint",),
        update=("ec2:ModifyVpcEndpoint",),
        delete=("ec2:DeleteVpcEndpoints",),
    ),
}
