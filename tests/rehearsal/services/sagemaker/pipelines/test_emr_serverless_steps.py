"""EMR Serverless steps run jobs of the service, in an application that exists or is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.services.emr_serverless import EmrServerless
from tests.rehearsal.fakes import ROLE, FakePlatform
from tests.rehearsal.in_process import InProcess
from tests.rehearsal.services.emr_serverless.spark_jobs import FakeSpark
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane
from tests.rehearsal.services.sagemaker.pipelines.pipeline_runs import (
    Eventually,
    Run,
    definition,
    processing,
    runner,
    steps_of,
)

JOB = {
    "executionRoleArn": ROLE,
    "jobDriver": {"sparkSubmit": {"entryPoint": "s3://bucket/count.py"}},
}
CONFIG = {"releaseLabel": "emr-7.5.0", "type": "SPARK"}
LATER = processing("Later")
LATER["Arguments"]["Environment"] = {"STATE": {"Get": "Steps.Spark.jobRun.state"}}


def spark_step(**arguments: Any) -> dict[str, Any]:
    given = {"ExecutionRoleArn": ROLE, "JobConfig": JOB, **arguments}
    return {"Name": "Spark", "Type": "EMRServerless", "Arguments": given}


@pytest.fixture
def spark() -> FakeSpark:
    return FakeSpark()


@pytest.fixture
def emr(platform: FakePlatform, spark: FakeSpark) -> Iterator[Any]:
    service = EmrServerless(platform, spark)
    platform.clients["emr-serverless"] = InProcess(service).client()
    yield platform.clients["emr-serverless"]
    service.close()


@pytest.fixture
def run(sagemaker: Any, eventually: Eventually, emr: Any) -> Run:
    return runner(sagemaker, eventually)


def test_a_job_runs_in_an_application_and_has_the_properties_of_its_response(
    emr: Any, run: Run, spark: FakeSpark, data_plane: FakeDataPlane
) -> None:
    application = emr.create_application(**CONFIG)["applicationId"]
    execution = run(definition(spark_step(ApplicationId=application), LATER))
    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert spark.jobs[0].record["jobDriver"] == JOB["jobDriver"]
    assert data_plane.runs[0].request["Environment"] == {"STATE": "SUCCESS"}


def test_an_application_of_the_step_is_removed_after_it(
    emr: Any, run: Run, spark: FakeSpark
) -> None:
    execution = run(definition(spark_step(ApplicationConfig=CONFIG)))
    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert len(spark.jobs) == 1
    states = [one["state"] for one in emr.list_applications()["applications"]]
    assert states == ["TERMINATED"]


def test_a_failed_job_fails_the_step(sagemaker: Any, emr: Any, run: Run, spark: FakeSpark) -> None:
    spark.failure = "no such column"
    execution = run(definition(spark_step(ApplicationConfig=CONFIG)))
    assert execution["PipelineExecutionStatus"] == "Failed"
    reason = steps_of(sagemaker, execution)["Spark"]["FailureReason"]
    assert "ended in the state FAILED: Job failed: no such column" in reason


def test_a_job_that_cannot_be_started_fails_the_step(sagemaker: Any, run: Run) -> None:
    execution = run(definition(spark_step(ApplicationId="00absent")))
    reason = steps_of(sagemaker, execution)["Spark"]["FailureReason"]
    assert "Failed to invoke emr-serverless:StartJobRun" in reason
    assert "Application 00absent does not exist" in reason


def test_a_stopped_execution_cancels_the_job(
    sagemaker: Any, emr: Any, spark: FakeSpark, eventually: Eventually
) -> None:
    spark.held.clear()
    sagemaker.create_pipeline(
        PipelineName="spark",
        PipelineDefinition=definition(spark_step(ApplicationConfig=CONFIG)),
        RoleArn=ROLE,
        ClientRequestToken="a" * 32,
    )
    arn = sagemaker.start_pipeline_execution(PipelineName="spark", ClientRequestToken="b" * 32)[
        "PipelineExecutionArn"
    ]
    eventually(lambda: spark.jobs)
    sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="c" * 32)

    def stopped() -> bool:
        found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        return bool(found["PipelineExecutionStatus"] == "Stopped")

    eventually(stopped)
    assert spark.jobs[0].stop.is_set()


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        (spark_step(), "needs either ApplicationId or ApplicationConfig"),
        (
            spark_step(ApplicationId="a", ApplicationConfig=CONFIG),
            "needs either ApplicationId or ApplicationConfig",
        ),
        (spark_step(ApplicationId="a", Cluster=1), "Unknown Argument member 'Cluster'"),
        (spark_step(ApplicationId="a", JobConfig=None), "JobConfig is required"),
        (spark_step(ApplicationId="a", ExecutionRoleArn=None), "ExecutionRoleArn is required"),
        (spark_step(ApplicationConfig={"type": "SPARK"}), "ApplicationConfig.releaseLabel"),
        (
            spark_step(ApplicationId="a", JobConfig={**JOB, "driver": 1}),
            "Unknown Argument member 'driver'",
        ),
    ],
)
def test_each_mistake_is_named(sagemaker: Any, step: dict[str, Any], problem: str) -> None:
    with pytest.raises(Exception, match=problem):
        sagemaker.create_pipeline(
            PipelineName="wrong",
            PipelineDefinition=definition(step),
            RoleArn=ROLE,
            ClientRequestToken="a" * 32,
        )


def test_a_property_that_the_response_does_not_have_is_named(sagemaker: Any) -> None:
    later = json.loads(json.dumps(LATER).replace("jobRun.state", "jobRun.status"))
    with pytest.raises(Exception, match="status is not a property of JobRun"):
        sagemaker.create_pipeline(
            PipelineName="wrong",
            PipelineDefinition=definition(spark_step(ApplicationId="a"), later),
            RoleArn=ROLE,
            ClientRequestToken="a" * 32,
        )
