"""Output of monitors: reports in a bucket and metrics in a namespace."""

import re
from dataclasses import dataclass

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs._problems import is_known

from ._stored import prefix_problems

_NAMESPACE = re.compile(r"[^:][0-9A-Za-z.\-_/#:]{0,254}")
_MAX_URI_LENGTH = 512


@dataclass(frozen=True, kw_only=True)
class MonitoringOutput:
    """The destination of reports and metrics; use its static factories."""

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
        """Returns an output that writes reports to a bucket.

        Each run writes `statistics.json`, `constraints.json` and `constraint_violations.json` below
        `prefix/<endpoint>/<monitor>/yyyy/mm/dd/hh/`.

        Args:
            bucket: bucket of the same region.
            prefix: prefix of the reports, without leading or trailing slash. Defaults to
                `monitoring`.
            encryption_key: key of the reports and of the disks of runs. Defaults to None: the key
                of the bucket.
            namespace: namespace of the CloudWatch metrics. Defaults to None: `MLOps/DriftMonitor`
                for a `DriftMonitor`; for a `ModelMonitor` the namespace of AWS's prebuilt image for
                the monitoring type, such as `aws/sagemaker/Endpoints/data-metrics`. A
                `ModelMonitor` cannot change where AWS publishes metrics, only where alarms read
                them; AWS documents more than one namespace.

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
        """The S3 URI of the reports."""
        return self.bucket.s3_url_for_object(self.prefix)

    @property
    def objects_arn(self) -> str:
        """The ARN of all reports, with a wildcard."""
        return self.bucket.arn_for_objects(f"{self.prefix}/*")

    def problems(self) -> list[str]:
        """Validates the output; returns one message per problem."""
        found = prefix_problems("monitoring_output prefix", self.prefix)
        # A bucket's name has at most 63 characters.
        if is_known(self.prefix) and len(self.prefix) > _MAX_URI_LENGTH - len("s3://") - 64:
            found.append(
                f"monitoring_output prefix: got {len(self.prefix)} characters; the S3 URI with it "
                f"may have {_MAX_URI_LENGTH}"
            )
        name = self.namespace
        if is_known(name) and name is not None:
            if not _NAMESPACE.fullmatch(name):
                found.append(
                    f"monitoring_output namespace: got {name!r}; allowed are 1 to 255 letters, "
                    "digits and . - _ / # : without a colon at the beginning"
                )
            elif name.startswith("AWS/"):
                found.append(
                    f"monitoring_output namespace: got {name!r}; allowed is any that does not "
                    "begin with AWS/, which is reserved for AWS services"
                )
        return found
