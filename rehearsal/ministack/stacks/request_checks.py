"""Validation by the API of a service, for the resources that ministack's stacks write themselves.

Source: the errors of CreateFunction, AddPermission, CreateEventSourceMapping, CreateAlias and
PublishVersion (Lambda), CreateQueue (SQS), CreateTopic (SNS), CreateTable (DynamoDB),
CreateStateMachine (Step Functions), CreateRole, PutRolePolicy, CreatePolicy and
AddRoleToInstanceProfile (IAM), CreateAlias and PutKeyPolicy (KMS), PutParameter (Systems Manager),
PutMetricFilter and PutSubscriptionFilter (CloudWatch Logs), CreateVpc and CreateSubnet (EC2),
CreateSecret (Secrets Manager) and CreateEventBus (EventBridge) in their API references.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import cloudwatch_logs, dynamodb, ec2, iam, kms, stepfunctions
from ministack.services.cloudformation import provisioners

from rehearsal.ministack.iam import role_trust
from rehearsal.ministack.registry import CLOUDFORMATION, patch
from rehearsal.ministack.stacks import request_rules

Properties = Mapping[str, Any]
Check = Callable[[Properties], Iterator[str]]
_PROVISIONERS = f"{CLOUDFORMATION}.provisioners"
_WHY = "A stack creates what the API of the service rejects, as it does not call the API."
_UNTIL = "ministack's stacks go through the validation of each service's API."
_ORDER = "corrections.network_ids"
_STATE_TYPES = ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
_MAX_STANDARD_VALUE = 4096


@patch(f"{_PROVISIONERS}:_provision_resource", why=_WHY, until=_UNTIL, after=_ORDER)
def create(
    previous: Callable[..., Any],
    resource_type: str,
    logical_id: str,
    props: dict[str, Any],
    stack_name: str,
) -> Any:
    _check(resource_type, props or {})
    return previous(resource_type, logical_id, props, stack_name)


@patch(f"{_PROVISIONERS}:_update_resource", why=_WHY, until=_UNTIL, after=_ORDER)
def update(
    previous: Callable[..., Any],
    resource_type: str,
    physical_id: str,
    old_props: dict[str, Any],
    new_props: dict[str, Any],
    stack_name: str,
    logical_id: str | None = None,
    old_attrs: dict[str, Any] | None = None,
) -> Any:
    if old_props != new_props:
        _check(resource_type, new_props)
    return previous(
        resource_type, physical_id, old_props, new_props, stack_name, logical_id, old_attrs
    )


@patch(
    "ministack.services.stepfunctions:_validate_definition_jsonata",
    why="A definition without states, or with transitions to states that it lacks, is accepted.",
    until="ministack validates the definitions of state machines.",
)
def definition_problem(previous: Callable[[Any], str | None], definition_str: Any) -> str | None:
    problem = previous(definition_str)
    if problem or not isinstance(definition_str, str):
        return problem
    try:
        definition = json.loads(definition_str)
    except ValueError as error:
        return f"Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: {error}'"
    found = next(_machine_problems(definition, ""), None)
    return found and f"Invalid State Machine Definition: '{found}'"


def _check(resource_type: str, properties: Properties) -> None:
    check = _CHECKS.get(resource_type)
    problem = next(check(properties), None) if check else None
    problem = problem or next(request_rules.problems(resource_type, properties), None)
    if problem:
        service = resource_type.split("::")[1]
        raise ValueError(f"{problem} (Service: {service}, Status Code: 400)")


def _machine_problems(machine: Any, path: str) -> Iterator[str]:
    if not isinstance(machine, Mapping):
        yield f"SCHEMA_VALIDATION_FAILED: The definition must be an object at {path or '/'}"
        return
    states = machine.get("States")
    for name in ("StartAt", "States"):
        if not machine.get(name):
            yield f"SCHEMA_VALIDATION_FAILED: The required field is missing at {path}/{name}"
            return
    if not isinstance(states, Mapping):
        yield f"SCHEMA_VALIDATION_FAILED: States must be an object at {path}/States"
        return
    yield from _missing_targets([machine["StartAt"]], states, f"{path}/StartAt")
    for name, state in states.items():
        yield from _state_problems(state, states, f"{path}/States/{name}")


def _state_problems(state: Any, states: Properties, path: str) -> Iterator[str]:
    if not isinstance(state, Mapping) or state.get("Type") not in _STATE_TYPES:
        allowed = ", ".join(_STATE_TYPES)
        yield f"SCHEMA_VALIDATION_FAILED: Type must be one of [{allowed}] at {path}/Type"
        return
    choices = [*state.get("Choices", []), *state.get("Catch", [])]
    targets = [state.get("Next"), state.get("Default"), *(one.get("Next") for one in choices)]
    yield from _missing_targets([one for one in targets if one], states, path)
    nested = [*state.get("Branches", [])]
    nested += [state[name] for name in ("Iterator", "ItemProcessor") if name in state]
    for machine in nested:
        yield from _machine_problems(machine, path)


def _missing_targets(targets: list[Any], states: Properties, path: str) -> Iterator[str]:
    for target in targets:
        if target not in states:
            yield f"MISSING_TRANSITION_TARGET: Missing target state {target} at {path}"


def _function(properties: Properties) -> Iterator[str]:
    role_arn = str(properties.get("Role") or "")
    role = role_trust.role_of(role_arn)
    if role is None or not role_trust.trusts_service(
        role, role_arn, "lambda.amazonaws.com", None, source_known=False
    ):
        yield "The role defined for the function cannot be assumed by Lambda."


def _of_function(properties: Properties) -> Iterator[str]:
    name = properties.get("FunctionName") or properties.get("TargetFunctionArn")
    function, *_ = provisioners._lambda_function_for_cfn_ref(name or "")
    if function is None:
        yield f"Function not found: {name}"


def _queue(properties: Properties) -> Iterator[str]:
    name = properties.get("QueueName")
    if name and not re.fullmatch(r"[A-Za-z0-9_-]{1,75}\.fifo|[A-Za-z0-9_-]{1,80}", name):
        yield (
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )


def _topic(properties: Properties) -> Iterator[str]:
    name = properties.get("TopicName")
    is_fifo = bool(properties.get("FifoTopic"))
    if name and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}(\.fifo)?", name):
        yield "Invalid parameter: Topic Name"
    elif name and name.endswith(".fifo") != is_fifo:
        yield (
            "Invalid parameter: Fifo Topic names must end with .fifo and must be made up of only "
            "uppercase and lowercase ASCII letters, numbers, underscores, and hyphens."
            if is_fifo
            else "Invalid parameter: Topic Name"
        )


def _table(properties: Properties) -> Iterator[str]:
    keys, defined = properties.get("KeySchema"), properties.get("AttributeDefinitions")
    if isinstance(keys, list):
        yield from _response(dynamodb._validate_key_schema(keys, defined or []))


def _machine(properties: Properties) -> Iterator[str]:
    text = properties.get("DefinitionString")
    if isinstance(properties.get("Definition"), Mapping):
        text = json.dumps(properties["Definition"])
    # Values are substituted in the text only after this check.
    if isinstance(text, str) and not properties.get("DefinitionSubstitutions"):
        problem = stepfunctions._validate_definition_jsonata(text)
        if problem:
            yield problem


def _role(properties: Properties) -> Iterator[str]:
    boundary = properties.get("PermissionsBoundary")
    if boundary and ":iam::aws:" not in boundary and not iam.policy_known(boundary):
        yield f"Scope ARN: {boundary} does not exist or is not attachable."
    yield from _principals(properties.get("AssumeRolePolicyDocument"))
    yield from _inline_policies(properties)


def _principals(document: Any) -> Iterator[str]:
    """Yields the roles and users of this account that a trust policy names and IAM lacks."""
    statements = document.get("Statement", []) if isinstance(document, Mapping) else []
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal") if isinstance(statement, Mapping) else None
        named = principal.get("AWS", []) if isinstance(principal, Mapping) else []
        for arn in [named] if isinstance(named, str) else named:
            found = re.fullmatch(r"arn:aws:iam::(\d{12}):(role|user)/(?:.*/)?([^/]+)", str(arn))
            if found is None:
                continue
            store = iam._roles if found[2] == "role" else iam._users
            if store.get_scoped(found[1], None, found[3]) is None:
                yield f'Invalid principal in policy: "AWS":"{arn}"'


def _inline_policies(properties: Properties) -> Iterator[str]:
    for policy in properties.get("Policies") or []:
        yield from _document(policy.get("PolicyDocument"))


def _managed_policy(properties: Properties) -> Iterator[str]:
    yield from _document(properties.get("PolicyDocument"))


def _document(document: Any) -> Iterator[str]:
    text = document if isinstance(document, str) else json.dumps(document)
    if problem := iam_evaluator.validate_policy_document(text):
        yield f"{problem} (Error Code: MalformedPolicyDocument)"


def _instance_profile(properties: Properties) -> Iterator[str]:
    for name in properties.get("Roles") or []:
        if name not in iam._roles:
            yield f"The role with name {name} cannot be found."


def _key(properties: Properties) -> Iterator[str]:
    document = properties.get("KeyPolicy")
    if isinstance(document, Mapping) and not document.get("Statement"):
        yield "MalformedPolicyDocumentException: The new key policy has no statements."


def _key_alias(properties: Properties) -> Iterator[str]:
    target = str(properties.get("TargetKeyId") or "")
    if kms._resolve_key(target) is None:
        yield f"Key '{target}' does not exist"


def _parameter(properties: Properties) -> Iterator[str]:
    value = str(properties.get("Value") or "")
    pattern = properties.get("AllowedPattern")
    if pattern and not re.search(pattern, value):
        yield f"Parameter value, cannot be validated against allowedPattern: {pattern}"
    if len(value) > _MAX_STANDARD_VALUE and properties.get("Tier", "Standard") == "Standard":
        yield (
            "Standard tier parameters support a maximum parameter value of 4096 characters. To "
            "create a larger parameter value, upgrade the parameter to use the advanced-parameter "
            "tier."
        )


def _of_log_group(properties: Properties) -> Iterator[str]:
    if properties.get("LogGroupName") not in cloudwatch_logs._log_groups:
        yield "The specified log group does not exist."


def _log_group(properties: Properties) -> Iterator[str]:
    key = str(properties.get("KmsKeyId") or "")
    is_local = key.startswith("arn:") and key.split(":")[4] == get_account_id()
    if is_local and kms._resolve_key(key) is None:
        yield f"The specified KMS key does not exist or is not allowed to be used with {key}"


def _vpc(properties: Properties) -> Iterator[str]:
    cidr = properties.get("CidrBlock")
    if cidr is None:
        return
    network = _network(cidr)
    if network is None:
        yield f"Value ({cidr}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
    elif not 16 <= network.prefixlen <= 28:
        yield f"The CIDR '{cidr}' is invalid. (Error Code: InvalidVpc.Range)"


def _subnet(properties: Properties) -> Iterator[str]:
    cidr, vpc_id = properties.get("CidrBlock"), properties.get("VpcId")
    vpc = ec2._vpcs.get(vpc_id)
    if cidr is None or vpc is None:
        return
    network = _network(cidr)
    blocks = [vpc.get("CidrBlock"), *(one.get("CidrBlock") for one in _associations(vpc))]
    within = [_network(one) for one in blocks if one]
    if network is None:
        yield f"Value ({cidr}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
    elif not 16 <= network.prefixlen <= 28 or not any(
        one and network.subnet_of(one) for one in within
    ):
        yield f"The CIDR '{cidr}' is invalid. (Error Code: InvalidSubnet.Range)"


def _associations(vpc: Properties) -> list[Properties]:
    return list(vpc.get("CidrBlockAssociationSet") or [])


def _network(cidr: Any) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(str(cidr), strict=False)
    except ValueError:
        return None


def _secret(properties: Properties) -> Iterator[str]:
    name = properties.get("Name")
    if name and not re.fullmatch(r"[A-Za-z0-9/_+=.@-]{1,512}", name):
        yield (
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the "
            "following: -/_+=.@!"
        )


def _event_bus(properties: Properties) -> Iterator[str]:
    name = str(properties.get("Name") or "")
    if name.startswith("aws.") and not properties.get("EventSourceName"):
        yield f"Event bus name {name} is reserved."


def _response(response: Any) -> Iterator[str]:
    """Yields the message of an error of a service."""
    if response is not None:
        yield str(json.loads(response[2])["message"])


_CHECKS: dict[str, Check] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::EC2::Subnet": _subnet,
    "AWS::EC2::VPC": _vpc,
    "AWS::Events::EventBus": _event_bus,
    "AWS::IAM::Group": _inline_policies,
    "AWS::IAM::InstanceProfile": _instance_profile,
    "AWS::IAM::ManagedPolicy": _managed_policy,
    "AWS::IAM::Role": _role,
    "AWS::IAM::User": _inline_policies,
    "AWS::KMS::Alias": _key_alias,
    "AWS::KMS::Key": _key,
    "AWS::Lambda::Alias": _of_function,
    "AWS::Lambda::EventInvokeConfig": _of_function,
    "AWS::Lambda::EventSourceMapping": _of_function,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::Permission": _of_function,
    "AWS::Lambda::Url": _of_function,
    "AWS::Lambda::Version": _of_function,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::Logs::MetricFilter": _of_log_group,
    "AWS::Logs::SubscriptionFilter": _of_log_group,
    "AWS::SNS::Topic": _topic,
    "AWS::SQS::Queue": _queue,
    "AWS::SSM::Parameter": _parameter,
    "AWS::SecretsManager::Secret": _secret,
    "AWS::StepFunctions::StateMachine": _machine,
}
