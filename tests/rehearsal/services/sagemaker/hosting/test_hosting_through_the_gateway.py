"""Every kind of endpoint behind the real server: templates, IAM, containers, boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.containers.images.registry import publish
from rehearsal.containers.images.store import ImageStore
from tests.rehearsal.conftest import PROJECT, Aws, running_server
from tests.rehearsal.services.sagemaker.gateway import (
    BUCKET,
    REPOSITORY,
    STATEMENTS,
    TRUST,
    session_of,
    wait,
)
from tests.rehearsal.services.sagemaker.hosting.hosted_stacks import (
    CANARY,
    IMAGE,
    NAME,
    archive,
    ask,
    container,
    deploy,
    fleet,
    queue_of,
    remove,
    resources,
    scaling,
    seen_now,
    shadowed,
    transform_job,
    watch_errors,
)

SERVICES = (
    "rehearsal.services.sagemaker.service:SageMaker",
    "rehearsal.services.sagemaker.hosting.runtime:SageMakerRuntime",
    "rehearsal.services.application_autoscaling:ApplicationAutoScaling",
)


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


@pytest.fixture(scope="module")
def role(cloud: Aws) -> str:
    return cloud.role("hosting", TRUST, *STATEMENTS, {"Action": "sns:Publish"})


def test_an_asynchronous_endpoint_scales_from_zero(cloud: Aws, role: str) -> None:
    topic = cloud.client("sns").create_topic(Name="done")["TopicArn"]
    queue = queue_of(cloud, topic)
    output = {
        "S3OutputPath": f"s3://{BUCKET}/responses",
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

    response = runtime.invoke_endpoint_async(
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
    messages = wait(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), 60)
    message = json.loads(json.loads(messages[0]["Body"])["Message"])
    bucket, _, key = response["OutputLocation"].removeprefix("s3://").partition("/")
    found = cloud.client("s3").get_object(Bucket=bucket, Key=key)
    assert found["Body"].read() == b"3.5\n7.5\n"
    assert message["invocationStatus"] == "Completed"
    assert message["responseParameters"]["outputLocation"] == response["OutputLocation"]
    assert wake_up["PolicyType"] == "StepScaling"
    with pytest.raises(ClientError, match="InvokeEndpointAsync"):
        ask(cloud, endpoint)
    remove(cloud, "asynchronous")
    autoscaling = cloud.client("application-autoscaling")
    left = autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")
    assert left["ScalableTargets"] == []
    alarms = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in alarms] == []


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
    rejected = cloud.deploy("components", moved, outputs=NAME, update=True)
    assert any("cannot change VariantName in place" in reason for reason in rejected["Reasons"])
    remove(cloud, "components")


def test_an_adapter_is_created_after_its_base_and_deleted_before(cloud: Aws, role: str) -> None:
    def made(data: str) -> dict[str, Any]:
        given = fleet(role, {"ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}})
        base = given["Component"]["Properties"]
        given["Adapter"] = {
            "Type": "AWS::SageMaker::InferenceComponent",
            "DependsOn": ["Component"],
            "Properties": {
                "EndpointName": base["EndpointName"],
                "InferenceComponentName": "churn-french",
                "Specification": {
                    "BaseInferenceComponentName": base["InferenceComponentName"],
                    "Container": {"ArtifactUrl": f"s3://{BUCKET}/models/{data}.tar.gz"},
                },
            },
        }
        return given

    endpoint = deploy(cloud, "adapters", made("small"))
    deploy(cloud, "adapters", made("large"), update=True)

    named: dict[str, Any] = {"InferenceComponentName": "churn-french"}
    described = cloud.client("sagemaker").describe_inference_component(**named)
    assert described["Specification"]["Container"] == {
        "ArtifactUrl": f"s3://{BUCKET}/models/large.tar.gz"
    }
    with pytest.raises(ClientError, match="not implement requests to adapters such as churn-f"):
        ask(cloud, endpoint, **named)
    failed = cloud.deploy("adapters", made("none"), outputs=NAME, update=True)
    assert failed["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert any("churn-french" in reason for reason in failed["Reasons"])
    remove(cloud, "adapters")


def test_a_multi_model_endpoint_loads_what_a_caller_may_ask(cloud: Aws, role: str) -> None:
    many = {"Image": IMAGE, "Mode": "MultiModel", "ModelDataUrl": f"s3://{BUCKET}/models/"}
    endpoint = deploy(cloud, "multi-model", resources(role, many))

    assert ask(cloud, endpoint, TargetModel="small.tar.gz") == "3.5"
    assert ask(cloud, endpoint, TargetModel="large.tar.gz") == "103"
    with pytest.raises(ClientError, match="Failed to download model data") as caught:
        ask(cloud, endpoint, TargetModel="none.tar.gz")
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    with pytest.raises(ClientError, match="name one of them in TargetModel"):
        ask(cloud, endpoint)
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
    remove(cloud, "multi-model")


def test_a_response_stream_is_a_separate_action(cloud: Aws, role: str) -> None:
    endpoint = deploy(cloud, "streamed", resources(role, container("small")))
    plain = cloud.person("plain", {"Action": "sagemaker:InvokeEndpoint"})
    streaming = cloud.person("streaming", {"Action": "sagemaker:InvokeEndpointWithResponseStream"})
    request: Any = {"EndpointName": endpoint, "Body": b"1,2", "ContentType": "text/csv"}

    response = cloud.client("sagemaker-runtime", streaming).invoke_endpoint_with_response_stream(
        **request
    )

    parts = [event["PayloadPart"]["Bytes"] for event in response["Body"]]
    assert b"".join(parts) == b"3.5\n"
    assert response["InvokedProductionVariant"] == "AllTraffic"
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.client("sagemaker-runtime", plain).invoke_endpoint_with_response_stream(**request)
    with pytest.raises(ClientError, match="AccessDenied"):
        cloud.client("sagemaker-runtime", streaming).invoke_endpoint(**request)
    remove(cloud, "streamed")


def test_containers_form_a_pipeline_or_are_invoked_directly(cloud: Aws, role: str) -> None:
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
    with pytest.raises(ClientError, match="remove TargetContainerHostname"):
        ask(cloud, serial, TargetContainerHostname="first")
    remove(cloud, "serial")
    remove(cloud, "direct")


def test_a_shadow_variant_receives_requests_and_its_responses_are_dropped(
    cloud: Aws, role: str
) -> None:
    endpoint = deploy(cloud, "shadow", shadowed(role))

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
    watch_errors(cloud)
    made = resources(role, container())
    endpoint = deploy(cloud, "canary", made)
    changed = resources(role, container("large"))
    changed["Endpoint"]["Properties"]["DeploymentConfig"] = CANARY
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
    statement = {
        "Effect": "Allow",
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
        "Resource": key,
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    cloud.client("iam").put_role_policy(
        RoleName="hosting", PolicyName="key", PolicyDocument=document
    )
    sagemaker, s3 = cloud.client("sagemaker"), cloud.client("s3")
    sagemaker.create_model(
        ModelName="sums", ExecutionRoleArn=role, PrimaryContainer=container("small")
    )
    s3.put_object(Bucket=BUCKET, Key="batch/rows.csv", Body=b"id-1,1,2\nid-2,3,4\n")

    sagemaker.create_transform_job(**transform_job("sums", key))

    def ended() -> Any:
        found = sagemaker.describe_transform_job(TransformJobName="sums")
        return found if found["TransformJobStatus"] != "InProgress" else None

    job = wait(ended, 60)
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    found = s3.get_object(Bucket=BUCKET, Key="predictions/rows.csv.out")
    assert found["Body"].read() == b"id-1,3.5\nid-2,7.5\n"
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", key)
