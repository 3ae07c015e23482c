"""Ground truth: the actual labels that predictions are compared with."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from ._stored import prefix_problems


@dataclass(frozen=True, kw_only=True)
class GroundTruth:
    """The location of ground truth labels; use its static factories."""

    bucket: s3.IBucket
    prefix: str
    delay: cdk.Duration

    @staticmethod
    def in_bucket(
        bucket: s3.IBucket, *, prefix: str, delay: cdk.Duration | None = None
    ) -> "GroundTruth":
        """Returns labels in JSON lines below `prefix/yyyy/mm/dd/hh/`, by the hour of collection.

        A line is `{"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata":
        {"eventId": "…"}, "eventVersion": "0"}`. The event id is that of the captured request, or
        the `InferenceId` of the request.

        Args:
            bucket: bucket of the same region.
            prefix: prefix of the labels, without leading or trailing slash.
            delay: time until labels arrive, in whole hours; a run analyses traffic that is older by
                this time. Defaults to None: labels are available when the run starts.

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
        """The delay in hours."""
        return int(self.delay.to_hours(integral=False))

    @property
    def uri(self) -> str:
        """The S3 URI of the labels."""
        return self.bucket.s3_url_for_object(self.prefix)

    def problems(self) -> list[str]:
        """Validates the ground truth; returns one message per problem."""
        found = prefix_problems("ground_truth prefix", self.prefix)
        if self.delay.to_hours(integral=False) != self.delay_hours:
            found.append(
                f"ground_truth delay: got {self.delay.to_human_string()}; allowed are whole hours"
            )
        return found
