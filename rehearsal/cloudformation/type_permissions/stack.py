"""IAM permissions of nested stacks, custom resources and parameters."""

from rehearsal.cloudformation.stack_permissions import TypePermissions

STACK_PERMISSIONS: dict[str, TypePermissions] = {
    "AWS::CDK::Metadata": TypePermissions(),
    "AWS::CloudFormation::WaitConditionHandle": TypePermissions(),
    "AWS::CloudFormation::WaitCondition": TypePermissions(),
    "AWS::CloudFormation::Stack": TypePermissions(
        arn="arn:aws:cloudformation:{region}:{account}:stack/{name}/*",
        create=("cloudformation:CreateStack",),
        update=("cloudformation:UpdateStack",),
        delete=("cloudformation:DeleteStack",),
    ),
    "AWS::CloudFormation::CustomResource": TypePermissions(
        arn="*",
        name_property="ServiceToken",
        create=("lambda:InvokeFunction",),
        update=("lambda:InvokeFunction",),
        delete=("lambda:InvokeFunction",),
    ),
    "AWS::SSM::Parameter": TypePermissions(
        arn="arn:aws:ssm:{region}:{account}:parameter/{name}",
        name_property="Name",
        create=("ssm:PutParameter",),
        update=("ssm:PutParameter",),
        delete=("ssm:DeleteParameter",),
    ),
}
