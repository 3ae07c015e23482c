"""The IAM actions behind ministack's own resource types; see `stack_permissions.py`."""

from __future__ import annotations

from rehearsal.aws.stack_permissions import StockType

_IAM_ROLE = "arn:aws:iam::{account}:role{path}{name}"
_EC2 = "arn:aws:ec2:{region}:{account}"

STOCK_TYPES: dict[str, StockType] = {
    "AWS::CDK::Metadata": StockType(),
    "AWS::CloudFormation::WaitConditionHandle": StockType(),
    "AWS::CloudFormation::WaitCondition": StockType(),
    "AWS::CloudFormation::Stack": StockType(
        arn="arn:aws:cloudformation:{region}:{account}:stack/{name}/*",
        create=("cloudformation:CreateStack",),
        update=("cloudformation:UpdateStack",),
        delete=("cloudformation:DeleteStack",),
    ),
    "AWS::CloudFormation::CustomResource": StockType(
        arn="*",
        name_property="ServiceToken",
        create=("lambda:InvokeFunction",),
        update=("lambda:InvokeFunction",),
        delete=("lambda:InvokeFunction",),
    ),
    "AWS::S3::Bucket": StockType(
        arn="arn:aws:s3:::{name}",
        name_property="BucketName",
        lowercase_name=True,
        create=("s3:CreateBucket",),
        delete=("s3:DeleteBucket",),
        defaults={"AccessControl": "Private"},
        when={
            "AccessControl": ("s3:PutBucketAcl",),
            "BucketEncryption": ("s3:PutEncryptionConfiguration",),
            "CorsConfiguration": ("s3:PutBucketCORS",),
            "LifecycleConfiguration": ("s3:PutLifecycleConfiguration",),
            "LoggingConfiguration": ("s3:PutBucketLogging",),
            "NotificationConfiguration": ("s3:PutBucketNotification",),
            "OwnershipControls": ("s3:PutBucketOwnershipControls",),
            "PublicAccessBlockConfiguration": ("s3:PutBucketPublicAccessBlock",),
            "Tags": ("s3:PutBucketTagging",),
            "VersioningConfiguration": ("s3:PutBucketVersioning",),
            "WebsiteConfiguration": ("s3:PutBucketWebsite",),
        },
    ),
    "AWS::S3::BucketPolicy": StockType(
        arn="arn:aws:s3:::{name}",
        name_property="Bucket",
        create=("s3:PutBucketPolicy",),
        update=("s3:PutBucketPolicy",),
        delete=("s3:DeleteBucketPolicy",),
    ),
    "AWS::KMS::Key": StockType(
        arn="arn:aws:kms:{region}:{account}:key/{name}",
        create=("kms:CreateKey",),
        delete=("kms:ScheduleKeyDeletion",),
        # A new key has no ARN to name yet; what changes it later is checked on its own.
    ),
    "AWS::KMS::Alias": StockType(
        arn="arn:aws:kms:{region}:{account}:{name}",
        name_property="AliasName",
        create=("kms:CreateAlias",),
        update=("kms:UpdateAlias",),
        delete=("kms:DeleteAlias",),
    ),
    "AWS::IAM::Role": StockType(
        arn=_IAM_ROLE,
        name_property="RoleName",
        create=("iam:CreateRole",),
        delete=("iam:DeleteRole",),
        when={
            "PermissionsBoundary": ("iam:PutRolePermissionsBoundary",),
            "Policies": ("iam:PutRolePolicy",),
            "Tags": ("iam:TagRole",),
        },
        when_deleted={"Policies": ("iam:DeleteRolePolicy",)},
        attaches="ManagedPolicyArns",
    ),
    "AWS::IAM::Policy": StockType(
        arn="arn:aws:iam::{account}:role/{name}",
        each="Roles",
        create=("iam:PutRolePolicy",),
        update=("iam:PutRolePolicy",),
        delete=("iam:DeleteRolePolicy",),
    ),
    "AWS::IAM::InstanceProfile": StockType(
        arn="arn:aws:iam::{account}:instance-profile{path}{name}",
        name_property="InstanceProfileName",
        create=("iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"),
        delete=("iam:DeleteInstanceProfile",),
    ),
    "AWS::IAM::ManagedPolicy": StockType(
        arn="arn:aws:iam::{account}:policy{path}{name}",
        name_property="ManagedPolicyName",
        create=("iam:CreatePolicy",),
        # There may be five versions, so the oldest has to go; none but the default may be left.
        update=(
            "iam:GetPolicy",
            "iam:ListPolicyVersions",
            "iam:CreatePolicyVersion",
            "iam:DeletePolicyVersion",
        ),
        delete=("iam:ListPolicyVersions", "iam:DeletePolicyVersion", "iam:DeletePolicy"),
        attaches_to="Roles",
    ),
    "AWS::ECR::Repository": StockType(
        arn="arn:aws:ecr:{region}:{account}:repository/{name}",
        name_property="RepositoryName",
        lowercase_name=True,
        create=("ecr:CreateRepository",),
        delete=("ecr:DeleteRepository",),
        when={
            "ImageScanningConfiguration": ("ecr:PutImageScanningConfiguration",),
            "LifecyclePolicy": ("ecr:PutLifecyclePolicy",),
            "RepositoryPolicyText": ("ecr:SetRepositoryPolicy",),
            "Tags": ("ecr:TagResource",),
        },
    ),
    "AWS::Events::Rule": StockType(
        arn="arn:aws:events:{region}:{account}:rule/{name}",
        name_property="Name",
        create=("events:PutRule",),
        update=("events:PutRule",),
        delete=("events:RemoveTargets", "events:DeleteRule"),
        when={"Targets": ("events:PutTargets",)},
        passes={"Targets.*.RoleArn": "events.amazonaws.com"},
    ),
    "AWS::Events::EventBus": StockType(
        arn="arn:aws:events:{region}:{account}:event-bus/{name}",
        name_property="Name",
        create=("events:CreateEventBus",),
        update=("events:UpdateEventBus",),
        delete=("events:DeleteEventBus",),
        when={"Policy": ("events:PutPermission",), "Tags": ("events:TagResource",)},
    ),
    "AWS::Events::EventBusPolicy": StockType(
        arn="arn:aws:events:{region}:{account}:event-bus/{name}",
        name_property="EventBusName",
        create=("events:PutPermission",),
        update=("events:PutPermission",),
        delete=("events:RemovePermission",),
    ),
    "AWS::Lambda::Function": StockType(
        arn="arn:aws:lambda:{region}:{account}:function:{name}",
        name_property="FunctionName",
        create=("lambda:CreateFunction",),
        update=("lambda:UpdateFunctionConfiguration",),
        delete=("lambda:DeleteFunction",),
        when={"Tags": ("lambda:TagResource",)},
        passes={"Role": "lambda.amazonaws.com"},
    ),
    "AWS::Lambda::Permission": StockType(
        arn="arn:aws:lambda:{region}:{account}:function:{name}",
        name_property="FunctionName",
        create=("lambda:AddPermission",),
        update=("lambda:AddPermission",),
        delete=("lambda:RemovePermission",),
    ),
    "AWS::Lambda::LayerVersion": StockType(
        arn="arn:aws:lambda:{region}:{account}:layer:{name}",
        name_property="LayerName",
        create=("lambda:PublishLayerVersion",),
        delete=("lambda:DeleteLayerVersion",),
    ),
    "AWS::Lambda::EventInvokeConfig": StockType(
        arn="arn:aws:lambda:{region}:{account}:function:{name}",
        name_property="FunctionName",
        create=("lambda:PutFunctionEventInvokeConfig",),
        update=("lambda:PutFunctionEventInvokeConfig",),
        delete=("lambda:DeleteFunctionEventInvokeConfig",),
    ),
    "AWS::Logs::LogGroup": StockType(
        arn="arn:aws:logs:{region}:{account}:log-group:{name}:*",
        name_property="LogGroupName",
        create=("logs:CreateLogGroup",),
        delete=("logs:DeleteLogGroup",),
        when={
            "KmsKeyId": ("logs:AssociateKmsKey",),
            "RetentionInDays": ("logs:PutRetentionPolicy",),
        },
    ),
    "AWS::SSM::Parameter": StockType(
        arn="arn:aws:ssm:{region}:{account}:parameter/{name}",
        name_property="Name",
        create=("ssm:PutParameter",),
        update=("ssm:PutParameter",),
        delete=("ssm:DeleteParameter",),
    ),
    "AWS::SNS::Topic": StockType(
        arn="arn:aws:sns:{region}:{account}:{name}",
        name_property="TopicName",
        create=("sns:CreateTopic",),
        update=("sns:SetTopicAttributes",),
        delete=("sns:DeleteTopic",),
        when={"Subscription": ("sns:Subscribe",), "Tags": ("sns:TagResource",)},
    ),
    "AWS::SNS::Subscription": StockType(
        name_property="TopicArn",
        create=("sns:Subscribe",),
        update=("sns:SetSubscriptionAttributes",),
        delete=("sns:Unsubscribe",),
    ),
    "AWS::SNS::TopicPolicy": StockType(
        each="Topics",
        create=("sns:SetTopicAttributes",),
        update=("sns:SetTopicAttributes",),
        delete=("sns:SetTopicAttributes",),
    ),
    "AWS::SQS::Queue": StockType(
        arn="arn:aws:sqs:{region}:{account}:{name}",
        name_property="QueueName",
        create=("sqs:CreateQueue",),
        update=("sqs:SetQueueAttributes",),
        delete=("sqs:DeleteQueue",),
    ),
    "AWS::SQS::QueuePolicy": StockType(
        arn="arn:aws:sqs:{region}:{account}:{name}",
        each="Queues",
        create=("sqs:SetQueueAttributes",),
        update=("sqs:SetQueueAttributes",),
        delete=("sqs:SetQueueAttributes",),
    ),
    "AWS::StepFunctions::StateMachine": StockType(
        arn="arn:aws:states:{region}:{account}:stateMachine:{name}",
        name_property="StateMachineName",
        create=("states:CreateStateMachine",),
        update=("states:UpdateStateMachine",),
        delete=("states:DeleteStateMachine",),
        passes={"RoleArn": "states.amazonaws.com"},
    ),
    "AWS::SecretsManager::Secret": StockType(
        arn="arn:aws:secretsmanager:{region}:{account}:secret:{name}",
        name_property="Name",
        create=("secretsmanager:CreateSecret",),
        update=("secretsmanager:UpdateSecret",),
        delete=("secretsmanager:DeleteSecret",),
    ),
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
