"""Batch transform jobs with a real container."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError, Members, ServedModel
from rehearsal.services.sagemaker.jobs.transform import transform_job
from tests.rehearsal.fakes import ROLE
from tests.rehearsal.job_fixtures import JobSurroundings
from tests.rehearsal.services.sagemaker.hosting.serving import definition


def transform(surroundings: JobSurroundings, **changes: Any) -> dict[str, Any]:
    bucket = surroundings.bucket
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/in/"}
    return {
        "TransformJobName": "t",
        "ModelName": "m",
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": f"s3://{bucket}/out", "AssembleWith": "Line"},
        "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
        **changes,
    }


def served(container: dict[str, Any]) -> ServedModel:
    return ServedModel(containers=[container], role_arn=ROLE)


def predict(surroundings: JobSurroundings, job: dict[str, Any]) -> Members:
    """Runs a transform job with the model `m`."""
    return transform_job.run(surroundings.job(job, grace=0), served(definition(surroundings)))


class TestTransformJob:
    @pytest.mark.parametrize(("strategy", "requests"), [("SingleRecord", 3), ("MultiRecord", 1)])
    def test_each_file_gets_its_predictions(
        self, job_surroundings: JobSurroundings, strategy: str, requests: int
    ) -> None:
        job_surroundings.put("in/deep/a.csv", "1\n2\n\n3\n")
        result = transform_job.run(
            job_surroundings.job(
                transform(
                    job_surroundings,
                    TransformJobName=strategy,
                    BatchStrategy=strategy,
                    MaxConcurrentTransforms=2,
                ),
                grace=0,
            ),
            served(definition(job_surroundings, text=strategy)),
        )
        assert result["TransformJobStatus"] == "Completed"
        expected = "".join(f"{strategy}:{number}\n" for number in (1, 2, 3))
        assert job_surroundings.get("out/deep/a.csv.out").decode() == expected
        assert result["TransformEndTime"] >= result["TransformStartTime"]
        lines = job_surroundings.log_lines(transform_job.LOG_GROUP, strategy)
        assert lines.count("request /invocations") == requests

    def test_objects_are_shared_among_several_instances(
        self, job_surroundings: JobSurroundings
    ) -> None:
        for name in ("a", "deep/b", "c"):
            job_surroundings.put(f"in/{name}.csv", f"{name}\n")
        job = transform(job_surroundings, TransformJobName="shared", BatchStrategy="SingleRecord")
        job["TransformResources"]["InstanceCount"] = 2
        assert predict(job_surroundings, job)["TransformJobStatus"] == "Completed"
        for name in ("a", "deep/b", "c"):
            assert job_surroundings.get(f"out/{name}.csv.out").decode() == f"m:{name}\n"
        logs = job_surroundings.session.client("logs")
        streams = logs.describe_log_streams(
            logGroupName=transform_job.LOG_GROUP, logStreamNamePrefix="shared/"
        )["logStreams"]
        requests = [
            job_surroundings.log_lines(transform_job.LOG_GROUP, one["logStreamName"]).count(
                "request /invocations"
            )
            for one in streams
        ]
        assert sorted(requests) == [1, 2]

    def test_failure_of_one_instance_ends_the_others(
        self, job_surroundings: JobSurroundings
    ) -> None:
        for number in range(40):
            job_surroundings.put(f"in/{number:02}.csv", "fail" if number == 0 else "sleep")
        job = transform(job_surroundings)
        job["TransformResources"]["InstanceCount"] = 2
        with pytest.raises(ExecutionFailedError, match=r"AlgorithmError: 00\.csv.* 500"):
            predict(job_surroundings, job)
        assert len(job_surroundings.keys("out")) < 3

    def test_a_file_can_be_sent_whole(self, job_surroundings: JobSurroundings) -> None:
        job_surroundings.put("in/a.csv", "1\n2\n")
        job = transform(job_surroundings)
        del job["TransformInput"]["SplitType"], job["TransformOutput"]["AssembleWith"]
        predict(job_surroundings, job)
        assert job_surroundings.get("out/a.csv.out") == b"m:1\nm:2"

    def test_a_rejected_record_fails_the_job(self, job_surroundings: JobSurroundings) -> None:
        job_surroundings.put("in/a.csv", "fail")
        with pytest.raises(
            ExecutionFailedError, match=r"AlgorithmError: a\.csv: Bad HTTP.* 500\. it broke"
        ):
            transform_job.run(
                job_surroundings.job(transform(job_surroundings), grace=0),
                served(definition(job_surroundings)),
            )
        assert job_surroundings.keys("out") == []

    def test_the_container_knows_that_it_is_a_batch(
        self, job_surroundings: JobSurroundings
    ) -> None:
        job_surroundings.put("in/a.csv", "environment")
        transform_job.run(
            job_surroundings.job(
                transform(job_surroundings, BatchStrategy="MultiRecord", MaxPayloadInMB=3), grace=0
            ),
            served(definition(job_surroundings)),
        )
        seen = job_surroundings.get("out/a.csv.out").decode()
        assert '"SAGEMAKER_BATCH": "true"' in seen
        assert '"SAGEMAKER_BATCH_STRATEGY": "MULTI_RECORD"' in seen
        assert '"SAGEMAKER_MAX_PAYLOAD_IN_MB": "3"' in seen

    def test_a_capture_lists_the_files_and_marks_each_prediction(
        self, job_surroundings: JobSurroundings
    ) -> None:
        job_surroundings.put("in/a.csv", "1\n2\n")
        job_surroundings.put("in/deep/b.csv", "3\n")
        bucket = job_surroundings.bucket
        job = transform(
            job_surroundings,
            DataCaptureConfig={
                "DestinationS3Uri": f"s3://{bucket}/capture",
                "GenerateInferenceId": True,
            },
        )
        job["TransformOutput"]["Accept"] = "text/csv"

        # Time was moved to the schedule of the job: its monitor looks for the hour of that time.
        night = datetime(2030, 12, 1, 3, 0, 5, tzinfo=UTC)
        transform_job.run(
            job_surroundings.job(job, grace=0), served(definition(job_surroundings)), lambda: night
        )

        listed = {}
        for side in ("input", "output"):
            (key,) = job_surroundings.keys(f"capture/{side}/2030/12/01/03/")
            listed[side] = json.loads(job_surroundings.get(key))
        assert listed == {
            "input": [{"prefix": f"s3://{bucket}/in/"}, "a.csv", "deep/b.csv"],
            "output": [{"prefix": f"s3://{bucket}/out/"}, "a.csv.out", "deep/b.csv.out"],
        }
        rows = [line.split(",") for line in job_surroundings.get("out/a.csv.out").decode().split()]
        assert [row[0] for row in rows] == ["m:1", "m:2"]
        assert len({row[1] for row in rows}) == 2
        assert {row[2] for row in rows} == {"2030-12-01T03:00:05Z"}
