"""The host names of AWS, of which clients have some built in."""

import functools

import botocore.loaders

_FURTHER_DOMAINS = (
    "on.aws",  # function URLs of Lambda, which are no endpoint of a service
    "app.aws",  # MLflow Apps
    "sagemaker.aws",  # MLflow tracking servers
)

DOWNLOADS = ("awscli.amazonaws.com",)
"""Hosts of files that builds install, which are reached where they are."""


@functools.cache
def aws_domains() -> tuple[str, ...]:
    """Returns the domains of AWS's partitions, as `amazonaws.com` and `api.aws`."""
    partitions = botocore.loaders.create_loader().load_data("partitions")["partitions"]
    found = {
        partition["outputs"][name]
        for partition in partitions
        for name in ("dnsSuffix", "dualStackDnsSuffix")
    }
    return tuple(sorted({*found, *_FURTHER_DOMAINS}))


def is_aws_host(name: str) -> bool:
    """Returns True for the host name of an AWS service, as `sts.us-east-1.amazonaws.com`."""
    lower = name.lower().rstrip(".")
    return lower not in DOWNLOADS and any(lower.endswith(f".{one}") for one in aws_domains())
