"""Every kind of endpoint behind the real server: templates, IAM, containers, boto3."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.execution.image_registry import publish
from rehearsal.execution.image_store import ImageStore
from tests.rehearsal.aws.conftest import (
    ACCOUNT,
    PROJECT,
    REGION,
    Aws,
    running_server,
)
from tests.rehearsal.aws.sagemaker.gateway import (
    BUCKET,
    REPOSITORY,
    STATEMENTS,
    TRUST,
    session_of,
    wait,
)

SERVICES = (
    "rehearsal.aws.sagemaker.service:SageMaker",
    "rehearsal.aws.sagemaker.runtime:SageMakerRuntime",
    "rehearsal.aws.application_autoscaling:ApplicationAutoScaling",
)
IMAGE = f"{REPOSITORY}:1"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A server with the example image, models of intercept 0.5 and 100, and a queue of a topic."""
    with running_server(tmp_path_factory.mktemp("hosting"), SERVICES) as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        for name, intercept in (("small", 0.5), ("large", 100.0)):
            key = f"models/{name}.tar.gz"
            aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=archive(intercept))
        aws.client("ecr").create_repository(repositoryName="churn")
        image = ImageStore(aws.state / "images").build(PROJECT / "docs/examples/image")
        publish(session_of(aws), REPOSITORY, ["1"], image)
        yield aws


def archive(intercept: float) -> bytes:
    content = json.dumps({"intercept": intercept}).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("model.json")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture(scope="module")
def role(cloud: Aws) -> str:
    return cloud.role("hosting", TRUST, *STATEMENTS, {"Action": "sns:Publish"})


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


NAME = {"Name": {"Value": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}}}


def deploy(cloud: Aws, stack: str, made: dict[str, Any], **options: Any) -> str:
    """Deploys a stack; the name of its endpoint."""
    found = cloud.deploy(stack, made, outputs=NAME, **options)
    assert found["StackStatus"].endswith("E_COMPLETE"), found["Reasons"]
    assert "ROLLBACK" not in found["StackStatus"], found["Reasons"]
    name: str = found["Outputs"][0]["OutputValue"]
    return name


def remove(cloud: Aws, stack: str) -> None:
    """Deletes a stack; nothing that answers is left."""
    cloudformation = cloud.client("cloudformation")
    found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=stack)
    deleted = cloud.settled(found)
    assert deleted["StackStatus"] == "DELETE_COMPLETE", deleted["Reasons"]


def ask(cloud: Aws, endpoint: str, row: bytes = b"1,2", /, **more: Any) -> str:
    answer = cloud.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, Body=row, ContentType="text/csv", **more
    )
    text: str = answer["Body"].read().decode().strip()
    return text


def seen_now(cloud: Aws, endpoint: str, seen: set[str]) -> str:
    """One more answer of an endpoint, noted in `seen`."""
    answer = ask(cloud, endpoint)
    seen.add(answer)
    return answer


def test_an_asynchronous_endpoint_scales_from_zero(cloud: Aws, role: str) -> None:
    topic = cloud.client("sns").create_topic(Name="done")["TopicArn"]
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
    output = {
        "S3OutputPath": f"s3://{BUCKET}/answers",
        "S3FailurePath": f"s3://{BUCKET}/failures",
        "NotificationConfig": {"SuccessTopic": topic, "ErrorTopic": topic},
    }
    made = resources(role, container(), AsyncInferenceConfig={"OutputConfig": output})
    made |= scaling({"Fn::Sub": "endpoint/${Endpoint.EndpointName}/variant/AllTraffic"})
    endpoint = deploy(cloud, "asynchronous", made)
    sagemaker, runtime = cloud.client("sagemaker"), cloud.client("sagemaker-runtime")
    weights = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 0}]
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint, DesiredWeightsAndCapacities=weights
    )
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=endpoint)
    cloud.client("s3").put_object(Bucket=BUCKET, Key="in/rows.csv", Body=b"1,2\n3,4\n")

    answer = runtime.invoke_endpoint_async(
        EndpointName=endpoint, InputLocation=f"s3://{BUCKET}/in/rows.csv", ContentType="text/csv"
    )
    policies = cloud.client("application-autoscaling").describe_scaling_policies(
        ServiceNamespace="sagemaker"
    )["ScalingPolicies"]
    wake_up = next(policy for policy in policies if policy["PolicyName"] == "WakeUp")
    cloud.client("cloudwatch").set_alarm_state(
        AlarmName="has-backlog", StateValue="ALARM", StateReason="there is a request"
    )

    sqs = cloud.client("sqs")
    messages = wait(lambda: sqs.receive_message(QueueUrl=queue["QueueUrl"]).get("Messages"), 60)
    message = json.loads(json.loads(messages[0]["Body"])["Message"])
    bucket, _, key = answer["OutputLocation"].removeprefix("s3://").partition("/")
    found = cloud.client("s3").get_object(Bucket=bucket, Key=key)
    assert found["Body"].read() == b"3.5\n7.5\n"
    assert message["invocationStatus"] == "Completed"
    assert message["responseParameters"]["outputLocation"] == answer["OutputLocation"]
    assert wake_up["PolicyType"] == "StepScaling"
    with pytest.raises(ClientError, match="InvokeEndpointAsync"):
        ask(cloud, endpoint)
    remove(cloud, "asynchronous")
    autoscaling = cloud.client("application-autoscaling")
    left = autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")
    assert left["ScalableTargets"] == []
    alarms = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in alarms] == []


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


