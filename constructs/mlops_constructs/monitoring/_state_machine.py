"""State machines with logs and traces, whose role has only the listed permissions."""

from collections.abc import Sequence
from typing import cast

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
    state_machine_name: str | None = None,
) -> stepfunctions.StateMachine:
    """Defines a state machine as the `Resource` of a scope, with its role and its log.

    Args:
        scope: parent of the state machine, its role and its log.
        definition: states of the machine.
        role_description: description of the role: the service that assumes it, and its purpose.
        permissions: permissions of the tasks; those for logs and traces are added.
        encryption_key: key of the log. Defaults to None: CloudWatch Logs uses an AWS owned key.
        state_machine_name: name of the state machine. Defaults to None: CloudFormation generates
            it.
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
        reason = "the log contains states and errors, no data: include_execution_data is off"
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
        state_machine_name=state_machine_name,
        definition_body=definition,
        # Imported by ARN, so that CDK adds no second dependency on the role's policies.
        role=iam.Role.from_role_arn(scope, "Acting", acting.role_arn, mutable=False),
        tracing_enabled=True,
        logs=stepfunctions.LogOptions(
            destination=log, level=stepfunctions.LogLevel.ALL, include_execution_data=False
        ),
    )


def role_name_of(machine: stepfunctions.StateMachine) -> str:
    """Returns the name of the role with which a state machine of this module acts.

    Args:
        machine: result of `observed_state_machine`.
    """
    role = cast(Construct, machine.node.scope).node.find_child("Role")
    return cast(iam.Role, role).role_name


def _let_logs_use(key: kms.IKey | None, stack: cdk.Stack) -> None:
    """Allows CloudWatch Logs to use a key; the policy of an imported key must allow it already.

    Source: "Encrypt log data in CloudWatch Logs using AWS KMS". The ARN of the log group would be a
    circular reference if the key belongs to another stack.
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
            because="the actions of log deliveries have no resource level",
        ),
        Permission(
            actions=[
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
                "xray:PutTelemetryRecords",
                "xray:PutTraceSegments",
            ],
            resources=["*"],
            because="the actions of X-Ray have no resource level",
        ),
    ]
