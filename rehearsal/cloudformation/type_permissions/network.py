"""IAM permissions of VPCs and their parts."""

from rehearsal.cloudformation.stack_permissions import TypePermissions

_EC2 = "arn:aws:ec2:{region}:{account}"

NETWORK_PERMISSIONS: dict[str, TypePermissions] = {
    "AWS::EC2::VPC": TypePermissions(
        arn=f"{_EC2}:vpc/{{name}}", create=("ec2:CreateVpc",), delete=("ec2:DeleteVpc",)
    ),
    "AWS::EC2::Subnet": TypePermissions(
        arn=f"{_EC2}:subnet/{{name}}", create=("ec2:CreateSubnet",), delete=("ec2:DeleteSubnet",)
    ),
    "AWS::EC2::RouteTable": TypePermissions(
        arn=f"{_EC2}:route-table/{{name}}",
        create=("ec2:CreateRouteTable",),
        delete=("ec2:DeleteRouteTable",),
    ),
    "AWS::EC2::Route": TypePermissions(create=("ec2:CreateRoute",), delete=("ec2:DeleteRoute",)),
    "AWS::EC2::SubnetRouteTableAssociation": TypePermissions(
        create=("ec2:AssociateRouteTable",), delete=("ec2:DisassociateRouteTable",)
    ),
    "AWS::EC2::SecurityGroup": TypePermissions(
        arn=f"{_EC2}:security-group/{{name}}",
        create=("ec2:CreateSecurityGroup",),
        update=("ec2:AuthorizeSecurityGroupIngress",),
        delete=("ec2:DeleteSecurityGroup",),
    ),
    "AWS::EC2::InternetGateway": TypePermissions(
        arn=f"{_EC2}:internet-gateway/{{name}}",
        create=("ec2:CreateInternetGateway",),
        delete=("ec2:DeleteInternetGateway",),
    ),
    "AWS::EC2::VPCGatewayAttachment": TypePermissions(
        create=("ec2:AttachInternetGateway",), delete=("ec2:DetachInternetGateway",)
    ),
    # The API evaluates the call itself; the role that EC2 passes on is evaluated here.
    "AWS::EC2::FlowLog": TypePermissions(
        passes={"DeliverLogsPermissionArn": "vpc-flow-logs.amazonaws.com"}
    ),
    "AWS::EC2::VPCEndpoint": TypePermissions(
        arn=f"{_EC2}:vpc-endpoint/{{name}}",
        create=("ec2:CreateVpcEndpoint",),
        update=("ec2:ModifyVpcEndpoint",),
        delete=("ec2:DeleteVpcEndpoints",),
    ),
}
