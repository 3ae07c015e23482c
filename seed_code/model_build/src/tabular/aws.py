"""Clients of AWS, each of the region in which the container runs."""

import os
from typing import TYPE_CHECKING, Any

from tabular.failure import InputError

if TYPE_CHECKING:
    from botocore.config import Config

REGION = "AWS_REGION"


def client(service: str, config: "Config | None" = None) -> Any:
    """A boto3 client for one service.

    SageMaker tells a container its region by AWS_REGION, which boto3 does not read: without a
    region most clients cannot be made, and that of S3 calls the endpoint of another region, to
    which a private network has no way. boto3 is imported here, so that commands which need no AWS
    do not pay for it.

    Args:
        service: the name that boto3 has for it, for example `s3`.
        config: more settings of the client.

    Raises:
        InputError: if neither AWS_REGION nor the configuration of boto3 names a region.
    """
    import boto3
    from botocore.config import Config

    region = os.environ.get(REGION) or boto3.Session().region_name
    if not region:
        raise InputError(
            f"got no region for {service}: {REGION} is not set; SageMaker sets it in its "
            f"containers, elsewhere set it yourself, for example {REGION}=eu-central-1"
        )
    # In us-east-1, boto3 would still call the global endpoint of S3.
    regional = Config(s3={"us_east_1_regional_endpoint": "regional"})
    make: Any = boto3.client
    return make(service, region_name=region, config=regional.merge(config) if config else regional)
