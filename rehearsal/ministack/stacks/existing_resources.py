"""Resources that exist before their creation by a stack: the creation fails.

A handler of CloudFormation "MUST return FAILED with an AlreadyExists error code if the resource
already existed before the create request"; the resource stays as it is, and the stack does not own
it.

Source: CloudFormation CLI User Guide, "Resource type handler contract".
"""

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import cloudformation, eventbridge, lambda_svc
from ministack.services.cloudformation import provisioners

from rehearsal.cloudformation.resource_requests import dig
from rehearsal.ministack.registry import CLOUDFORMATION, patch
from rehearsal.ministack.runtime import Runtime

Properties = Mapping[str, Any]
_PROVISIONERS = f"{CLOUDFORMATION}.provisioners"
_WHY = (
    "A resource with a name that exists already is taken over by the stack, and deleted with it or "
    "with its rollback."
)
_UNTIL = "ministack fails the creation of a resource that exists."
_DEFAULT_MESSAGE = "Resource of type '{type}' with identifier '{name}' already exists."


@dataclasses.dataclass(frozen=True, kw_only=True)
class Identity:
    """The properties that identify a resource in its account and region.

    Args:
        properties: the properties or dotted paths to them; a resource without one of them gets a
            generated name.
        exists: returns True if there is a resource with these properties.
        message: the message of the service, with `{name}`. Defaults to CloudFormation's own.
        optional: further properties of the identity, which have a default. Defaults to none.
    """

    properties: tuple[str, ...]
    exists: Callable[[Properties], bool]
    message: str = _DEFAULT_MESSAGE
    optional: tuple[str, ...] = ()

    def of(self, properties: Properties) -> tuple[str, ...] | None:
        """Returns the values that identify a resource, or None if AWS generates them."""
        values = [dig(properties, name) for name in self.properties]
        if not all(values):
            return None
        return tuple(map(str, (*values, *(properties.get(name) or "" for name in self.optional))))


def _store(module: str, name: str) -> Any:
    return getattr(importlib.import_module(f"ministack.services.{module}"), name)


def _key(module: str, store: str, name: str, **options: Any) -> Identity:
    """A resource whose name is its key in a store."""
    return Identity(
        properties=(name,), exists=lambda given: given[name] in _store(module, store), **options
    )


def _keys(module: str, store: str, *names: str, separator: str = "/") -> Identity:
    """A resource whose key in a store joins several properties."""
    return Identity(
        properties=names,
        exists=lambda given: (
            separator.join(str(given[name]) for name in names) in _store(module, store)
        ),
    )


def _field(module: str, store: str, name: str, member: str, **options: Any) -> Identity:
    """A resource whose record in a store has its name."""
    return Identity(
        properties=(name,),
        exists=lambda given: any(
            record.get(member) == given[name] for record in _store(module, store).values()
        ),
        **options,
    )


def _policy_exists(given: Properties) -> bool:
    prefix = f"arn:aws:iam::{get_account_id()}:policy/"
    name = given["ManagedPolicyName"]
    return any(
        arn.startswith(prefix) and arn.rsplit("/", 1)[-1] == name
        for arn in _store("iam", "_policies")
    )


def _topic_exists(given: Properties) -> bool:
    name = given["TopicName"]
    return any(arn.rsplit(":", 1)[-1] == name for arn in _store("sns", "_topics"))


def _rule_exists(given: Properties) -> bool:
    bus = provisioners._eb_rule_bus_name(given)
    return eventbridge._rule_key(given["Name"], bus) in eventbridge._rules


def _machine_exists(given: Properties) -> bool:
    name = given["StateMachineName"]
    machines = _store("stepfunctions", "_state_machines")
    return any(arn.rsplit(":", 1)[-1] == name for arn in machines)


def _group_exists(given: Properties) -> bool:
    ec2 = importlib.import_module("ministack.services.ec2")
    vpc = given.get("VpcId") or ec2._DEFAULT_VPC_ID
    return any(
        group["GroupName"] == given["GroupName"] and group["VpcId"] == vpc
        for group in ec2._security_groups.values()
    )


