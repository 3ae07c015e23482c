"""The files that become records, and the ledger of those that did."""

from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs._problems import is_known
from mlops_constructs.access import Permission

# An argument of a container has at most 256 characters, a bucket's name 63.
_LONGEST_PREFIX = 256 - len("s3://") - 64


@dataclass(frozen=True, kw_only=True)
class FeatureFiles:
    """The files below a prefix whose rows become records.

    They are `.csv` with a heading or `.jsonl`; names of columns are names of features. The ledger
    gets a small object for each file that was ingested, so that the next run takes what is new,
    what has changed, and what failed.

    Args:
        bucket: bucket of the files; its key, where it has one, is used.
        prefix: part of the bucket, without slashes around it, up to 187 characters.
        ledger_bucket: bucket of the ledger. Left out: that of the files.
        ledger_prefix: part of that bucket, not below `prefix`; each ingestion has its own part.

    Example:
        ```python
        FeatureFiles(bucket=bucket, prefix="features/customers")
        ```
    """

    bucket: s3.IBucket
    prefix: str
    ledger_bucket: s3.IBucket | None = None
    ledger_prefix: str = "feature-ingestion"

    @property
    def uri(self) -> str:
        """Where the files are."""
        return self.bucket.s3_url_for_object(self.prefix)

    def ledger_uri(self, name: str) -> str:
        """Where an ingestion keeps its ledger."""
        return self._ledger_bucket.s3_url_for_object(f"{self.ledger_prefix}/{name}")

    def keys(self) -> list[kms.IKey]:
        """The keys of both buckets."""
        keys = (self.bucket.encryption_key, self._ledger_bucket.encryption_key)
        return [key for key in keys if key is not None]

    def problems(self) -> list[str]:
        """What AWS would refuse, and a ledger among the files."""
        prefixes = {"prefix": self.prefix, "ledger_prefix": self.ledger_prefix}
        found = [
            f"files {name}: got {prefix!r} ({len(prefix)} characters); allowed is a path of 1 to "
            f"{_LONGEST_PREFIX} characters without slashes around it"
            for name, prefix in prefixes.items()
            if is_known(prefix)
            and not (prefix == prefix.strip("/") and 1 <= len(prefix) <= _LONGEST_PREFIX)
        ]
        if self.ledger_bucket is None and f"{self.ledger_prefix}/".startswith(f"{self.prefix}/"):
            found.append(
                f"files ledger_prefix: got {self.ledger_prefix!r}, below {self.prefix!r} where it "
                "would be taken for files; choose one beside it"
            )
        return found

    def permissions(self, name: str) -> Iterator[Permission]:
        """Reading the files and keeping the ledger of an ingestion."""
        yield Permission(
            actions=["s3:GetObject"],
            resources=[self.bucket.arn_for_objects(f"{self.prefix}/*")],
            because="whoever brings files chooses their names",
        )
        yield Permission(
            actions=["s3:PutObject"],
            resources=[self._ledger_bucket.arn_for_objects(f"{self.ledger_prefix}/{name}/*")],
            because="the ledger has an object for each file",
        )
        listed = ((self.bucket, self.prefix), (self._ledger_bucket, f"{self.ledger_prefix}/{name}"))
        for bucket, prefix in listed:
            yield Permission(
                actions=["s3:ListBucket"],
                resources=[bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": f"{prefix}/*"}},
            )

    @property
    def _ledger_bucket(self) -> s3.IBucket:
        return self.ledger_bucket or self.bucket
