"""The modes of the CloudFormation action, on a stack with scripted responses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from rehearsal.framework.platform import Credentials
from rehearsal.services.codepipeline.actions import cloudformation_stack
from rehearsal.services.codepipeline.actions.action import ActionFailedError, ActionRun
from rehearsal.services.codepipeline.actions.cloudformation_stack import Deployment
from rehearsal.services.codepipeline.records import ActionExecution


class Stack:
    """A stack that goes through `statuses`, one for each look; None: there is no stack."""

    def __init__(self, *statuses: str | None, update_error: str = "") -> None:
        self.statuses = list(statuses)
        self.update_error = update_error
        self.calls: list[str] = []
        self.requests: list[Mapping[str, Any]] = []
        self.change_set = {"Status": "CREATE_COMPLETE", "StackId": "arn:stack"}

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if status is None:
            raise _error("Stack with id demo does not exist")
        outputs = [{"OutputKey": "Url", "OutputValue": "https://demo"}]
        return {"Stacks": [{"StackId": "arn:stack", "StackStatus": status, "Outputs": outputs}]}

    def update_stack(self, **request: Any) -> None:
        self._note("update", request)
        if self.update_error:
            raise _error(self.update_error)

    def create_stack(self, **request: Any) -> dict[str, str]:
        return self._note("create", request)

    def delete_stack(self, **request: Any) -> None:
        self._note("delete", request)

    def create_change_set(self, **request: Any) -> dict[str, str]:
        return self._note("change set", request)

    def delete_change_set(self, **_: Any) -> None:
        self._note("delete change set", {})

    def describe_change_set(self, **_: Any) -> dict[str, str]:
        return self.change_set

    def execute_change_set(self, **request: Any) -> None:
        self._note("execute", request)

    def get_paginator(self, _: str) -> Any:
        later = datetime.now(UTC) + timedelta(seconds=5)
        failed = [
            ("Second", later + timedelta(seconds=1), "Resource creation cancelled"),
            ("First", later, "Bucket already exists"),
            ("Old", later - timedelta(days=1), "of another deployment"),
        ]
        events = [
            {
                "LogicalResourceId": name,
                "ResourceType": "AWS::S3::Bucket",
                "ResourceStatus": "CREATE_FAILED",
                "ResourceStatusReason": reason,
                "Timestamp": stamp,
            }
            for name, stamp, reason in failed
        ]

        class Pages:
            def paginate(self, **_: Any) -> list[dict[str, Any]]:
                return [{"StackEvents": events}]

        return Pages()

    def _note(self, call: str, request: Mapping[str, Any]) -> dict[str, str]:
        self.calls.append(call)
        self.requests.append(request)
        return {"StackId": "arn:stack"}


def _error(message: str) -> ClientError:
    answer = {"Error": {"Code": "ValidationError", "Message": message}}
    return ClientError(cast(Any, answer), "DescribeStacks")


class Action:
    """As much of an ActionRun as a stack needs."""

    record = ActionExecution("e", 1, "Deploy", {"name": "Deploy"}, "us-east-1")

    def report(self, **_: str) -> None: ...

    def pause(self, _: float) -> None: ...

    principal_arn = "arn:aws:sts::222222222222:assumed-role/deploy/1"

    def __init__(self) -> None:
        self.platform = self
        self.calls: list[str] = []

    def root_credentials(self, account: str) -> Credentials:
        return Credentials(account, "secret", "", f"arn:aws:iam::{account}:root")

    def session(self, credentials: Credentials, region: str) -> Action:
        self.calls.append(f"as {credentials.principal_arn} in {region}")
        return self

    def client(self, *_: Any, **__: Any) -> Action:
        return self

    def create_bucket(self, **_: Any) -> None:
        self.calls.append("create bucket")

    def put_object(self, *, Body: bytes, **_: Any) -> None:  # noqa: N803 - S3's word
        self.calls.append(f"put {len(Body)}")

    def generate_presigned_url(self, operation: str, **_: Any) -> str:
        return f"https://signed/{operation}"

    def delete_object(self, **_: Any) -> None:
        self.calls.append("delete object")

    def delete_bucket(self, **_: Any) -> None:
        self.calls.append("delete bucket")


def _deployment(stack: Stack, template: str = "{}", action: Action | None = None) -> Deployment:
    return Deployment(
        action=cast(ActionRun, action or Action()),
        client=stack,
        stack="demo",
        change_set="release",
        template=template,
        parameters={"Size": "3"},
        tags={"team": "ml"},
        stack_policy=None,
        capabilities=["CAPABILITY_IAM"],
        role_arn="arn:role",
    )


def test_a_new_stack_is_created_and_its_outputs_are_variables() -> None:
    stack = Stack(None, "CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    assert cloudformation_stack.create_or_update(_deployment(stack)) == {"Url": "https://demo"}
    assert stack.calls == ["create"]
    assert stack.requests[0] == {
        "StackName": "demo",
        "TemplateBody": "{}",
        "Parameters": [{"ParameterKey": "Size", "ParameterValue": "3"}],
        "Capabilities": ["CAPABILITY_IAM"],
        "Tags": [{"Key": "team", "Value": "ml"}],
        "RoleARN": "arn:role",
    }


def test_a_stack_without_changes_is_a_success() -> None:
    stack = Stack("CREATE_COMPLETE", update_error="No updates are to be performed.")
    assert cloudformation_stack.create_or_update(_deployment(stack)) == {"Url": "https://demo"}


def test_a_failure_names_the_resource_that_failed_first() -> None:
    stack = Stack("CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
    with pytest.raises(ActionFailedError) as error:
        cloudformation_stack.create_or_update(_deployment(stack))
    assert "UPDATE_ROLLBACK_COMPLETE" in error.value.message
    assert "First (AWS::S3::Bucket): Bucket already exists" in error.value.message


def test_replace_on_failure_deletes_a_stack_that_was_rolled_back() -> None:
    stack = Stack(
        "ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE", "DELETE_COMPLETE", None, "CREATE_COMPLETE"
    )
    cloudformation_stack.replace_on_failure(_deployment(stack))
    assert stack.calls == ["delete", "create"]


def test_a_change_set_is_made_anew_and_one_without_changes_is_a_success() -> None:
    stack = Stack("CREATE_COMPLETE")
    cloudformation_stack.replace_change_set(_deployment(stack))
    assert stack.calls == ["delete change set", "change set"]
    assert stack.requests[-1]["ChangeSetType"] == "UPDATE"
    stack.change_set = {
        "Status": "FAILED",
        "StatusReason": "The submitted information didn't contain changes.",
    }
    cloudformation_stack.replace_change_set(_deployment(stack))
    assert cloudformation_stack.execute_change_set(_deployment(stack)) == {"Url": "https://demo"}
    assert "execute" not in stack.calls


def test_a_failed_change_set_says_why() -> None:
    stack = Stack(None)
    stack.change_set = {"Status": "FAILED", "StatusReason": "Unrecognized resource types"}
    with pytest.raises(ActionFailedError, match="Unrecognized resource types"):
        cloudformation_stack.replace_change_set(_deployment(stack))


def test_deleting_what_is_not_there_is_a_success() -> None:
    stack = Stack(None)
    assert cloudformation_stack.delete(_deployment(stack)) == {}
    assert stack.calls == []


def test_a_long_template_goes_by_a_signed_url_that_needs_no_role() -> None:
    stack, action = Stack(None, "CREATE_COMPLETE"), Action()
    cloudformation_stack.create_or_update(_deployment(stack, "x" * 60_000, action))
    assert "TemplateBody" not in stack.requests[0]
    assert stack.requests[0]["TemplateURL"] == "https://signed/get_object"
    assert action.calls == [
        "as arn:aws:iam::222222222222:root in us-east-1",
        "create bucket",
        "put 60000",
        "delete object",
        "delete bucket",
    ]