def test_scheduled_actions_follow_their_template(cloud: Aws, role: str) -> None:
    resource = {"Fn::Sub": "endpoint/${Endpoint.EndpointName}/variant/AllTraffic"}
    made = resources(role, container())
    made["Target"] = scaling(resource, MinCapacity=1)["Target"]
    endpoint = deploy(cloud, "scheduled", made)
    autoscaling = cloud.client("application-autoscaling")

    def names() -> list[str]:
        found = autoscaling.describe_scheduled_actions(ServiceNamespace="sagemaker")
        return [action["ScheduledActionName"] for action in found["ScheduledActions"]]

    assert names() == ["morning"]
    changed = scaling(resource, MinCapacity=2)["Target"]
    changed["Properties"]["ScheduledActions"][0]["ScheduledActionName"] = "evening"
    made["Target"] = changed
    deploy(cloud, "scheduled", made, update=True)

    assert names() == ["evening"]
    sagemaker = cloud.client("sagemaker")

    def instances() -> Any:
        found = sagemaker.describe_endpoint(EndpointName=endpoint)
        return found["ProductionVariants"][0]["CurrentInstanceCount"] == 2

    wait(instances, 20)
    remove(cloud, "scheduled")
    assert names() == []


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


def test_an_inference_component_is_created_updated_and_deleted(cloud: Aws, role: str) -> None:
    endpoint = deploy(
        cloud, "components", fleet(role, {"ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}})
    )
    named: dict[str, Any] = {"InferenceComponentName": "churn-sums"}
    sagemaker = cloud.client("sagemaker")
    arn = sagemaker.describe_inference_component(**named)["InferenceComponentArn"]
    assert ask(cloud, endpoint, **named) == "3.5"
    assert {"Key": "team", "Value": "churn"} in sagemaker.list_tags(ResourceArn=arn)["Tags"]

    own = {"Image": IMAGE, "ArtifactUrl": f"s3://{BUCKET}/models/large.tar.gz"}
    deploy(cloud, "components", fleet(role, {"Container": own}, copies=2), update=True)

    described = sagemaker.describe_inference_component(**named)
    assert ask(cloud, endpoint, **named) == "103"
    assert described["InferenceComponentArn"] == arn
    assert described["RuntimeConfig"]["CurrentCopyCount"] == 2
    sagemaker.update_inference_component_runtime_config(
        **named, DesiredRuntimeConfig={"CopyCount": 0}
    )
    wait(
        lambda: (
            sagemaker.describe_inference_component(**named)["InferenceComponentStatus"]
            == "InService"
        )
    )
    with pytest.raises(ClientError, match="no capacity to process this request"):
        ask(cloud, endpoint, **named)
    failed = cloud.deploy(
        "components", fleet(role, {"Container": own}, copies=9), outputs=NAME, update=True
    )
    assert failed["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert any("do not fit on variant AllTraffic" in reason for reason in failed["Reasons"])
    moved = fleet(role, {"Container": own}, copies=2)
    moved["Component"]["Properties"]["VariantName"] = "Other"
    refused = cloud.deploy("components", moved, outputs=NAME, update=True)
    assert any("cannot change VariantName in place" in reason for reason in refused["Reasons"])
    remove(cloud, "components")


def test_a_multi_model_endpoint_loads_what_is_asked_for(cloud: Aws, role: str) -> None:
    many = {"Image": IMAGE, "Mode": "MultiModel", "ModelDataUrl": f"s3://{BUCKET}/models/"}
    endpoint = deploy(cloud, "multi-model", resources(role, many))

    assert ask(cloud, endpoint, TargetModel="small.tar.gz") == "3.5"
    assert ask(cloud, endpoint, TargetModel="large.tar.gz") == "103"
    with pytest.raises(ClientError, match="Failed to download model data") as caught:
        ask(cloud, endpoint, TargetModel="none.tar.gz")
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    with pytest.raises(ClientError, match="name one of them in TargetModel"):
        ask(cloud, endpoint)
    remove(cloud, "multi-model")


def test_only_the_models_that_a_caller_may_ask_answer(cloud: Aws, role: str) -> None:
    many = {"Image": IMAGE, "Mode": "MultiModel", "ModelDataUrl": f"s3://{BUCKET}/models/"}
    endpoint = deploy(cloud, "tenants", resources(role, many))
    session = cloud.person(
        "tenant",
        {
            "Action": "sagemaker:InvokeEndpoint",
            "Condition": {"StringLike": {"sagemaker:TargetModel": "small*"}},
        },
    )
    runtime = cloud.client("sagemaker-runtime", session)

    mine = runtime.invoke_endpoint(EndpointName=endpoint, Body=b"1", TargetModel="small.tar.gz")

    assert mine["Body"].read() == b"1.5\n"
    with pytest.raises(ClientError, match="AccessDenied"):
        runtime.invoke_endpoint(EndpointName=endpoint, Body=b"1", TargetModel="large.tar.gz")
    remove(cloud, "tenants")


def test_containers_form_a_pipeline_or_answer_for_themselves(cloud: Aws, role: str) -> None:
    two = [
        container("small", ContainerHostname="first"),
        container("large", ContainerHostname="second"),
    ]
    serial = deploy(cloud, "serial", resources(role, *two))
    assert ask(cloud, serial) == "103.5"

    direct = resources(role, *two, InferenceExecutionConfig={"Mode": "Direct"})
    endpoint = deploy(cloud, "direct", direct)

    assert ask(cloud, endpoint, TargetContainerHostname="first") == "3.5"
    assert ask(cloud, endpoint, TargetContainerHostname="second") == "103"
    with pytest.raises(ClientError, match="must name a container of"):
        ask(cloud, endpoint)
    with pytest.raises(ClientError, match="leave out TargetContainerHostname"):
        ask(cloud, serial, TargetContainerHostname="first")
    remove(cloud, "serial")
    remove(cloud, "direct")


def test_a_shadow_variant_sees_requests_and_answers_nobody(cloud: Aws, role: str) -> None:
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
    endpoint = deploy(cloud, "shadow", made)

    assert ask(cloud, endpoint) == "3.5"

    s3, prefix = cloud.client("s3"), f"capture/{endpoint}/Shadow/"
    found = wait(lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents"), 20)
    captured = s3.get_object(Bucket=BUCKET, Key=found[0]["Key"])["Body"].read()
    assert json.loads(captured)["captureData"]["endpointOutput"]["data"] == "103\n"
    described = cloud.client("sagemaker").describe_endpoint(EndpointName=endpoint)
    assert described["ShadowProductionVariants"][0]["VariantName"] == "Shadow"
    remove(cloud, "shadow")


def test_an_alarm_rolls_a_canary_back(cloud: Aws, role: str) -> None:
    """The state of a real alarm, and the words of the stack's events."""
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
    made = resources(role, container())
    endpoint = deploy(cloud, "canary", made)
    changed = resources(role, container("large"))
    changed["Endpoint"]["Properties"]["DeploymentConfig"] = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 3600,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            }
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
    }
    cloudformation, sagemaker = cloud.client("cloudformation"), cloud.client("sagemaker")
    template = json.dumps({"Resources": changed, "Outputs": NAME})
    cloudformation.update_stack(StackName="canary", TemplateBody=template)
    wait(lambda: sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == "Updating")
    seen = {ask(cloud, endpoint)}
    wait(lambda: bool(seen_now(cloud, endpoint, seen)) and len(seen) == 2, 30)

    cloud.client("cloudwatch").set_alarm_state(
        AlarmName="errors", StateValue="ALARM", StateReason="a test"
    )
    failed = cloud.settled("canary")

    assert seen == {"3.5", "103"}
    assert failed["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert any("alarm" in reason and "errors" in reason for reason in failed["Reasons"])
    assert {ask(cloud, endpoint) for _ in range(10)} == {"3.5"}
    remove(cloud, "canary")


def test_a_batch_is_transformed_and_encrypted(cloud: Aws, role: str, tmp_path: Path) -> None:
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    cloud.client("iam").put_role_policy(
        RoleName="hosting",
        PolicyName="key",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
                        "Resource": key,
                    }
                ],
            }
        ),
    )
    sagemaker, s3 = cloud.client("sagemaker"), cloud.client("s3")
    sagemaker.create_model(
        ModelName="sums", ExecutionRoleArn=role, PrimaryContainer=container("small")
    )
    s3.put_object(Bucket=BUCKET, Key="batch/rows.csv", Body=b"id-1,1,2\nid-2,3,4\n")

    sagemaker.create_transform_job(
        TransformJobName="sums",
        ModelName="sums",
        TransformInput={
            "DataSource": {
                "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/batch/"}
            },
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        TransformOutput={
            "S3OutputPath": f"s3://{BUCKET}/predictions",
            "AssembleWith": "Line",
            "Accept": "text/csv",
            "KmsKeyId": key,
        },
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        DataProcessing={"InputFilter": "$[1:]", "OutputFilter": "$[0,-1]", "JoinSource": "Input"},
    )

    def ended() -> Any:
        found = sagemaker.describe_transform_job(TransformJobName="sums")
        return found if found["TransformJobStatus"] != "InProgress" else None

    job = wait(ended, 60)
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    found = s3.get_object(Bucket=BUCKET, Key="predictions/rows.csv.out")
    assert found["Body"].read() == b"id-1,3.5\nid-2,7.5\n"
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", key)
