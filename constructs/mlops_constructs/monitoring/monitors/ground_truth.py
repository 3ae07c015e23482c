"""The answers that turned out to be right, which a model's quality is measured by."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from ._stored import prefix_problems


@dataclass(frozen=True, kw_only=True)
class GroundTruth:
    """Where ground truth is kept; made by `GroundTruth.in_bucket`."""

    bucket: s3.IBucket
    prefix: str
    delay: cdk.Duration

    @staticmethod
    def in_bucket(
        bucket: s3.IBucket, *, prefix: str, delay: cdk.Duration | None = None
    ) -> "GroundTruth":
        """JSON lines below `prefix/yyyy/mm/dd/hh/`, by the hour in which the label was collected.

        A line is `{"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata":
        {"eventId": "…"}, "eventVersion": "0"}`. The event id is the one of the captured request, or
        the `InferenceId` that the request was sent with.

        Args:
            bucket: bucket of the same region.
            prefix: part of the bucket, without slashes around it.
            delay: how late labels arrive; a run then looks at traffic that is as old, in whole
                hours. Left out: they are there when the run starts.

        Source: "Ingest ground truth labels and merge them with predictions" of SageMaker's
        developer guide.

        Example:
            ```python
            GroundTruth.in_bucket(bucket, prefix="ground-truth", delay=cdk.Duration.days(1))
            ```
        """
        return GroundTruth(bucket=bucket, prefix=prefix, delay=delay or cdk.Duration.hours(0))

    @property
    def delay_hours(self) -> int:
        return int(self.delay.to_hours(integral=False))

    @property
    def uri(self) -> str:
        return self.bucket.s3_url_for_object(self.prefix)

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        found = prefix_problems("ground truth prefix", self.prefix)
        if self.delay.to_hours(integral=False) != self.delay_hours:
            found.append(
                f"ground truth delay: got {self.delay.to_human_string()}; allowed are whole hours"
            )
        return found
