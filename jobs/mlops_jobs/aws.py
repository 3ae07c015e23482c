"""boto3 clients for the AWS Region of the container."""

import os
from typing import TYPE_CHECKING, Any

from mlops_jobs.failure import InputError

if TYPE_CHECKING:
    from botocore.config import Config

REGION = "AWS_REGION"


def client(service: str, config: "Config | None" = None) -> Any:
    """Creates a boto3 client for the AWS Region of the container.

    SageMaker passes the Region in AWS_REGION, which boto3 does not read. Without a Region, most
    clients cannot be created, and an S3 client calls the endpoint of another Region, which a
    private network cannot reach. boto3 is imported here so that commands without AWS calls start
    faster.

    Args:
        service: name of the service in boto3, for example `s3`.
        config: further settings of the client. Defaults to None: boto3's settings.

    Returns:
        The client.

    Raises:
        InputError: neither AWS_REGION nor the configuration of boto3 specifies a Region.
    """
    import boto3
    from botocore.config import Config

    region = os.environ.get(REGION) or boto3.Session().region_name
    if not region:
        raise InputError(
            f"{REGION}: got no Region for {service}; SageMaker sets the variable in its "
            f"containers, outside them set it, for example {REGION}=eu-central-1"
        )
    # Otherwise boto3 calls the global endpoint of S3 in us-east-1.
    regional = Config(s3={"us_east_1_regional_endpoint": "regional"})
    make: Any = boto3.client
    return make(service, region_name=region, config=regional.merge(config) if config else regional)