def _route_exists(given: Properties) -> bool:
    table = _store("ec2", "_route_tables").get(given["RouteTableId"]) or {}
    destination = given["DestinationCidrBlock"]
    return any(one.get("DestinationCidrBlock") == destination for one in table.get("Routes", []))


def _alias_exists(given: Properties) -> bool:
    function, *_ = provisioners._lambda_function_for_cfn_ref(given["FunctionName"])
    return bool(function) and given["Name"] in function.get("aliases", {})


def _url_exists(given: Properties) -> bool:
    function = provisioners._lambda_function_for_cfn_ref(given["TargetFunctionArn"])[1]
    qualifier = given.get("Qualifier")
    return (f"{function}:{qualifier}" if qualifier else function) in lambda_svc._function_urls


def _acl_exists(given: Properties) -> bool:
    return any(
        acl.get("Name") == given["Name"] and acl.get("Scope", given["Scope"]) == given["Scope"]
        for acl in _store("waf", "_web_acls").values()
    )


def _filter_exists(given: Properties) -> bool:
    key = (given["LogGroupName"], given["FilterName"])
    return key in _store("cloudwatch_logs", "_metric_filters")


def _subscription_filter_exists(given: Properties) -> bool:
    group = _store("cloudwatch_logs", "_log_groups").get(given["LogGroupName"]) or {}
    filters = group.get("subscriptionFilters", {})
    names = filters if isinstance(filters, dict) else [one.get("filterName") for one in filters]
    return given["FilterName"] in names


def _stream_exists(given: Properties) -> bool:
    group = _store("cloudwatch_logs", "_log_groups").get(given["LogGroupName"]) or {}
    return given["LogStreamName"] in group.get("streams", {})


def _pool(given: Properties) -> dict[str, Any]:
    pool: dict[str, Any] = _store("cognito", "_user_pools").get(given["UserPoolId"]) or {}
    return pool


def _kms_alias_exists(given: Properties) -> bool:
    kms = importlib.import_module("ministack.services.kms")
    return kms._alias_arn(given["AliasName"]) in kms._aliases


_TABLE = _key("dynamodb", "_tables", "TableName", message="{name} already exists")
_SUBNET_GROUP = _key("rds", "_subnet_groups", "DBSubnetGroupName")
_ROLE = "Role with name {name} already exists. (Service: Iam, Status Code: 409)"
_POLICY = (
    "A policy called {name} already exists. Duplicate names are not allowed. "
    "(Service: Iam, Status Code: 409)"
)

