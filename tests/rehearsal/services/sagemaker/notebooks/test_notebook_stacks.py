"""Notebooks, experiments and lineage behind the real server: stacks, IAM, and metrics by boto3."""

from __future__ import annotations

import base64
import copy
import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.conftest import ACCOUNT, REGION, Aws, running_server

SERVICES = (
    "rehearsal.services.sagemaker.service:SageMaker",
    "rehearsal.services.sagemaker.experiments.metrics:SageMakerMetrics",
)
TRUST = {"Service": "sagemaker.amazonaws.com"}
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
URL = "https://github.com/acme/churn.git"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:git-1a2b3c"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_server(tmp_path_factory.mktemp("notebooks"), SERVICES) as aws:
        yield aws


@pytest.fixture(scope="module")
def role(cloud: Aws) -> str:
    return cloud.role("notebook", TRUST)


def resources(role: str) -> dict[str, Any]:
    source = {"SourceUri": "s3://bucket/data"}
    return {
        "Repository": {
            "Type": "AWS::SageMaker::CodeRepository",
            "Properties": {"GitConfig": {"RepositoryUrl": URL, "Branch": "main"}},
        },
        "Setup": {
            "Type": "AWS::SageMaker::NotebookInstanceLifecycleConfig",
            "Properties": {
                "NotebookInstanceLifecycleConfigName": "setup",
                "OnStart": [{"Content": {"Fn::Base64": "#!/bin/bash"}}],
            },
        },
        "Lab": {
            "Type": "AWS::SageMaker::NotebookInstance",
            "Properties": {
                "NotebookInstanceName": "lab",
                "InstanceType": "ml.t3.medium",
                "RoleArn": role,
                "DefaultCodeRepository": {"Fn::GetAtt": ["Repository", "CodeRepositoryName"]},
                "LifecycleConfigName": {
                    "Fn::GetAtt": ["Setup", "NotebookInstanceLifecycleConfigName"]
                },
            },
        },
        "Experiment": {
            "Type": "AWS::SageMaker::Experiment",
            "Properties": {"ExperimentName": "churn", "Description": "who leaves"},
        },
        "Component": {
            "Type": "AWS::SageMaker::TrialComponent",
            "Properties": {"TrialComponentName": "step"},
        },
        "Data": {
            "Type": "AWS::SageMaker::Artifact",
            "Properties": {"ArtifactType": "DataSet", "Source": source},
        },
        "Release": {
            "Type": "AWS::SageMaker::Context",
            "Properties": {
                "ContextName": "release",
                "ContextType": "Release",
                "Source": {"SourceUri": {"Ref": "Data"}},
            },
        },
        "Approval": {
            "Type": "AWS::SageMaker::Action",
            "Properties": {
                "ActionName": "approval",
                "ActionType": "Approval",
                "Source": {"SourceUri": {"Fn::GetAtt": ["Release", "Arn"]}},
                "Status": "InProgress",
            },
        },
    }


def test_a_stack_of_records_is_created_changed_and_deleted(cloud: Aws, role: str) -> None:
    sagemaker = cloud.client("sagemaker")
    outputs = {name: {"Value": {"Ref": name}} for name in resources(role)}
    made = cloud.deploy("records", resources(role), outputs=outputs)
    assert made["StackStatus"] == "CREATE_COMPLETE", made["Reasons"]
    refs = {one["OutputKey"]: one["OutputValue"] for one in made["Outputs"]}
    assert refs["Lab"] == f"{ARN}:notebook-instance/lab"
    assert refs["Experiment"] == f"{ARN}:experiment/churn"
    script = sagemaker.describe_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName="setup"
    )["OnStart"][0]["Content"]
    assert base64.b64decode(script) == b"#!/bin/bash"

    changed = copy.deepcopy(resources(role))
    changed["Lab"]["Properties"]["InstanceType"] = "ml.m5.xlarge"
    del changed["Lab"]["Properties"]["LifecycleConfigName"]
    changed["Repository"]["Properties"]["GitConfig"]["SecretArn"] = SECRET
    changed["Experiment"]["Properties"]["Description"] = "who stays"
    changed["Approval"]["Properties"]["Status"] = "Completed"
    updated = cloud.deploy("records", changed, outputs=outputs, update=True)
    assert updated["StackStatus"] == "UPDATE_COMPLETE", updated["Reasons"]

    lab = sagemaker.describe_notebook_instance(NotebookInstanceName="lab")
    assert (lab["InstanceType"], lab["NotebookInstanceStatus"]) == ("ml.m5.xlarge", "InService")
    assert "NotebookInstanceLifecycleConfigName" not in lab
    repository = sagemaker.list_code_repositories()["CodeRepositorySummaryList"][0]
    assert repository["GitConfig"]["SecretArn"] == SECRET
    assert sagemaker.describe_experiment(ExperimentName="churn")["Description"] == "who stays"
    assert sagemaker.describe_action(ActionName="approval")["Status"] == "Completed"

    cloud.client("cloudformation").delete_stack(StackName=made["StackId"])
    assert cloud.settled(made["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert sagemaker.list_notebook_instances()["NotebookInstances"] == []
    assert sagemaker.list_code_repositories()["CodeRepositorySummaryList"] == []
    assert sagemaker.list_experiments()["ExperimentSummaries"] == []
    assert sagemaker.list_artifacts()["ArtifactSummaries"] == []


def test_metrics_need_the_permission_for_their_component(cloud: Aws) -> None:
    sagemaker = cloud.client("sagemaker")
    for name in ("mine", "theirs"):
        sagemaker.create_trial_component(TrialComponentName=name)
    allowed = {
        "Action": "sagemaker:BatchPutMetrics",
        "Resource": f"{ARN}:experiment-trial-component/mine",
    }
    metrics = cloud.client("sagemaker-metrics", cloud.person("researcher", allowed))
    datum = {
        "MetricName": "loss",
        "Timestamp": datetime.datetime.now(datetime.UTC),
        "Step": 1,
        "Value": 0.25,
    }

    metrics.batch_put_metrics(TrialComponentName="mine", MetricData=[datum])
    with pytest.raises(ClientError) as denied:
        metrics.batch_put_metrics(TrialComponentName="theirs", MetricData=[datum])

    assert denied.value.response["Error"]["Code"] == "AccessDeniedException"
    (loss,) = sagemaker.describe_trial_component(TrialComponentName="mine")["Metrics"]
    assert (loss["Last"], loss["Count"]) == (0.25, 1)
