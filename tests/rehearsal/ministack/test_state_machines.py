"""Step Functions executions act with the role of their state machine, on the running server."""

import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

STATES = {"Service": "states.amazonaws.com"}
GROUP = "arn:aws:states:::aws-sdk:sagemaker:createModelPackageGroup"


def _task(resource: str, **parameters: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}


def _name(prefix: str = "sfn") -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def _define(*states: dict[str, Any]) -> str:
    names = ["First", "Second"][: len(states)]
    return json.dumps({"StartAt": "First", "States": dict(zip(names, states, strict=True))})


def _machine(aws: Any, role: str, *states: dict[str, Any]) -> str:
    made = aws.client("stepfunctions").create_state_machine(
        name=_name(), roleArn=role, definition=_define(*states)
    )
    arn: str = made["stateMachineArn"]
    return arn


def _run(aws: Any, machine: str) -> dict[str, Any]:
    client = aws.client("stepfunctions")
    arn = client.start_execution(stateMachineArn=machine)["executionArn"]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found: dict[str, Any] = client.describe_execution(executionArn=arn)
        if found["status"] != "RUNNING":
            events = client.get_execution_history(executionArn=arn)["events"]
            failed = [e for e in events if e["type"] == "TaskFailed"]
            details = failed[-1]["taskFailedEventDetails"] if failed else {}
            return {**found, "Failure": details}
        time.sleep(0.05)
    pytest.fail("The execution did not end")


def _allows(action: str, resource: str = "*") -> dict[str, Any]:
    return {"Action": action, "Resource": resource}


def test_a_role_with_the_permission_calls_a_service_of_ours(aws: Any) -> None:
    group = _name()
    role = aws.role(_name(), STATES, _allows("sagemaker:CreateModelPackageGroup"))
    ended = _run(aws, _machine(aws, role, _task(GROUP, ModelPackageGroupName=group)))
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"])["ModelPackageGroupArn"].endswith(f"/{group}")
    found = aws.client("sagemaker").describe_model_package_group(ModelPackageGroupName=group)
    assert found["ModelPackageGroupName"] == group


def test_a_role_without_the_permission_fails_the_task_and_does_nothing(aws: Any) -> None:
    group = _name()
    role = aws.role(_name(), STATES, _allows("sagemaker:DescribeModel"))
    ended = _run(aws, _machine(aws, role, _task(GROUP, ModelPackageGroupName=group)))
    assert ended["status"] == "FAILED"
    assert ended["Failure"]["error"] == "SageMaker.AccessDeniedException"
    assert "sagemaker:CreateModelPackageGroup" in ended["Failure"]["cause"]
    with pytest.raises(ClientError, match="Could not find"):
        aws.client("sagemaker").describe_model_package_group(ModelPackageGroupName=group)


def test_the_permission_is_asked_on_the_named_resource(aws: Any) -> None:
    other = "arn:aws:sagemaker:*:*:model-package-group/other"
    role = aws.role(_name(), STATES, _allows("sagemaker:CreateModelPackageGroup", other))
    ended = _run(aws, _machine(aws, role, _task(GROUP, ModelPackageGroupName=_name())))
    assert ended["Failure"]["error"] == "SageMaker.AccessDeniedException"


def test_a_denied_task_can_be_caught(aws: Any) -> None:
    role = aws.role(_name(), STATES)
    task = _task(GROUP, ModelPackageGroupName=_name())
    task["Catch"] = [{"ErrorEquals": ["SageMaker.AccessDeniedException"], "Next": "Second"}]
    ended = _run(aws, _machine(aws, role, task, {"Type": "Pass", "End": True}))
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["Error"] == "SageMaker.AccessDeniedException"


