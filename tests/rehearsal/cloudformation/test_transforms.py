"""Transforms of templates: SAM, and macros that do not exist."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.stack_resources import message

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
SAM = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Timeout: 7, Runtime: python3.12}
Parameters:
  Flag: {Type: String, Default: yes}
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      InlineCode: |
        import os
        def handler(event, context):
            return {"flag": os.environ["FLAG"], "queue": os.environ["QUEUE"]}
      Environment:
        Variables: {FLAG: !Ref Flag, QUEUE: !GetAtt Queue.QueueName}
      Events:
        Daily:
          Type: Schedule
          Properties: {Schedule: rate(1 day)}
  Queue: {Type: AWS::SQS::Queue}
Outputs:
  Name: {Value: !Ref Function}
  Role: {Value: !GetAtt FunctionRole.Arn}
"""


def _create(aws: Any, name: str, template: str) -> dict[str, Any]:
    client = aws.client("cloudformation")
    client.create_stack(StackName=name, TemplateBody=template, Capabilities=CAPABILITIES)
    stack: dict[str, Any] = aws.settled(name)
    return stack


def test_a_sam_template_deploys(aws: Any) -> None:
    stack = _create(aws, "serverless", SAM)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Reasons"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    function = aws.client("lambda")
    configuration = function.get_function_configuration(FunctionName=outputs["Name"])
    assert (configuration["Timeout"], configuration["Role"]) == (7, outputs["Role"])
    payload = function.invoke(FunctionName=outputs["Name"])["Payload"].read()
    assert b'"flag": "true"' in payload
    rules = aws.client("events").list_rule_names_by_target(TargetArn=configuration["FunctionArn"])[
        "RuleNames"
    ]
    assert len(rules) == 1
    client = aws.client("cloudformation")
    processed = client.get_template(StackName="serverless", TemplateStage="Processed")
    assert "AWS::Lambda::Function" in str(processed["TemplateBody"])


def test_a_wrong_sam_template_is_named(aws: Any) -> None:
    with pytest.raises(ClientError) as raised:
        _create(aws, "wrong", SAM.replace("Handler: index.handler", "Handlers: index.handler"))
    text = message(raised)
    assert text.startswith("Transform AWS::Serverless-2016-10-31 failed with: ")
    assert "[Function]" in text
    assert "ministack" not in text


@pytest.mark.parametrize("transform", ["Acme::Macro", "[AWS::LanguageExtensions, Acme::Macro]"])
def test_a_macro_is_rejected_by_name(aws: Any, transform: str) -> None:
    template = f"Transform: {transform}\nResources: {{Topic: {{Type: AWS::SNS::Topic}}}}"
    with pytest.raises(ClientError, match="No transform named Acme::Macro"):
        _create(aws, "macro-by-name", template)


def test_a_sam_template_needs_the_capability(aws: Any) -> None:
    with pytest.raises(ClientError, match="CAPABILITY_AUTO_EXPAND"):
        aws.client("cloudformation").create_stack(StackName="no-capability", TemplateBody=SAM)
