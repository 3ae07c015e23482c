"""Stacks with endpoints, as the tests of hosting behind the real server deploy them."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

from tests.rehearsal.conftest import ACCOUNT, REGION, Aws
from tests.rehearsal.services.sagemaker.gateway import BUCKET, REPOSITORY

IMAGE = f"{REPOSITORY}:1"
NAME = {"Name": {"Value": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}}}
CANARY = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "WaitIntervalInSeconds": 3600,
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        }
    },
    "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
}
"""A canary of half the fleet that an alarm `errors` turns back."""


def archive(intercept: float) -> bytes:
    content = json.dumps({"intercept": intercept}).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("model.json")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def container(data: str | None = "small", **more: Any) -> dict[str, Any]:
    url = {"ModelDataUrl": f"s3://{BUCKET}/models/{data}.tar.gz"} if data else {}
    return {"Image": IMAGE, **url, **more}


def resources(role: str, *containers: dict[str, Any], **config: Any) -> dict[str, Any]:
    """A model, a configuration and an endpoint."""
    many = {"Containers": list(containers)}
    served = {"PrimaryContainer": containers[0]} if len(containers) == 1 else many
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
    }
    given = {"ProductionVariants": [variant], **config}
    direct = given.pop("InferenceExecutionConfig", None)
    model = {"ExecutionRoleArn": role, **served}
    return {
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": model | ({"InferenceExecutionConfig": direct} if direct else {}),
        },
        "Config": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": given},
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {"EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]}},
        },
    }


def deploy(cloud: Aws, stack: str, made: dict[str, Any], **options: Any) -> str:
    """Deploys a stack; the name of its endpoint."""
    found = cloud.deploy(stack, made, outputs=NAME, **options)
    assert found["StackStatus"].endswith("E_COMPLETE"), found["Reasons"]
    assert "ROLLBACK" not in found["StackStatus"], found["Reasons"]
    name: str = found["Outputs"][0]["OutputValue"]
    return name


def remove(cloud: Aws, stack: str) -> None:
    """Deletes a stack; no server is left."""
    cloudformation = cloud.client("cloudformation")
    found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=stack)
    deleted = cloud.settled(found)
    assert deleted["StackStatus"] == "DELETE_COMPLETE", deleted["Reasons"]


def ask(cloud: Aws, endpoint: str, row: bytes = b"1,2", /, **more: Any) -> str:
    response = cloud.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, Body=row, ContentType="text/csv", **more
    )
    text: str = response["Body"].read().decode().strip()
    return text


def seen_now(cloud: Aws, endpoint: str, seen: set[str]) -> str:
    """One more response of an endpoint, noted in `seen`."""
    response = ask(cloud, endpoint)
    seen.add(response)
    return response


def scaling(resource: Any, **changes: Any) -> dict[str, Any]:
    """A target with a schedule, a tracking policy and one that wakes it up."""
    morning = {
        "ScheduledActionName": "morning",
        "Schedule": "cron(0 7 * * ? *)",
        "ScalableTargetAction": {"MinCapacity": 1},
    }
    target = {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "ResourceId": resource,
        "MinCapacity": 0,
        "MaxCapacity": 2,
        "ScheduledActions": [morning],
        **changes,
    }
    backlog = {
        "Namespace": "AWS/SageMaker",
        "MetricName": "ApproximateBacklogSizePerInstance",
        "Dimensions": [
            {"Name": "EndpointName", "Value": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}}
        ],
        "Statistic": "Average",
    }
    tracking = {"TargetValue": 5, "CustomizedMetricSpecification": backlog}
    steps = {
        "AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
    }
    policy = {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy"}
    shared = {"ScalingTargetId": {"Ref": "Target"}}
    alarm = {
        "AlarmName": "has-backlog",
        "Namespace": "AWS/SageMaker",
        "MetricName": "HasBacklogWithoutCapacity",
        "Dimensions": backlog["Dimensions"],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "AlarmActions": [{"Ref": "WakeUp"}],
    }
    return {
        "Target": {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": target,
        },
        "Tracking": policy
        | {
            "Properties": {
                **shared,
                "PolicyName": "Backlog",
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": tracking,
            }
        },
        "WakeUp": policy
        | {
            "Properties": {
                **shared,
                "PolicyName": "WakeUp",
                "PolicyType": "StepScaling",
                "StepScalingPolicyConfiguration": steps,
            }
        },
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm},
    }


def fleet(role: str, specification: dict[str, Any], copies: int = 1) -> dict[str, Any]:
    """An endpoint without models, and a component on it."""
    variant = {
        "VariantName": "AllTraffic",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "ManagedInstanceScaling": {
            "Status": "ENABLED",
            "MinInstanceCount": 0,
            "MaxInstanceCount": 2,
        },
    }
    made = resources(role, container(), ProductionVariants=[variant], ExecutionRoleArn=role)
    made["Component"] = {
        "Type": "AWS::SageMaker::InferenceComponent",
        "Properties": {
            "EndpointName": {"Fn::GetAtt": ["Endpoint", "EndpointName"]},
            "InferenceComponentName": "churn-sums",
            "VariantName": "AllTraffic",
            "Specification": {
                "ComputeResourceRequirements": {
                    "NumberOfCpuCoresRequired": 1,
                    "MinMemoryRequiredInMb": 512,
                },
                **specification,
            },
            "RuntimeConfig": {"CopyCount": copies},
            "Tags": [{"Key": "team", "Value": "churn"}],
        },
    }
    return made


def shadowed(role: str) -> dict[str, Any]:
    """An endpoint with a shadow of the larger intercept, and capture of the responses of both."""
    made = resources(role, container())
    properties = made["Config"]["Properties"]
    shadow = {**properties["ProductionVariants"][0], "VariantName": "Shadow"}
    made["Other"] = {
        "Type": "AWS::SageMaker::Model",
        "Properties": {"ExecutionRoleArn": role, "PrimaryContainer": container("large")},
    }
    shadow["ModelName"] = {"Fn::GetAtt": ["Other", "ModelName"]}
    properties["ShadowProductionVariants"] = [shadow]
    properties["DataCaptureConfig"] = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/capture",
        "CaptureOptions": [{"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }
    return made


def queue_of(cloud: Aws, topic: str) -> str:
    """A queue that gets what a topic is reported; its URL."""
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:done"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    queue = cloud.client("sqs").create_queue(QueueName="done", Attributes={"Policy": policy})
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    url: str = queue["QueueUrl"]
    return url


def watch_errors(cloud: Aws) -> None:
    """The alarm that `CANARY` names."""
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="errors",
        Namespace="Churn",
        MetricName="Errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )


def transform_job(name: str, key: str) -> dict[str, Any]:
    """A job that joins each row with its prediction, and encrypts its output."""
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/batch/"}
    return {
        "TransformJobName": name,
        "ModelName": name,
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": f"s3://{BUCKET}/predictions",
            "AssembleWith": "Line",
            "Accept": "text/csv",
            "KmsKeyId": key,
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "DataProcessing": {
            "InputFilter": "$[1:]",
            "OutputFilter": "$[0,-1]",
            "JoinSource": "Input",
        },
    }
