"""Data capture: requests and responses in S3, for monitoring and training."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import is_known, outside
from mlops_constructs.access import Permission
from mlops_constructs.hosting._permissions import grant

_MAX_URI_LENGTH = 512


@dataclass(frozen=True, kw_only=True)
class DataCapture:
    """Data capture of an endpoint's requests and responses.

    Created by `DataCapture.to_bucket`.
    """

    bucket: s3.IBucket
    prefix: str
    sampling_percentage: int
    encryption_key: kms.IKey | None
    csv_content_types: Sequence[str]
    json_content_types: Sequence[str]
    requests: bool
    responses: bool

    @staticmethod
    def to_bucket(
        bucket: s3.IBucket,
        *,
        prefix: str = "capture",
        sampling_percentage: int = 100,
        encryption_key: kms.IKey | None = None,
        csv_content_types: Sequence[str] = ("text/csv",),
        json_content_types: Sequence[str] = ("application/json",),
        requests: bool = True,
        responses: bool = True,
    ) -> "DataCapture":
        """Captures below `prefix/<endpoint>/<variant>/yyyy/mm/dd/hh/`.

        Args:
            bucket: bucket in the region of the endpoint.
            prefix: key prefix, without leading or trailing slash. Defaults to `capture`.
            sampling_percentage: percentage of the traffic that is captured, 1 to 100. Defaults to
                100.
            encryption_key: KMS key of the captured objects. Defaults to None: the key of the
                bucket.
            csv_content_types: content types captured as CSV text; types in neither list are
                captured in base64. Defaults to `text/csv`.
            json_content_types: content types captured as JSON text. Defaults to `application/json`.
            requests: True captures requests. Defaults to True.
            responses: True captures responses. Defaults to True.

        Source: DataCaptureConfig of SageMaker's API reference.

        Example:
            ```python
            DataCapture.to_bucket(bucket, prefix="capture", sampling_percentage=20)
            ```
        """
        return DataCapture(
            bucket=bucket,
            prefix=prefix,
            sampling_percentage=sampling_percentage,
            encryption_key=encryption_key or bucket.encryption_key,
            csv_content_types=tuple(csv_content_types),
            json_content_types=tuple(json_content_types),
            requests=requests,
            responses=responses,
        )

    def problems(self) -> list[str]:
        """Validates the settings; returns one message per problem."""
        found = []
        if outside(self.sampling_percentage, 1, 100):
            found.append(
                f"data capture sampling_percentage: got {self.sampling_percentage}; allowed are "
                "1 to 100; remove data_capture to capture nothing"
            )
        if not self.requests and not self.responses:
            found.append(
                "data capture: got neither requests nor responses; capture one of them, or remove "
                "data_capture"
            )
        prefix = self.prefix
        if is_known(prefix) and (prefix != prefix.strip("/") or not prefix):
            found.append(
                f"data capture prefix: got {prefix!r}; allowed is a path without slashes around it"
            )
        # A bucket's name has at most 63 characters.
        if is_known(prefix) and len(prefix) > _MAX_URI_LENGTH - len("s3://") - 64:
            found.append(
                f"data capture prefix: got {len(prefix)} characters; the S3 URI with it may have "
                f"{_MAX_URI_LENGTH}"
            )
        twice = set(self.csv_content_types) & set(self.json_content_types)
        if twice:
            found.append(
                f"data capture content types: got {', '.join(sorted(twice))} as CSV and as JSON; "
                "name each once"
            )
        return found

    def grant_write(self, role: iam.IRole) -> None:
        """Lets the execution role of a model write captured data; does not change an imported role.

        Args:
            role: execution role of the model.
        """
        objects = self.bucket.arn_for_objects(f"{self.prefix}/*")
        allowed = [
            Permission(
                actions=["s3:PutObject"],
                resources=[objects],
                because="SageMaker chooses the keys of captured traffic",
            )
        ]
        if self.encryption_key is not None:
            allowed.append(
                Permission(
                    actions=["kms:Decrypt", "kms:GenerateDataKey"],
                    resources=[self.encryption_key.key_arn],
                )
            )
        grant(role, allowed)

    def render(self) -> sagemaker.CfnEndpointConfig.DataCaptureConfigProperty:
        """Returns the DataCaptureConfig of an endpoint configuration."""
        properties = sagemaker.CfnEndpointConfig
        modes = [("Input", self.requests), ("Output", self.responses)]
        key = self.encryption_key
        return properties.DataCaptureConfigProperty(
            enable_capture=True,
            initial_sampling_percentage=self.sampling_percentage,
            destination_s3_uri=self.bucket.s3_url_for_object(self.prefix),
            kms_key_id=key.key_arn if key else None,
            capture_options=[
                properties.CaptureOptionProperty(capture_mode=mode) for mode, on in modes if on
            ],
            capture_content_type_header=properties.CaptureContentTypeHeaderProperty(
                csv_content_types=list(self.csv_content_types) or None,
                json_content_types=list(self.json_content_types) or None,
            ),
        )
