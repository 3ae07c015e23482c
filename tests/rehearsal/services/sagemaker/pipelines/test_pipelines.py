"""Pipelines: definitions, versions, what cannot run, deletion."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.fakes import ROLE, FakePlatform
from tests.rehearsal.services.sagemaker.data_plane import (
    FakeDataPlane,
    runs_until_stopped,
)
from tests.rehearsal.services.sagemaker.pipelines.pipeline_runs import (
    EVALUATE,
    Eventually,
    Run,
    definition,
    processing,
    runner,
)


@pytest.fixture
def run(sagemaker: Any, eventually: Eventually) -> Run:
    return runner(sagemaker, eventually)


def test_an_update_makes_a_version_and_old_executions_keep_theirs(sagemaker: Any, run: Run) -> None:
    execution = run(definition(processing("First")))

    updated = sagemaker.update_pipeline(
        PipelineName="churn-train", PipelineDefinition=definition(processing("New"))
    )

    assert updated["PipelineVersionId"] == 2
    used = sagemaker.describe_pipeline_definition_for_execution(
        PipelineExecutionArn=execution["PipelineExecutionArn"]
    )
    assert "First" in used["PipelineDefinition"]
    assert "New" in sagemaker.describe_pipeline(PipelineName="churn-train")["PipelineDefinition"]


def test_versions_are_searched(sagemaker: Any, run: Run) -> None:
    run(definition(processing("First")))
    sagemaker.update_pipeline(
        PipelineName="churn-train", PipelineDefinition=definition(processing("New"))
    )
    second = {"Name": "PipelineVersionId", "Operator": "Equals", "Value": "2"}

    found = sagemaker.search(Resource="PipelineVersion", SearchExpression={"Filters": [second]})

    (version,) = (result["PipelineVersion"] for result in found["Results"])
    assert version["PipelineArn"].endswith(":pipeline/churn-train")
    assert version["PipelineVersionId"] == 2


def test_a_definition_can_lie_on_s3_if_the_caller_may_read_it(
    sagemaker: Any, platform: FakePlatform
) -> None:
    platform.objects["s3://bucket/pipeline.json"] = definition(processing("First")).encode()
    request = {
        "PipelineName": "p",
        "RoleArn": ROLE,
        "ClientRequestToken": "a" * 32,
        "PipelineDefinitionS3Location": {"Bucket": "bucket", "ObjectKey": "pipeline.json"},
    }
    platform.denied.add(("s3:GetObject", "arn:aws:s3:::bucket/pipeline.json"))
    with pytest.raises(ClientError, match="s3:GetObject"):
        sagemaker.create_pipeline(**request)

    platform.denied.clear()
    sagemaker.create_pipeline(**request)
    assert "First" in sagemaker.describe_pipeline(PipelineName="p")["PipelineDefinition"]


def test_a_pipeline_is_not_found_in_aws_words(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match=r"Pipeline 'arn:.*:pipeline/x' does not exist") as caught:
        sagemaker.describe_pipeline(PipelineName="x")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFound"


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"Name": "F", "Type": "EMR", "Arguments": {}}, "does not run steps of type EMR"),
        (processing("F", DependsOn=["G"]), "DependsOn names the unknown step G"),
        (
            {
                **processing("F"),
                "Arguments": {**EVALUATE["Arguments"], "ExperimentConfig": {"a": 1}},
            },
            "ExperimentConfig",
        ),
    ],
)
def test_a_definition_that_cannot_run_makes_no_pipeline(
    sagemaker: Any, step: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message) as caught:
        sagemaker.create_pipeline(
            PipelineName="churn-train",
            PipelineDefinition=definition(step),
            RoleArn=ROLE,
            ClientRequestToken="a" * 32,
        )

    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert not sagemaker.list_pipelines()["PipelineSummaries"]


def test_a_deleted_pipeline_takes_its_executions_along(sagemaker: Any, run: Run) -> None:
    execution = run(definition(processing("First")))

    sagemaker.delete_pipeline(PipelineName="churn-train", ClientRequestToken="a" * 32)

    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_pipeline_execution(
            PipelineExecutionArn=execution["PipelineExecutionArn"]
        )


def test_a_running_pipeline_is_not_deleted(
    sagemaker: Any, data_plane: FakeDataPlane, eventually: Eventually
) -> None:
    data_plane.behaviour["First"] = runs_until_stopped
    sagemaker.create_pipeline(
        PipelineName="churn-train",
        PipelineDefinition=definition(processing("First")),
        RoleArn=ROLE,
        ClientRequestToken="a" * 32,
    )
    sagemaker.start_pipeline_execution(PipelineName="churn-train", ClientRequestToken="d" * 32)
    eventually(lambda: data_plane.runs)

    with pytest.raises(ClientError, match="is running: stop") as caught:
        sagemaker.delete_pipeline(PipelineName="churn-train", ClientRequestToken="a" * 32)

    assert caught.value.response["Error"]["Code"] == "ConflictException"


def test_versions_are_listed_described_and_named(sagemaker: Any, run: Run) -> None:
    execution = run(definition(processing("First")))
    sagemaker.update_pipeline(
        PipelineName="churn-train", PipelineDefinition=definition(processing("New"))
    )
    arn = sagemaker.describe_pipeline(PipelineName="churn-train")["PipelineArn"]

    updated = sagemaker.update_pipeline_version(
        PipelineArn=arn,
        PipelineVersionId=1,
        PipelineVersionDisplayName="first",
        PipelineVersionDescription="The first one",
    )

    assert updated == {"PipelineArn": arn, "PipelineVersionId": 1}
    newest, first = sagemaker.list_pipeline_versions(PipelineName="churn-train")[
        "PipelineVersionSummaries"
    ]
    assert newest["PipelineVersionId"] == 2
    assert "LastExecutionPipelineExecutionArn" not in newest
    first.pop("CreationTime")
    assert first == {
        "PipelineArn": arn,
        "PipelineVersionId": 1,
        "PipelineVersionDisplayName": "first",
        "PipelineVersionDescription": "The first one",
        "LastExecutionPipelineExecutionArn": execution["PipelineExecutionArn"],
    }
    described = sagemaker.describe_pipeline(PipelineName="churn-train", PipelineVersionId=1)
    assert described["PipelineVersionDisplayName"] == "first"
    assert "First" in described["PipelineDefinition"]


def test_a_version_that_is_not_there_is_not_found(sagemaker: Any, run: Run) -> None:
    run(definition(processing("First")))
    arn = sagemaker.describe_pipeline(PipelineName="churn-train")["PipelineArn"]

    with pytest.raises(ClientError, match="has no version 2; it has 1 to 1") as caught:
        sagemaker.update_pipeline_version(PipelineArn=arn, PipelineVersionId=2)

    assert caught.value.response["Error"]["Code"] == "ResourceNotFound"