@pytest.mark.parametrize("integration", ["sqs:sendMessage", "aws-sdk:sqs:sendMessage"])
def test_a_message_needs_the_permission_on_its_queue(aws: Any, integration: str) -> None:
    url = aws.client("sqs").create_queue(QueueName=_name())["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:111111111111:{url.rsplit('/', 1)[-1]}"
    task = _task(f"arn:aws:states:::{integration}", QueueUrl=url, MessageBody="hello")
    denied = aws.role(_name(), STATES, _allows("sqs:SendMessage", queue + "-other"))
    ended = _run(aws, _machine(aws, denied, task))
    assert ended["status"] == "FAILED"
    assert ended["Failure"]["error"].lower() == "sqs.accessdeniedexception"
    assert "Messages" not in aws.client("sqs").receive_message(QueueUrl=url)
    allowed = aws.role(_name(), STATES, _allows("sqs:SendMessage", queue))
    ended = _run(aws, _machine(aws, allowed, task))
    assert ended["status"] == "SUCCEEDED", ended["Failure"]
    assert aws.client("sqs").receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"


def test_a_bucket_is_listed_with_the_role(aws: Any) -> None:
    bucket = _name("bucket")
    aws.client("s3").create_bucket(Bucket=bucket)
    aws.client("s3").put_object(Bucket=bucket, Key="a folder/key", Body=b"content")
    task = _task("arn:aws:states:::aws-sdk:s3:listObjectsV2", Bucket=bucket, Prefix="a folder/")
    ended = _run(aws, _machine(aws, aws.role(_name(), STATES), task))
    assert ended["Failure"]["error"] == "S3.AccessDeniedException", ended["Failure"]
    allowed = aws.role(_name(), STATES, _allows("s3:ListBucket", f"arn:aws:s3:::{bucket}"))
    ended = _run(aws, _machine(aws, allowed, task))
    assert ended["status"] == "SUCCEEDED", ended["Failure"]
    assert json.loads(ended["output"])["Contents"][0]["Key"] == "a folder/key"


def test_an_object_is_asked_for_with_the_role_whatever_its_key(aws: Any) -> None:
    bucket, key = _name("bucket"), "a folder/100%25 + é"
    aws.client("s3").create_bucket(Bucket=bucket)
    aws.client("s3").put_object(Bucket=bucket, Key=key, Body=b"content")
    task = _task("arn:aws:states:::aws-sdk:s3:headObject", Bucket=bucket, Key=key)
    ended = _run(aws, _machine(aws, aws.role(_name(), STATES), task))
    assert ended["Failure"]["error"] == "S3.AccessDeniedException", ended["Failure"]
    allowed = aws.role(_name(), STATES, _allows("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    ended = _run(aws, _machine(aws, allowed, task))
    assert ended["status"] == "SUCCEEDED", ended["Failure"]


@pytest.mark.parametrize(
    ("operation", "request_", "action"),
    [
        ("dynamodb:listTables", {}, "dynamodb:ListTables"),
        ("sns:listTopics", {}, "sns:ListTopics"),
        ("iam:listRoles", {}, "iam:ListRoles"),
        ("cloudwatch:listMetrics", {}, "cloudwatch:ListMetrics"),
        ("cloudwatchlogs:describeLogGroups", {}, "logs:DescribeLogGroups"),
        ("sfn:listStateMachines", {}, "states:ListStateMachines"),
    ],
)
def test_an_aws_sdk_integration_is_authorized_by_the_gateway(
    aws: Any, operation: str, request_: dict[str, Any], action: str
) -> None:
    task = _task(f"arn:aws:states:::aws-sdk:{operation}", **request_)
    ended = _run(aws, _machine(aws, aws.role(_name(), STATES), task))
    assert ended["Failure"]["error"].endswith(".AccessDeniedException"), ended["Failure"]
    assert action in ended["Failure"]["cause"]
    ended = _run(aws, _machine(aws, aws.role(_name(), STATES, _allows(action)), task))
    assert ended["status"] == "SUCCEEDED", ended["Failure"]


@pytest.mark.parametrize(
    ("integration", "request_", "error"),
    [
        ("lambda:invoke", {"FunctionName": "f"}, "Lambda"),
        ("lambda:invoke.waitForTaskToken", {"FunctionName": "f"}, "Lambda"),
        ("sns:publish", {"TopicArn": "arn:aws:sns:us-east-1:111111111111:t"}, "SNS"),
        ("events:putEvents", {"Entries": [{"Source": "s", "DetailType": "d"}]}, "EventBridge"),
        ("dynamodb:putItem", {"TableName": "t", "Item": {}}, "DynamoDB"),
        ("states:startExecution", {"StateMachineArn": "arn:x"}, "StepFunctions"),
    ],
)
def test_an_optimized_integration_is_authorized(
    aws: Any, integration: str, request_: dict[str, Any], error: str
) -> None:
    role = aws.role(_name(), STATES, _allows("sagemaker:*"))
    task = _task(f"arn:aws:states:::{integration}", **request_)
    ended = _run(aws, _machine(aws, role, task))
    assert ended["Failure"]["error"] == f"{error}.AccessDeniedException"


def test_a_nested_execution_acts_with_the_role_of_its_own_state_machine(aws: Any) -> None:
    create = _allows("sagemaker:CreateModelPackageGroup")
    task = _task(GROUP, ModelPackageGroupName=_name())
    able, unable = (
        _machine(aws, role, task)
        for role in (aws.role(_name(), STATES, create), aws.role(_name(), STATES))
    )
    parent = aws.role(_name(), STATES, _allows("states:StartExecution"), _allows("events:*"))
    start = "arn:aws:states:::states:startExecution.sync:2"
    ended = _run(aws, _machine(aws, parent, _task(start, StateMachineArn=able)))
    assert ended["status"] == "SUCCEEDED", ended["Failure"]
    with_create = aws.role(_name(), STATES, create, _allows("states:*"), _allows("events:*"))
    ended = _run(aws, _machine(aws, with_create, _task(start, StateMachineArn=unable)))
    assert ended["status"] == "FAILED"


def test_an_item_is_put_into_the_table_that_the_role_may_write(aws: Any) -> None:
    table = _name()
    aws.client("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    arn = f"arn:aws:dynamodb:us-east-1:111111111111:table/{table}"
    role = aws.role(_name(), STATES, _allows("dynamodb:PutItem", arn))
    put = "arn:aws:states:::dynamodb:putItem"
    ended = _run(aws, _machine(aws, role, _task(put, TableName=table, Item={"id": {"S": "a"}})))
    assert ended["status"] == "SUCCEEDED", ended["Failure"]


def test_an_integration_with_unknown_permissions_is_rejected_by_name(aws: Any) -> None:
    role = aws.role(_name(), STATES, _allows("*"))
    ended = _run(aws, _machine(aws, role, _task("arn:aws:states:::ecs:runTask", Cluster="c")))
    assert ended["status"] == "FAILED"
    assert "arn:aws:states:::ecs:runTask is not supported" in ended["Failure"]["cause"]


def test_a_role_that_does_not_trust_step_functions_is_rejected_at_creation(aws: Any) -> None:
    role = aws.role(_name(), {"Service": "lambda.amazonaws.com"}, _allows("*"))
    with pytest.raises(ClientError, match=r"cannot be assumed by states\.amazonaws\.com"):
        _machine(aws, role, {"Type": "Pass", "End": True})


def test_a_role_that_trusts_step_functions_no_more_fails_the_task(aws: Any) -> None:
    name = _name()
    role = aws.role(name, STATES, _allows("*"))
    machine = _machine(aws, role, _task(GROUP, ModelPackageGroupName=_name()))
    nobody = {"Effect": "Deny", "Principal": STATES, "Action": "sts:AssumeRole"}
    aws.client("iam").update_assume_role_policy(
        RoleName=name,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [nobody]}),
    )
    ended = _run(aws, machine)
    assert ended["status"] == "FAILED"
    assert ended["Failure"]["error"] == "States.Permissions"


def test_a_caller_who_may_not_pass_the_role_makes_no_state_machine(aws: Any) -> None:
    role = aws.role(_name(), STATES)
    person = aws.person(_name(), _allows("states:*"))
    with pytest.raises(ClientError, match="iam:PassRole"):
        aws.client("stepfunctions", person).create_state_machine(
            name=_name(), roleArn=role, definition=_define({"Type": "Pass", "End": True})
        )


def test_a_branch_of_a_parallel_state_acts_with_the_role_too(aws: Any) -> None:
    branch = json.loads(_define(_task(GROUP, ModelPackageGroupName=_name())))
    parallel = {"Type": "Parallel", "Branches": [branch], "End": True}
    ended = _run(aws, _machine(aws, aws.role(_name(), STATES), parallel))
    assert ended["Failure"]["error"] == "SageMaker.AccessDeniedException"
    allowed = aws.role(_name(), STATES, _allows("sagemaker:CreateModelPackageGroup"))
    assert _run(aws, _machine(aws, allowed, parallel))["status"] == "SUCCEEDED"
