"""IAM permissions of Lambda functions and log groups."""

from rehearsal.cloudformation.stack_permissions import TypePermissions

FUNCTION_PERMISSIONS: dict[str, TypePermissions] = {
    "AWS::Lambda::Function": TypePermissions(
        arn="arn:aws:lambda:{region}:{account}:function:{name}",
        name_property="FunctionName",
        create=("lambda:CreateFunction",),
        update=("lambda:UpdateFunctionConfiguration",),
        delete=("lambda:DeleteFunction",),
        when={"Tags": ("lambda:TagResource",)},
        passes={"Role": "lambda.amazonaws.com"},
    ),
    "AWS::Lambda::Permission": TypePermissions(
        arn="arn:aws:lambda:{region}:{account}:function:{name}",
        name_property="FunctionName",
        create=("lambda:AddPermission",),
        update=("lambda:AddPermission",),
        delete=("lambda:RemovePermission",),
    ),
    "AWS::Lambda::LayerVersion": TypePermissions(
        arn="arn:aws:lambda:{region}:{account}:layer:{name}",
        name_property="LayerName",
        create=("lambda:PublishLayerVersion",),
        delete=("lambda:DeleteLayerVersion",),
    ),
    "AWS::Lambda::EventInvokeConfig": TypePermissions(
        arn="arn:aws:lambda:{region}:{account}:function:{name}",
        name_property="FunctionName",
        create=("lambda:PutFunctionEventInvokeConfig",),
        update=("lambda:PutFunctionEventInvokeConfig",),
        delete=("lambda:DeleteFunctionEventInvokeConfig",),
    ),
    "AWS::Logs::LogGroup": TypePermissions(
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
