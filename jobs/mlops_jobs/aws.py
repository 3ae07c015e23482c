"""boto3 clients for the AWS Region of the container."""

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from mlops_jobs.failure import InputError

if TYPE_CHECKING:
    from botocore.config import Config

REGION = "AWS_REGION"
SESSION_NAME = "mlops-jobs"
"""Name of the sessions of assumed roles, which CloudTrail records."""


def client(
    service: str, config: "Config | None" = None, *, role: str = "", region: str = ""
) -> Any:
    """Creates a boto3 client, by default for the AWS Region of the container.

    SageMaker passes the Region in AWS_REGION, which boto3 does not read. Without a Region, most
    clients cannot be created, and an S3 client calls the endpoint of another Region, which a
    private network cannot reach. boto3 is imported here so that commands without AWS calls start
    faster.

    Args:
        service: name of the service in boto3, for example `s3`.
        config: further settings of the client. Defaults to None: boto3's settings.
        role: ARN of a role that the client assumes, and assumes again before its credentials
            expire. Defaults to "": the role of the container.
        region: Region of the client. Defaults to "": that of the container.

    Returns:
        The client.

    Raises:
        InputError: neither AWS_REGION nor the configuration of boto3 specifies a Region.
    """
    import boto3
    from botocore.config import Config

    own = region_of_container()
    if not own:
        raise InputError(
            f"{REGION}: got no Region for {service}; SageMaker sets the variable in its "
            f"containers, outside them set it, for example {REGION}=eu-central-1"
        )
    # Otherwise boto3 calls the global endpoint of S3 in us-east-1.
    regional = Config(s3={"us_east_1_regional_endpoint": "regional"})
    make: Any = _assuming(role, own).client if role else boto3.client
    return make(
        service, region_name=region or own, config=regional.merge(config) if config else regional
    )


def region_of_container() -> str | None:
    """Returns the AWS Region of the container; None without one."""
    import boto3

    return os.environ.get(REGION) or boto3.Session().region_name


def _assuming(role: str, region: str) -> Any:
    """Returns a boto3 session that calls AWS with a role."""
    import boto3
    from botocore.credentials import (
        AssumeRoleCredentialFetcher,
        CredentialProvider,
        CredentialResolver,
        DeferredRefreshableCredentials,
    )
    from botocore.session import get_session

    own = get_session()
    fetcher = AssumeRoleCredentialFetcher(
        partial(own.create_client, region_name=region),
        own.get_credentials(),
        role,
        extra_args={"RoleSessionName": SESSION_NAME},
    )

    class Assumed(CredentialProvider):
        METHOD = "assume-role"

        def load(self) -> DeferredRefreshableCredentials:
            return DeferredRefreshableCredentials(fetcher.fetch_credentials, self.METHOD)

    session = get_session()
    session.register_component("credential_provider", CredentialResolver([Assumed()]))
    return boto3.Session(botocore_session=session)
