"""Defaults of the SageMaker SDK: what the script writes is what the SDK takes."""

import base64
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
import yaml
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs.network import Network
from mlops_constructs.studio import LifecycleConfig, Script, SdkDefaults, StudioApp

from .conftest import ROLE_ARN, Resources, only

KEY = "arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-0000-0000-000000000000"
TAGS = {"sagemaker:project-name": "churn"}


def defaults(stack: cdk.Stack) -> SdkDefaults:
    return SdkDefaults(
        role=iam.Role.from_role_arn(stack, "Role", ROLE_ARN),
        bucket=s3.Bucket.from_bucket_name(stack, "Bucket", "churn-data"),
        network=Network.from_ids(
            stack,
            "Network",
            vpc_id="vpc-0a1b2c3d",
            subnet_ids=["subnet-0a1b2c3d"],
            security_group_ids=["sg-0a1b2c3d"],
        ),
        key=kms.Key.from_key_arn(stack, "Key", KEY),
        tags=TAGS,
    )


def run(script: Script, home: Path) -> subprocess.CompletedProcess[str]:
    """Runs a script as Studio does, in somebody's home."""
    file = home / "script.sh"
    file.write_text(script.text)
    return subprocess.run(
        ["bash", str(file)],
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


def written(home: Path) -> Path:
    return home / ".config/sagemaker/config.yaml"


def test_the_sdk_takes_the_file_that_the_script_writes(stack: cdk.Stack, tmp_path: Path) -> None:
    from sagemaker.core.config.config import load_sagemaker_config

    assert run(Script.sdk_defaults(defaults(stack)), tmp_path).returncode == 0

    # The SDK validates the file by its own schema.
    loaded = load_sagemaker_config([str(written(tmp_path))])["SageMaker"]
    assert loaded["PythonSDK"]["Modules"]["Session"] == {
        "DefaultS3Bucket": "churn-data",
        "DefaultS3ObjectKeyPrefix": "runs",
    }
    assert loaded["PythonSDK"]["Modules"]["TelemetryOptOut"] is True
    for section in ("TrainingJob", "ProcessingJob", "Pipeline"):
        assert loaded[section]["RoleArn"] == ROLE_ARN
    for section in ("TrainingJob", "ProcessingJob", "TransformJob", "Pipeline", "Model"):
        assert loaded[section]["Tags"] == [{"Key": "sagemaker:project-name", "Value": "churn"}]
    assert loaded["ProcessingJob"]["NetworkConfig"] == {
        "EnableInterContainerTrafficEncryption": True,
        "VpcConfig": {"SecurityGroupIds": ["sg-0a1b2c3d"], "Subnets": ["subnet-0a1b2c3d"]},
    }
    cluster = loaded["ProcessingJob"]["ProcessingResources"]["ClusterConfig"]
    assert cluster == {"VolumeKmsKeyId": KEY}
    assert loaded["EndpointConfig"]["KmsKeyId"] == KEY


@pytest.mark.parametrize("given", [{"tags": TAGS}, {"key": True}, {"network": True}])
def test_omitted_values_are_no_defaults(
    stack: cdk.Stack, tmp_path: Path, given: dict[str, Any]
) -> None:
    from sagemaker.core.config.config import load_sagemaker_config

    whole = defaults(stack)
    given = {name: getattr(whole, name) for name in given}
    run(Script.sdk_defaults(SdkDefaults(**given)), tmp_path)

    load_sagemaker_config([str(written(tmp_path))])
    text = written(tmp_path).read_text()
    assert ("RoleArn" in text, "DefaultS3Bucket" in text) == (False, False)
    assert ("KmsKeyId" in text, "Subnets" in text) == ("key" in given, "network" in given)


def test_it_is_written_anew_at_each_start_and_a_persons_own_file_is_left_alone(
    stack: cdk.Stack, tmp_path: Path
) -> None:
    script = Script.sdk_defaults(defaults(stack))
    for _ in range(2):
        assert run(script, tmp_path).returncode == 0
    assert yaml.safe_load(written(tmp_path).read_text())["SchemaVersion"] == "1.0"

    written(tmp_path).write_text("SchemaVersion: '1.0'\n")
    told = run(script, tmp_path)

    assert told.returncode == 0, "the application starts nevertheless"
    assert "not written by this script" in told.stderr
    assert written(tmp_path).read_text() == "SchemaVersion: '1.0'\n"


def test_one_application_runs_several_scripts_one_after_the_other(
    stack: cdk.Stack, tmp_path: Path
) -> None:
    first = Script.from_text("#!/bin/bash\nset -eu\ntouch ~/first")

    run(first.then(Script.sdk_defaults(defaults(stack))), tmp_path)

    assert (tmp_path / "first").exists()
    assert written(tmp_path).exists()


def test_what_only_the_deployment_knows_is_encoded_there(
    stack: cdk.Stack, resources: Resources
) -> None:
    bucket = s3.Bucket(stack, "Own")
    LifecycleConfig(
        stack,
        "Defaults",
        app=StudioApp.JUPYTER_LAB,
        script=Script.sdk_defaults(SdkDefaults(bucket=bucket)),
    )

    made = only(resources("StudioLifecycleConfig"))["Properties"]
    content = made["StudioLifecycleConfigContent"]
    assert "Fn::Base64" in content
    assert '{"Ref": "Own' in json.dumps(content)
    assert made["StudioLifecycleConfigName"].startswith("S-Defaults-")


def test_what_is_known_is_encoded_here(stack: cdk.Stack, resources: Resources) -> None:
    script = Script.sdk_defaults(SdkDefaults(tags=TAGS))
    LifecycleConfig(stack, "Defaults", app=StudioApp.CODE_EDITOR, script=script)

    made = only(resources("StudioLifecycleConfig"))["Properties"]
    assert base64.b64decode(made["StudioLifecycleConfigContent"]).decode() == script.text


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "got no defaults; give a role, bucket, network, key or tags"),
        ({"tags": TAGS, "prefix": "/runs"}, "prefix: got '/runs'; allowed is a path without"),
        ({"tags": TAGS, "prefix": ""}, "prefix: got ''; allowed is a path without"),
    ],
)
def test_defaults_that_would_not_work_are_rejected(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match="SdkDefaults cannot be defined") as raised:
        SdkDefaults(**given)
    assert problem in str(raised.value)


def test_subnets_that_only_the_deployment_knows_are_rejected() -> None:
    class Imported:
        subnet_ids = cdk.Token.as_list({"Fn::Split": [",", "a,b"]})
        security_group_ids = ("sg-0a1b2c3d",)

    with pytest.raises(ValueError, match="a list of subnets that is a token"):
        SdkDefaults(network=Imported())
