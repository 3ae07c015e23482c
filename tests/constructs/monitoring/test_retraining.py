"""Alarms that start a retraining."""

import json

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Match, Template

from mlops_constructs.monitoring import (
    AlarmAction,
    DriftMonitor,
    MetricAlarms,
    MonitorBase,
    Retraining,
    Watch,
)
from tests.constructs.monitoring.conftest import PIPELINE_ARN, Define


def test_complaint_13_drift_starts_retraining_and_people_hear_of_it(
    stack: cdk.Stack, define: Define, pipeline: codepipeline.IPipeline
) -> None:
    """Peers make an alarm that nothing listens to, or a rule that may not start the pipeline."""
    drift = define(DriftMonitor)
    topic = sns.Topic(stack, "Topic")

    alarms = MetricAlarms(
        stack,
        "Alarms",
        watches=[Watch.above("Age", drift.metric_drift("age"), {"Critical": 0.3})],
        actions={"Critical": [AlarmAction.notify(topic), Retraining.with_code_pipeline(pipeline)]},
    )

    template = Template.from_stack(stack)
    (alarm,) = alarms.of_severity("Critical")
    template.has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "MetricName": "feature_baseline_drift_age",
            "Dimensions": Match.array_with(
                [{"Name": "MonitoringSchedule", "Value": drift.monitor_name}]
            ),
            "AlarmActions": [stack.resolve(topic.topic_arn)],
        },
    )
    ((_, rule),) = template.find_resources("AWS::Events::Rule").items()
    assert rule["Properties"]["EventPattern"] == {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "resources": [stack.resolve(alarm.alarm_arn)],
        "detail": {"state": {"value": ["ALARM"]}},
    }
    (target,) = rule["Properties"]["Targets"]
    assert target["Arn"] == PIPELINE_ARN
    # What could not be started is kept, and the role may start exactly this pipeline.
    assert "DeadLetterConfig" in target
    role_id = target["RoleArn"]["Fn::GetAtt"][0]
    role = template.to_json()["Resources"][role_id]["Properties"]
    policies = [
        template.to_json()["Resources"][one["Ref"]]["Properties"]["PolicyDocument"]["Statement"]
        for one in role["ManagedPolicyArns"]
    ]
    assert policies == [
        [
            {
                "Action": "codepipeline:StartPipelineExecution",
                "Effect": "Allow",
                "Resource": PIPELINE_ARN,
            }
        ]
    ]
    assert not template.find_resources("AWS::IAM::Policy")


def test_a_sagemaker_pipeline_is_started_with_parameters(
    stack: cdk.Stack, monitor: MonitorBase
) -> None:
    training = sagemaker.CfnPipeline(
        stack,
        "Training",
        pipeline_name="Churn-Train",
        pipeline_definition={"PipelineDefinitionBody": "{}"},
        role_arn="arn:aws:iam::111111111111:role/training",
    )

    MetricAlarms(
        stack,
        "Alarms",
        watches=[Watch.above("Age", monitor.metric_drift("age"), {"Critical": 0.3})],
        actions={
            "Critical": [
                Retraining.with_sagemaker_pipeline(training, parameters={"Reason": "drift"})
            ]
        },
    )

    template = Template.from_stack(stack)
    ((_, rule),) = template.find_resources("AWS::Events::Rule").items()
    (target,) = rule["Properties"]["Targets"]
    assert target["SageMakerPipelineParameters"] == {
        "PipelineParameterList": [{"Name": "Reason", "Value": "drift"}]
    }
    arn = json.dumps(target["Arn"])
    # SageMaker writes names in its ARNs in lower case.
    assert ":sagemaker:eu-west-1:111111111111:pipeline/churn-train" in arn
    policies = json.dumps(template.find_resources("AWS::IAM::ManagedPolicy"))
    assert policies.count("sagemaker:StartPipelineExecution") == 1
    assert arn in policies
    template.has_resource_properties(
        "AWS::SQS::QueuePolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {
                                "Action": "sqs:SendMessage",
                                "Principal": {"Service": "events.amazonaws.com"},
                            }
                        )
                    ]
                )
            }
        },
    )
