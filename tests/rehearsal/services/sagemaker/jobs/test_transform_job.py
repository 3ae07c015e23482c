"""Batch transform jobs with a real container."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.services.sagemaker.data.failure import JobFailedError
from rehearsal.services.sagemaker.jobs.transform import transform_job
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


class TestTransformJob:
    @pytest.mark.parametrize(("strategy", "requests"), [("SingleRecord", 3), ("MultiRecord", 1)])
    def test_each_file_gets_its_predictions(
        self, job_surroundings: JobSurroundings, strategy: str, requests: int
    ) -> None:
        job_surroundings.put("in/deep/a.csv", "1\n2\n\n3\n")
        result = transform_job.run(
            transform(
                job_surroundings,
                TransformJobName=strategy,
                BatchStrategy=strategy,
                MaxConcurrentTransforms=2,
            ),
            containers=[definition(job_surroundings, text=strategy)],
            grace=0,
            **job_surroundings.arguments(),
        )
        assert result.status == "Completed"
        expected = "".join(f"{strategy}:{number}\n" for number in (1, 2, 3))
        assert job_surroundings.get("out/deep/a.csv.out").decode() == expected
        assert result.fields["TransformEndTime"] >= result.fields["TransformStartTime"]
        lines = job_surroundings.log_lines(transform_job.LOG_GROUP, strategy)
        assert lines.count("request /invocations") == requests

    def test_a_file_can_be_sent_whole(self, job_surroundings: JobSurroundings) -> None:
        job_surroundings.put("in/a.csv", "1\n2\n")
        job = transform(job_surroundings)
        del job["TransformInput"]["SplitType"], job["TransformOutput"]["AssembleWith"]
        transform_job.run(
            job,
            containers=[definition(job_surroundings)],
            grace=0,
            **job_surroundings.arguments(),
        )
        assert job_surroundings.get("out/a.csv.out") == b"m:1\nm:2"

    def test_a_refused_record_fails_the_job(self, job_surroundings: JobSurroundings) -> None:
        job_surroundings.put("in/a.csv", "fail")
        with pytest.raises(
            JobFailedError, match=r"AlgorithmError: a\.csv: Bad HTTP.* 500\. it broke"
        ):
            transform_job.run(
                transform(job_surroundings),
                containers=[definition(job_surroundings)],
                grace=0,
                **job_surroundings.arguments(),
            )
        assert job_surroundings.keys("out") == []

    def test_the_container_knows_that_it_is_a_batch(
        self, job_surroundings: JobSurroundings
    ) -> None:
        job_surroundings.put("in/a.csv", "environment")
        transform_job.run(
            transform(job_surroundings, BatchStrategy="MultiRecord", MaxPayloadInMB=3),
            containers=[definition(job_surroundings)],
            grace=0,
            **job_surroundings.arguments(),
        )
        seen = job_surroundings.get("out/a.csv.out").decode()
        assert '"SAGEMAKER_BATCH": "true"' in seen
        assert '"SAGEMAKER_BATCH_STRATEGY": "MULTI_RECORD"' in seen
        assert '"SAGEMAKER_MAX_PAYLOAD_IN_MB": "3"' in seen

    def test_a_capture_lists_the_files_and_marks_each_answer(
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

        result = transform_job.run(
            job,
            containers=[definition(job_surroundings)],
            grace=0,
            **job_surroundings.arguments(),
        )

        started = result.fields["TransformStartTime"]
        listed = {}
        for side in ("input", "output"):
            (key,) = job_surroundings.keys(f"capture/{side}/{started:%Y/%m/%d/%H}/")
            listed[side] = json.loads(job_surroundings.get(key))
        assert listed == {
            "input": [{"prefix": f"s3://{bucket}/in/"}, "a.csv", "deep/b.csv"],
            "output": [{"prefix": f"s3://{bucket}/out/"}, "a.csv.out", "deep/b.csv.out"],
        }
        rows = [line.split(",") for line in job_surroundings.get("out/a.csv.out").decode().split()]
        assert [row[0] for row in rows] == ["m:1", "m:2"]
        assert len({row[1] for row in rows}) == 2
        assert {row[2] for row in rows} == {f"{started:%Y-%m-%dT%H:%M:%SZ}"}

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda job: job["TransformInput"].update(SplitType="RecordIO"), "SplitType RecordIO"),
            (lambda job: job["TransformInput"].update(CompressionType="Gzip"), "CompressionType"),
            (
                lambda job: job.update(DataProcessing={"JoinSource": "Input"}),
                "DataProcessing with Accept None",
            ),
            (
                lambda job: job["TransformResources"].update(InstanceCount=2),
                "2 transform instances",
            ),
            (
                lambda job: job.update(
                    DataCaptureConfig={"DestinationS3Uri": "s3://b/c", "GenerateInferenceId": True}
                ),
                "GenerateInferenceId with Accept None",
            ),
        ],
    )
    def test_what_is_not_supported_is_refused_by_name(
        self,
        job_surroundings: JobSurroundings,
        change: Callable[[dict[str, Any]], Any],
        message: str,
    ) -> None:
        job = transform(job_surroundings)
        change(job)
        with pytest.raises(JobFailedError, match=message):
            transform_job.run(job, containers=[], **job_surroundings.arguments())
