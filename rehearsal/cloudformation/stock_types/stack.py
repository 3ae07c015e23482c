"""The IAM actions of stacks, of functions that act for them, and of parameters."""

from __future__ import annotations

from rehearsal.cloudformation.stack_permissions import StockType

STACK_TYPES: dict[str, StockType] = {
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
    "AWS::SSM::Parameter": StockType(
        arn="arn:aws:ssm:{region}:{account}:parameter/{name}",
        name_property="Name",
        create=("ssm:PutParameter",),
        update=("ssm:PutParameter",),
        delete=("ssm:DeleteParameter",),
    ),
}
