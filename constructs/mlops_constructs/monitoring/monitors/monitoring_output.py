"""Where a monitor writes what it finds: files in a bucket, metrics in a namespace."""

import re
from dataclasses import dataclass

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs._problems import is_known

from ._stored import prefix_problems

_NAMESPACE = re.compile(r"[^:][0-9A-Za-z.\-_/#:]{0,254}")
_LONGEST_URI = 512


@dataclass(frozen=True, kw_only=True)
class MonitoringOutput:
    """Where the findings of a monitor go; made by `MonitoringOutput.to_bucket`."""

    bucket: s3.IBucket
    prefix: str
    encryption_key: kms.IKey | None
    namespace: str | None

    @staticmethod
    def to_bucket(
        bucket: s3.IBucket,
        *,
        prefix: str = "monitoring",
        encryption_key: kms.IKey | None = None,
        namespace: str | None = None,
    ) -> "MonitoringOutput":
        """`statistics.json`, `constraints.json` and `constraint_violations.json` of each run, below
        `prefix/<endpoint>/<monitor>/yyyy/mm/dd/hh/`.

        Args:
            bucket: bucket of the same region.
            prefix: part of the bucket, without slashes around it.
            encryption_key: key of the reports and of the disks that a run works on. Left out: the
                bucket's own.
            namespace: namespace of the CloudWatch metrics. Left out: `MLOps/DriftMonitor` of a
                `DriftMonitor`; of a `ModelMonitor` the one in which AWS's own image puts the
                metrics of the question, such as `aws/sagemaker/Endpoints/data-metrics`. A
                `ModelMonitor` cannot choose what AWS does, only look elsewhere; AWS's own pages
                name more than one.

        Example:
            ```python
            MonitoringOutput.to_bucket(bucket, prefix="monitoring")
            ```
        """
        return MonitoringOutput(
            bucket=bucket,
            prefix=prefix,
            encryption_key=encryption_key or bucket.encryption_key,
            namespace=namespace,
        )

    @property
    def uri(self) -> str:
        return self.bucket.s3_url_for_object(self.prefix)

    @property
    def objects_arn(self) -> str:
        return self.bucket.arn_for_objects(f"{self.prefix}/*")

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        found = prefix_problems("reports prefix", self.prefix)
        # A bucket's name has at most 63 characters.
        if is_known(self.prefix) and len(self.prefix) > _LONGEST_URI - len("s3://") - 64:
            found.append(
                f"reports prefix: got {len(self.prefix)} characters; the S3 URI with it may have "
                f"{_LONGEST_URI}"
            )
        name = self.namespace
        if is_known(name) and name is not None:
            if not _NAMESPACE.fullmatch(name):
                found.append(
                    f"reports namespace: got {name!r}; allowed are 1 to 255 letters, digits and "
                    ". - _ / # : without a colon at the beginning"
                )
            elif name.startswith("AWS/"):
                found.append(
                    f"reports namespace: got {name!r}; allowed is any that does not begin with "
                    "AWS/, which is kept for AWS's services"
                )
        return found
