"""Nested stacks: parameters, outputs, failures, rollbacks, policies, deletion."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

TOPIC = {"Type": "AWS::SNS::Topic"}
BUCKET = "nested-templates"


@pytest.fixture(scope="module")
def templates(aws: Any) -> Iterator[Any]:
    """A function that stores a template and returns its URL."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)

    def store(name: str, resources: dict[str, Any], **sections: Any) -> str:
        body = json.dumps({"Resources": resources, **sections})
        s3.put_object(Bucket=BUCKET, Key=name, Body=body)
        return f"https://{BUCKET}.s3.amazonaws.com/{name}"

    yield store


def _nested(url: str, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url, **properties}}


def _topics(aws: Any, name: str) -> list[str]:
    topics = aws.client("sns").list_topics()["Topics"]
    return [one["TopicArn"] for one in topics if name in one["TopicArn"]]


def _named(name: str, **attributes: Any) -> dict[str, Any]:
    return {**TOPIC, "Properties": {"TopicName": name}, **attributes}


FAILING = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "not a name"}}


def test_parameters_go_in_and_outputs_come_out(aws: Any, templates: Any) -> None:
    url = templates(
        "parameters.json",
        {"Topic": {**TOPIC, "Properties": {"TopicName": {"Ref": "Name"}}}},
        Parameters={"Name": {"Type": "String"}},
        Outputs={"Arn": {"Value": {"Ref": "Topic"}, "Export": {"Name": "nested-export"}}},
    )
    child = _nested(url, Parameters={"Name": "nested-in"}, Tags=[{"Key": "a", "Value": "b"}])
    outputs = {
        "Arn": {"Value": {"Fn::GetAtt": ["Child", "Outputs.Arn"]}},
        "Child": {"Value": {"Ref": "Child"}},
    }
    stack = aws.deploy("nesting", {"Child": child}, outputs=outputs)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Reasons"]
    given = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    assert given["Arn"] == _topics(aws, "nested-in")[0]
    client = aws.client("cloudformation")
    described = client.describe_stacks(StackName=given["Child"])["Stacks"][0]
    assert described["ParentId"] == described["RootId"] == stack["StackId"]
    assert {"Key": "a", "Value": "b"} in described["Tags"]
    assert "nested-export" in [one["Name"] for one in client.list_exports()["Exports"]]
    client.delete_stack(StackName="nesting")
    assert aws.settled(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert _topics(aws, "nested-in") == []
    assert client.list_exports()["Exports"] == []


def test_a_child_that_fails_leaves_nothing(aws: Any, templates: Any) -> None:
    url = templates(
        "failing.json", {"Topic": _named("left-over"), "Late": {**FAILING, "DependsOn": "Topic"}}
    )
    stack = aws.deploy("fails-inside", {"Child": _nested(url)})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert (
        "was not successfully created: The following resource(s) failed to create: [Late]"
        in (stack["Reasons"][-1])
    )
    assert _topics(aws, "left-over") == []


def test_a_child_is_deleted_when_its_parent_fails_later(aws: Any, templates: Any) -> None:
    url = templates("fine.json", {"Topic": _named("undone")})
    resources = {"Child": _nested(url), "Late": {**FAILING, "DependsOn": "Child"}}
    assert aws.deploy("fails-outside", resources)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert _topics(aws, "undone") == []


def test_an_update_that_fails_restores_the_child(aws: Any, templates: Any) -> None:
    first = templates("first.json", {"Topic": _named("kept-name")})
    failing = templates(
        "second.json", {"Topic": _named("new-name"), "Late": {**FAILING, "DependsOn": "Topic"}}
    )
    aws.deploy("updates", {"Child": _nested(first)})
    stack = aws.deploy("updates", {"Child": _nested(failing)}, update=True)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert _topics(aws, "new-name") == []
    assert len(_topics(aws, "kept-name")) == 1


def test_a_child_goes_back_when_its_parent_fails_later(aws: Any, templates: Any) -> None:
    first = templates("before.json", {"Topic": _named("went-back")})
    second = templates("after.json", {"Topic": _named("went-ahead")})
    aws.deploy("goes-back", {"Child": _nested(first)})
    changed = {"Child": _nested(second), "Late": {**FAILING, "DependsOn": "Child"}}
    stack = aws.deploy("goes-back", changed, update=True)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert (len(_topics(aws, "went-back")), _topics(aws, "went-ahead")) == (1, [])


def test_resources_of_a_child_are_retained_and_failures_keep_the_stack(
    aws: Any, templates: Any
) -> None:
    url = templates(
        "retained.json",
        {
            "Topic": _named("nested-retained", DeletionPolicy="Retain"),
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "nested-full"}},
        },
    )
    stack = aws.deploy("retains", {"Child": _nested(url)})
    aws.client("s3").put_object(Bucket="nested-full", Key="a", Body=b"b")
    client = aws.client("cloudformation")
    client.delete_stack(StackName="retains")
    failed = aws.settled(stack["StackId"])
    assert failed["StackStatus"] == "DELETE_FAILED"
    assert "was not successfully deleted" in failed["Reasons"][-1]
    aws.client("s3").delete_object(Bucket="nested-full", Key="a")
    client.delete_stack(StackName="retains")
    assert aws.settled(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert len(_topics(aws, "nested-retained")) == 1


@pytest.mark.parametrize("url", ["templates/child.yaml", "./child.yaml", "s3://bucket/key"])
def test_a_template_that_has_no_url_is_named(aws: Any, url: str) -> None:
    name = f"no-url-{len(url)}"
    stack = aws.deploy(name, {"Child": _nested(url)})
    assert stack["Reasons"][-1] == "TemplateURL must be a supported URL."
    with pytest.raises(ClientError, match="TemplateURL must be a supported URL"):
        aws.client("cloudformation").create_stack(StackName="no-url", TemplateURL=url)


def test_a_child_in_a_child(aws: Any, templates: Any) -> None:
    inner = templates("inner.json", {"Topic": _named("innermost")})
    outer = templates("outer.json", {"Inner": _nested(inner)})
    stack = aws.deploy("outermost", {"Outer": _nested(outer)})
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    aws.client("cloudformation").delete_stack(StackName="outermost")
    assert aws.settled(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert _topics(aws, "innermost") == []
