"""The IAM actions of events, topics, queues and state machines."""

from __future__ import annotations

from rehearsal.cloudformation.stack_permissions import StockType

MESSAGING_TYPES: dict[str, StockType] = {
    "AWS::Events::Rule": StockType(
        arn="arn:aws:events:{region}:{account}:rule/{name}",
        name_property="Name",
        create=("events:PutRule",),
        update=("events:PutRule",),
        delete=("events:RemoveTargets", "events:DeleteRule"),
        when={"Targets": ("events:PutTargets",)},
        passes={"Targets.*.RoleArn": "events.amazonaws.com"},
    ),
    "AWS::Events::EventBus": StockType(
        arn="arn:aws:events:{region}:{account}:event-bus/{name}",
        name_property="Name",
        create=("events:CreateEventBus",),
        update=("events:UpdateEventBus",),
        delete=("events:DeleteEventBus",),
        when={"Policy": ("events:PutPermission",), "Tags": ("events:TagResource",)},
    ),
    "AWS::Events::EventBusPolicy": StockType(
        arn="arn:aws:events:{region}:{account}:event-bus/{name}",
        name_property="EventBusName",
        create=("events:PutPermission",),
        update=("events:PutPermission",),
        delete=("events:RemovePermission",),
    ),
    "AWS::SNS::Topic": StockType(
        arn="arn:aws:sns:{region}:{account}:{name}",
        name_property="TopicName",
        create=("sns:CreateTopic",),
        update=("sns:SetTopicAttributes",),
        delete=("sns:DeleteTopic",),
        when={"Subscription": ("sns:Subscribe",), "Tags": ("sns:TagResource",)},
    ),
    "AWS::SNS::Subscription": StockType(
        name_property="TopicArn",
        create=("sns:Subscribe",),
        update=("sns:SetSubscriptionAttributes",),
        delete=("sns:Unsubscribe",),
    ),
    "AWS::SNS::TopicPolicy": StockType(
        each="Topics",
        create=("sns:SetTopicAttributes",),
        update=("sns:SetTopicAttributes",),
        delete=("sns:SetTopicAttributes",),
    ),
    "AWS::SQS::Queue": StockType(
        arn="arn:aws:sqs:{region}:{account}:{name}",
        name_property="QueueName",
        create=("sqs:CreateQueue",),
        update=("sqs:SetQueueAttributes",),
        delete=("sqs:DeleteQueue",),
    ),
    "AWS::SQS::QueuePolicy": StockType(
        arn="arn:aws:sqs:{region}:{account}:{name}",
        each="Queues",
        create=("sqs:SetQueueAttributes",),
        update=("sqs:SetQueueAttributes",),
        delete=("sqs:SetQueueAttributes",),
    ),
    "AWS::StepFunctions::StateMachine": StockType(
        arn="arn:aws:states:{region}:{account}:stateMachine:{name}",
        name_property="StateMachineName",
        create=("states:CreateStateMachine",),
        update=("states:UpdateStateMachine",),
        delete=("states:DeleteStateMachine",),
        passes={"RoleArn": "states.amazonaws.com"},
    ),
}
