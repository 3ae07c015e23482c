"""State machines that log and trace what they do, and may do nothing but what is listed."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from mlops_constructs._findings import acknowledge, in_security_packs
from mlops_constructs.access import Permission, ServiceRole


def observed_state_machine(
    scope: Construct,
    *,
    definition: stepfunctions.DefinitionBody,
    role_description: str,
    permissions: Sequence[Permission],
    encryption_key: kms.IKey | None = None,
) -> stepfunctions.StateMachine:
    """Defines a state machine as the `Resource` of a scope, beside its role and its log.

    Args:
        definition: its states.
        role_description: who acts with the role and for what.
        permissions: all that its tasks may do; logging and tracing are added.
        encryption_key: key of the log. Left out: CloudWatch Logs encrypts it with a key of AWS's.
    """
    log = logs.LogGroup(
        scope,
        "Log",
        retention=logs.RetentionDays.ONE_YEAR,
        encryption_key=encryption_key,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    _let_logs_use(encryption_key, cdk.Stack.of(scope))
    if encryption_key is None:
        reason = "it names states and errors, no data: include_execution_data is off"
        in_packs = in_security_packs("CloudWatchLogGroupEncrypted", reason)
        acknowledge(log, {"CKV_AWS_158": reason, **in_packs})
    acting = ServiceRole(
        scope,
        "Role",
        service="states.amazonaws.com",
        description=role_description,
        permissions=[*permissions, *_log_and_trace()],
    )
    return stepfunctions.StateMachine(
        scope,
        "Resource",
        definition_body=definition,
        # Known by its ARN alone: CDK would make the machine wait for what it waits for anyway.
        role=iam.Role.from_role_arn(scope, "Acting", acting.role_arn, mutable=False),
        tracing_enabled=True,
        logs=stepfunctions.LogOptions(
            destination=log, level=stepfunctions.LogLevel.ALL, include_execution_data=False
        ),
    )


def _let_logs_use(key: kms.IKey | None, stack: cdk.Stack) -> None:
    """CloudWatch Logs encrypts with a key whose policy names it; an imported key's has to already.

    Source: "Encrypt log data in CloudWatch Logs using AWS KMS". The log's own ARN would be a circle
    where the key belongs to another stack.
    """
    if key is None:
        return
    logs_of_account = stack.format_arn(
        service="logs",
        resource="log-group",
        resource_name="*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="LogsOfThisAccount",
            actions=[
                "kms:Decrypt*",
                "kms:Describe*",
                "kms:Encrypt*",
                "kms:GenerateDataKey*",
                "kms:ReEncrypt*",
            ],
            principals=[iam.ServicePrincipal(f"logs.{stack.region}.{stack.url_suffix}")],
            resources=["*"],
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs_of_account}},
        )
    )


def _log_and_trace() -> list[Permission]:
    return [
        Permission(
            actions=[
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DescribeLogGroups",
                "logs:DescribeResourcePolicies",
                "logs:GetLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:UpdateLogDelivery",
            ],
            resources=["*"],
            because="Step Functions delivers logs by vended deliveries, which have no resource",
        ),
        Permission(
            actions=[
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
                "xray:PutTelemetryRecords",
                "xray:PutTraceSegments",
            ],
            resources=["*"],
            because="X-Ray offers no resource for its actions",
        ),
    ]