IDENTITIES: dict[str, Identity] = {
    "AWS::ApiGateway::DomainName": _key("apigateway_v1", "_domain_names", "DomainName"),
    "AWS::AutoScaling::AutoScalingGroup": _key("autoscaling", "_asgs", "AutoScalingGroupName"),
    "AWS::AutoScaling::LaunchConfiguration": _key(
        "autoscaling", "_launch_configs", "LaunchConfigurationName"
    ),
    "AWS::AutoScaling::LifecycleHook": _keys(
        "autoscaling", "_hooks", "AutoScalingGroupName", "LifecycleHookName"
    ),
    "AWS::Backup::BackupVault": _key("backup", "_vaults", "BackupVaultName"),
    "AWS::CloudFront::KeyValueStore": _key("cloudfront", "_kvstores", "Name"),
    "AWS::CloudWatch::Alarm": _key("cloudwatch", "_alarms", "AlarmName"),
    "AWS::CloudWatch::Dashboard": _key("cloudwatch", "_dashboards", "DashboardName"),
    "AWS::Cognito::UserPoolDomain": _key("cognito", "_pool_domain_map", "Domain"),
    "AWS::Cognito::UserPoolGroup": Identity(
        properties=("UserPoolId", "GroupName"),
        exists=lambda given: given["GroupName"] in _pool(given).get("_groups", {}),
    ),
    "AWS::Cognito::UserPoolResourceServer": Identity(
        properties=("UserPoolId", "Identifier"),
        exists=lambda given: given["Identifier"] in _pool(given).get("_resource_servers", {}),
    ),
    "AWS::DocDB::DBSubnetGroup": _SUBNET_GROUP,
    "AWS::DynamoDB::GlobalTable": _TABLE,
    "AWS::DynamoDB::Table": _TABLE,
    "AWS::EC2::LaunchTemplate": _field(
        "ec2", "_launch_templates", "LaunchTemplateName", "LaunchTemplateName"
    ),
    "AWS::EC2::Route": Identity(
        properties=("RouteTableId", "DestinationCidrBlock"), exists=_route_exists
    ),
    "AWS::EC2::SecurityGroup": Identity(
        properties=("GroupName",), optional=("VpcId",), exists=_group_exists
    ),
    "AWS::ECR::Repository": _key("ecr", "_repositories", "RepositoryName"),
    "AWS::ECS::Cluster": _key("ecs", "_clusters", "ClusterName"),
    "AWS::EKS::Nodegroup": _keys("eks", "_nodegroups", "ClusterName", "NodegroupName"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _field("alb", "_lbs", "Name", "LoadBalancerName"),
    "AWS::ElasticLoadBalancingV2::TargetGroup": _field("alb", "_tgs", "Name", "TargetGroupName"),
    "AWS::Events::Rule": Identity(
        properties=("Name",), optional=("EventBusName",), exists=_rule_exists
    ),
    "AWS::Glue::Connection": Identity(
        properties=("ConnectionInput.Name",),
        exists=lambda given: given["ConnectionInput"]["Name"] in _store("glue", "_connections"),
    ),
    "AWS::IAM::ManagedPolicy": Identity(
        properties=("ManagedPolicyName",), exists=_policy_exists, message=_POLICY
    ),
    "AWS::IAM::Role": _key("iam", "_roles", "RoleName", message=_ROLE),
    "AWS::IoT::ProvisioningTemplate": _key("iot", "_provisioning_templates", "TemplateName"),
    "AWS::IoT::ThingType": _key("iot", "_thing_types", "ThingTypeName"),
    "AWS::IoT::TopicRule": _key("iot", "_topic_rules", "RuleName"),
    "AWS::KMS::Alias": Identity(
        properties=("AliasName",),
        exists=_kms_alias_exists,
        message="An alias with the name {name} already exists (Service: Kms, Status Code: 400)",
    ),
    "AWS::Kinesis::Stream": _key("kinesis", "_streams", "Name"),
    "AWS::Lambda::Alias": Identity(properties=("FunctionName", "Name"), exists=_alias_exists),
    "AWS::Lambda::Function": _key("lambda_svc", "_functions", "FunctionName"),
    "AWS::Lambda::Url": Identity(
        properties=("TargetFunctionArn",), optional=("Qualifier",), exists=_url_exists
    ),
    "AWS::Logs::LogGroup": _key("cloudwatch_logs", "_log_groups", "LogGroupName"),
    "AWS::Logs::LogStream": Identity(
        properties=("LogGroupName", "LogStreamName"), exists=_stream_exists
    ),
    "AWS::Logs::MetricFilter": Identity(
        properties=("LogGroupName", "FilterName"), exists=_filter_exists
    ),
    "AWS::Logs::ResourcePolicy": _key("cloudwatch_logs", "_resource_policies", "PolicyName"),
    "AWS::Logs::SubscriptionFilter": Identity(
        properties=("LogGroupName", "FilterName"), exists=_subscription_filter_exists
    ),
    "AWS::Pipes::Pipe": _key("pipes", "_pipes", "Name"),
    "AWS::RDS::DBCluster": _key("rds", "_clusters", "DBClusterIdentifier"),
    "AWS::RDS::DBInstance": _key("rds", "_instances", "DBInstanceIdentifier"),
    "AWS::RDS::DBSubnetGroup": _SUBNET_GROUP,
    "AWS::S3::BucketPolicy": _key(
        "s3",
        "_bucket_policies",
        "Bucket",
        message="The bucket policy already exists on bucket {name}.",
    ),
    "AWS::S3::MultiRegionAccessPoint": _field("s3", "_mraps", "Name", "Name"),
    "AWS::S3Tables::TableBucket": _key("s3tables", "_table_buckets", "TableBucketName"),
    "AWS::SES::ConfigurationSet": _key("ses_v2", "_config_sets", "Name"),
    "AWS::SES::EmailIdentity": _key("ses_v2", "_identities", "EmailIdentity"),
    "AWS::SNS::Topic": Identity(properties=("TopicName",), exists=_topic_exists),
    "AWS::SQS::Queue": _key("sqs", "_queue_name_to_url", "QueueName"),
    "AWS::Scheduler::Schedule": Identity(
        properties=("Name",),
        optional=("GroupName",),
        exists=lambda given: (
            f"{given.get('GroupName') or 'default'}/{given['Name']}"
            in _store("scheduler", "_schedules")
        ),
    ),
    "AWS::Scheduler::ScheduleGroup": _key("scheduler", "_schedule_groups", "Name"),
    "AWS::SecretsManager::Secret": _key("secretsmanager", "_secrets", "Name"),
    "AWS::Signer::SigningProfile": _key("signer", "_profiles", "ProfileName"),
    "AWS::StepFunctions::StateMachine": Identity(
        properties=("StateMachineName",), exists=_machine_exists
    ),
    "AWS::WAFv2::WebACL": Identity(properties=("Name", "Scope"), exists=_acl_exists),
}
"""The identities of ministack's types that take over what exists."""


@patch(
    f"{_PROVISIONERS}:_provision_resource", why=_WHY, until=_UNTIL, after="stacks.property_values"
)
def create(
    previous: Callable[..., Any],
    resource_type: str,
    logical_id: str,
    props: dict[str, Any],
    stack_name: str,
    *,
    runtime: Runtime | None,
) -> Any:
    identity = _identity(resource_type, runtime)
    if identity is not None:
        owned = _own_record(stack_name, logical_id, resource_type).get("Properties", {})
        # A type without an update handler is created again over itself.
        if identity.of(props or {}) != identity.of(owned):
            _require_absent(identity, resource_type, props or {}, stack_name)
    return previous(resource_type, logical_id, props, stack_name)


@patch(f"{_PROVISIONERS}:_update_resource", why=_WHY, until=_UNTIL, after="stacks.property_values")
def update(
    previous: Callable[..., Any],
    resource_type: str,
    physical_id: str,
    old_props: dict[str, Any],
    new_props: dict[str, Any],
    stack_name: str,
    logical_id: str | None = None,
    old_attrs: dict[str, Any] | None = None,
    *,
    runtime: Runtime | None,
) -> Any:
    identity = _identity(resource_type, runtime)
    if identity is not None and identity.of(new_props) not in (None, identity.of(old_props)):
        _require_absent(identity, resource_type, new_props, stack_name)
    return previous(
        resource_type, physical_id, old_props, new_props, stack_name, logical_id, old_attrs
    )


def _identity(resource_type: str, runtime: Runtime | None) -> Identity | None:
    """Returns the identity of a type; types of the rehearsal's services call APIs, which check."""
    if runtime is not None and resource_type in runtime.type_names:
        return None
    return IDENTITIES.get(resource_type)


def _own_record(stack_name: str, logical_id: str, resource_type: str) -> dict[str, Any]:
    stack = cloudformation._stacks.get(stack_name) or {}
    record: dict[str, Any] = stack.get("_resources", {}).get(logical_id, {})
    return record if record.get("ResourceType") == resource_type else {}


def _require_absent(
    identity: Identity, resource_type: str, properties: Properties, stack_name: str
) -> None:
    values = identity.of(properties)
    if values is None or not identity.exists(properties):
        return
    name = "|".join(values[: len(identity.properties)])
    if owner := _owner(identity, values, resource_type):
        raise ValueError(f"{name} already exists in stack {owner}")
    reason = identity.message.format(type=resource_type, name=name)
    raise ValueError(
        f'Resource handler returned message: "{reason}" (HandlerErrorCode: AlreadyExists)'
    )


def _owner(identity: Identity, values: tuple[str, ...], resource_type: str) -> str | None:
    """Returns the stack of the account and region that has the resource."""
    for stack in cloudformation._stacks.values():
        if stack.get("StackStatus") == "DELETE_COMPLETE":
            continue
        for record in stack.get("_resources", {}).values():
            is_of_type = record.get("ResourceType") == resource_type
            if is_of_type and identity.of(record.get("Properties") or {}) == values:
                return str(stack["StackId"])
    return None
