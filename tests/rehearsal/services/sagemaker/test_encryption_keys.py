"""The permissions on a KMS key that a request with an encrypted volume or file system needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.fakes import CALLER, ROLE, SCOPE, FakePlatform
from tests.rehearsal.services.sagemaker import requests

KEY = SCOPE.arn("kms", "key/of-volumes")
GRANT = "kms:CreateGrant"
FOR_AWS = {
    "kms:GrantIsForAWSResource": "true",
    "kms:ViaService": "sagemaker.us-east-1.amazonaws.com",
}

Call = Callable[[Any, str], Any]


def processing(sagemaker: Any, key: str) -> Any:
    request = requests.processing_job()
    request["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] = key
    return sagemaker.create_processing_job(**request)


def training(sagemaker: Any, key: str) -> Any:
    request = requests.training_job()
    request["ResourceConfig"]["VolumeKmsKeyId"] = key
    return sagemaker.create_training_job(**request)


def transform(sagemaker: Any, key: str) -> Any:
    sagemaker.create_model(**requests.model())
    return sagemaker.create_transform_job(
        TransformJobName="score",
        ModelName="churn",
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in"}}
        },
        TransformOutput={"S3OutputPath": "s3://bucket/out"},
        TransformResources={
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeKmsKeyId": key,
        },
    )


def tuning(sagemaker: Any, key: str) -> Any:
    request = requests.tuning_job()
    request["TrainingJobDefinition"]["ResourceConfig"]["VolumeKmsKeyId"] = key
    return sagemaker.create_hyper_parameter_tuning_job(**request)


def endpoint(sagemaker: Any, key: str) -> Any:
    sagemaker.create_model(**requests.model())
    sagemaker.create_endpoint_config(**requests.endpoint_config(KmsKeyId=key))
    return sagemaker.create_endpoint(EndpointName="churn", EndpointConfigName="config")


def domain(sagemaker: Any, key: str) -> Any:
    return sagemaker.create_domain(
        DomainName="research",
        AuthMode="IAM",
        HomeEfsFileSystemCreation="Disabled",
        KmsKeyId=key,
        DefaultUserSettings={"ExecutionRole": ROLE},
    )


def notebook(sagemaker: Any, key: str) -> Any:
    return sagemaker.create_notebook_instance(
        NotebookInstanceName="Lab", InstanceType="ml.t3.medium", RoleArn=ROLE, KmsKeyId=key
    )


JOBS = (processing, training, transform, tuning)
BY_CALLER = [
    (endpoint, GRANT),
    *((domain, f"kms:{name}") for name in ("CreateGrant", "Decrypt", "DescribeKey")),
    (domain, "kms:GenerateDataKeyWithoutPlaintext"),
    *((notebook, f"kms:{name}") for name in ("CreateGrant", "DescribeKey")),
]


@pytest.mark.parametrize("create", [*JOBS, endpoint, domain, notebook])
def test_a_key_that_does_not_exist_is_rejected(sagemaker: Any, create: Call) -> None:
    with pytest.raises(ClientError, match="The KMS key none cannot be used: no such key"):
        create(sagemaker, "none")


@pytest.mark.parametrize("create", JOBS)
def test_a_job_needs_a_role_or_a_caller_that_may_create_a_grant(
    sagemaker: Any, platform: FakePlatform, create: Call
) -> None:
    platform.denied_to = {(GRANT, ROLE), (GRANT, CALLER.caller_arn)}

    with pytest.raises(
        ClientError, match=f"{CALLER.caller_arn} is not authorized to perform: {GRANT}"
    ):
        create(sagemaker, KEY)


@pytest.mark.parametrize("principal", [ROLE, CALLER.caller_arn])
@pytest.mark.parametrize("create", JOBS)
def test_the_permission_of_either_is_enough_for_a_job(
    sagemaker: Any, platform: FakePlatform, create: Call, principal: str
) -> None:
    platform.denied_to = {(GRANT, principal)}

    create(sagemaker, KEY)

    asked = zip(platform.asked, platform.keys_asked, strict=True)
    keys = [each for (_, action, arn), each in asked if (action, arn) == (GRANT, KEY)]
    assert keys
    assert all(each.items() >= FOR_AWS.items() for each in keys)


@pytest.mark.parametrize(("create", "action"), BY_CALLER)
def test_other_callers_need_the_permission_themselves(
    sagemaker: Any, platform: FakePlatform, create: Call, action: str
) -> None:
    platform.denied_to = {(action, CALLER.caller_arn)}

    with pytest.raises(
        ClientError, match=f"{CALLER.caller_arn} is not authorized to perform: {action}"
    ):
        create(sagemaker, KEY)


def test_an_update_to_a_configuration_with_a_key_needs_the_permission(
    sagemaker: Any, platform: FakePlatform, settle: Callable[[str], Any]
) -> None:
    sagemaker.create_model(**requests.model())
    sagemaker.create_endpoint_config(**requests.endpoint_config())
    sagemaker.create_endpoint_config(**requests.endpoint_config("encrypted", KmsKeyId=KEY))
    sagemaker.create_endpoint(EndpointName="churn", EndpointConfigName="config")
    settle("churn")
    platform.denied_to = {(GRANT, CALLER.caller_arn)}

    with pytest.raises(ClientError, match=GRANT):
        sagemaker.update_endpoint(EndpointName="churn", EndpointConfigName="encrypted")

    found = sagemaker.describe_endpoint(EndpointName="churn")
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "config")


def test_the_deletion_of_a_notebook_instance_needs_its_key(
    sagemaker: Any, platform: FakePlatform, eventually: Callable[..., Any]
) -> None:
    notebook(sagemaker, KEY)

    def status() -> str:
        found = sagemaker.describe_notebook_instance(NotebookInstanceName="Lab")
        return str(found["NotebookInstanceStatus"])

    eventually(lambda: status() == "InService")
    sagemaker.stop_notebook_instance(NotebookInstanceName="Lab")
    eventually(lambda: status() == "Stopped")
    platform.denied_to = {("kms:DescribeKey", CALLER.caller_arn)}

    with pytest.raises(ClientError, match="kms:DescribeKey"):
        sagemaker.delete_notebook_instance(NotebookInstanceName="Lab")

    assert status() == "Stopped"


def test_text_that_is_no_key_of_a_volume_is_not_checked(
    sagemaker: Any, platform: FakePlatform
) -> None:
    request = requests.processing_job()

    sagemaker.create_processing_job(**request, Environment={"VolumeKmsKeyId": "none"})

    assert GRANT not in {action for _, action, _ in platform.asked}
