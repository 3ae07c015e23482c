"""Files that are ingested into a feature group, and the ledger of ingested files."""

from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs._problems import is_known
from mlops_constructs.access import Permission

# An argument of a container has at most 256 characters, a bucket's name 63.
_MAX_PREFIX_LENGTH = 256 - len("s3://") - 64


@dataclass(frozen=True, kw_only=True)
class FeatureFiles:
    """The files below a prefix whose rows are ingested as records.

    They are `.csv` files with a header or `.jsonl` files; column names are feature names. The
    ledger gets a small object for each ingested file, so that the next run ingests files that are
    new, have changed or have failed.

    Args:
        bucket: bucket of the files; runs may use its key.
        prefix: prefix of the files, 1 to 187 characters without leading or trailing slash.
        ledger_bucket: bucket of the ledger. Defaults to None: `bucket`.
        ledger_prefix: prefix of the ledger, not below `prefix`; each ingestion uses a separate part
            of it. Defaults to `feature-ingestion`.

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
        """The S3 URI of the files."""
        return self.bucket.s3_url_for_object(self.prefix)

    def ledger_uri(self, name: str) -> str:
        """Returns the S3 URI of an ingestion's ledger.

        Args:
            name: name of the ingestion.
        """
        return self._ledger_bucket.s3_url_for_object(f"{self.ledger_prefix}/{name}")

    def keys(self) -> list[kms.IKey]:
        """Returns the keys of both buckets."""
        keys = (self.bucket.encryption_key, self._ledger_bucket.encryption_key)
        return [key for key in keys if key is not None]

    def problems(self) -> list[str]:
        """Validates the prefixes; returns one message per problem."""
        prefixes = {"prefix": self.prefix, "ledger_prefix": self.ledger_prefix}
        found = [
            f"files {name}: got {prefix!r} ({len(prefix)} characters); allowed is a path of 1 to "
            f"{_MAX_PREFIX_LENGTH} characters without leading or trailing slash"
            for name, prefix in prefixes.items()
            if is_known(prefix)
            and not (prefix == prefix.strip("/") and 1 <= len(prefix) <= _MAX_PREFIX_LENGTH)
        ]
        if self.ledger_bucket is None and f"{self.ledger_prefix}/".startswith(f"{self.prefix}/"):
            found.append(
                f"files ledger_prefix: got {self.ledger_prefix!r}, whose objects would be ingested "
                f"as files; allowed is a prefix that is not below {self.prefix!r}"
            )
        return found

    def permissions(self, name: str) -> Iterator[Permission]:
        """Yields the permissions to read the files and to write the ledger.

        Args:
            name: name of the ingestion.
        """
        yield Permission(
            actions=["s3:GetObject"],
            resources=[self.bucket.arn_for_objects(f"{self.prefix}/*")],
            because="the producer of the files chooses their names",
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
