"""The IAM actions of functions, their permissions and logs."""

from __future__ import annotations

from rehearsal.cloudformation.stack_permissions import StockType

FUNCTION_TYPES: dict[str, StockType] = {
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
}
