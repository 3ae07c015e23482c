"""IAM permissions of rules, event buses, topics, queues and state machines."""

from rehearsal.cloudformation.stack_permissions import TypePermissions

MESSAGING_PERMISSIONS: dict[str, TypePermissions] = {
    "AWS::Events::Rule": TypePermissions(
        arn="arn:aws:events:{region}:{account}:rule/{name}",
        name_property="Name",
        create=("events:PutRule",),
        update=("events:PutRule",),
        delete=("events:RemoveTargets", "events:DeleteRule"),
        when={"Targets": ("events:PutTargets",)},
        passes={"Targets.*.RoleArn": "events.amazonaws.com"},
    ),
    "AWS::Events::EventBus": TypePermissions(
        arn="arn:aws:events:{region}:{account}:event-bus/{name}",
        name_property="Name",
        create=("events:CreateEventBus",),
        update=("events:UpdateEventBus",),
        delete=("events:DeleteEventBus",),
        when={"Policy": ("events:PutPermission",), "Tags": ("events:TagResource",)},
    ),
    "AWS::Events::EventBusPolicy": TypePermissions(
        arn="arn:aws:events:{region}:{account}:event-bus/{name}",
        name_property="EventBusName",
        create=("events:PutPermission",),
        update=("events:PutPermission",),
        delete=("events:RemovePermission",),
    ),
    "AWS::SNS::Topic": TypePermissions(
        arn="arn:aws:sns:{region}:{account}:{name}",
        name_property="TopicName",
        create=("sns:CreateTopic",),
        update=("sns:SetTopicAttributes",),
        delete=("sns:DeleteTopic",),
        when={"Subscription": ("sns:Subscribe",), "Tags": ("sns:TagResource",)},
    ),
    "AWS::SNS::Subscription": TypePermissions(
        name_property="TopicArn",
        create=("sns:Subscribe",),
        update=("sns:SetSubscriptionAttributes",),
        delete=("sns:Unsubscribe",),
    ),
    "AWS::SNS::TopicPolicy": TypePermissions(
        each="Topics",
        create=("sns:SetTopicAttributes",),
        update=("sns:SetTopicAttributes",),
        delete=("sns:SetTopicAttributes",),
    ),
    "AWS::SQS::Queue": TypePermissions(
        arn="arn:aws:sqs:{region}:{account}:{name}",
        name_property="QueueName",
        create=("sqs:CreateQueue",),
        update=("sqs:SetQueueAttributes",),
        delete=("sqs:DeleteQueue",),
    ),
    "AWS::SQS::QueuePolicy": TypePermissions(
        arn="arn:aws:sqs:{region}:{account}:{name}",
        each="Queues",
        create=("sqs:SetQueueAttributes",),
        update=("sqs:SetQueueAttributes",),
        delete=("sqs:SetQueueAttributes",),
    ),
    "AWS::StepFunctions::StateMachine": TypePermissions(
        arn="arn:aws:states:{region}:{account}:stateMachine:{name}",
        name_property="StateMachineName",
        create=("states:CreateStateMachine",),
        update=("states:UpdateStateMachine",),
        delete=("states:DeleteStateMachine",),
        passes={"RoleArn": "states.amazonaws.com"},
    ),
}
