"""Buckets of AWS in which CodeArtifact stores packages."""

import aws_cdk as cdk

from mlops_constructs._problems import is_known

_OWNERS = {
    "ap-northeast-1": "660291247815",
    "ap-south-1": "681137435769",
    "ap-southeast-1": "421485864821",
    "ap-southeast-2": "860415559748",
    "eu-central-1": "769407342218",
    "eu-north-1": "611884512288",
    "eu-south-1": "484130244270",
    "eu-west-1": "438097961670",
    "eu-west-2": "247805302724",
    "eu-west-3": "762466490029",
    "us-east-1": "193858265520",
    "us-east-2": "250872398865",
    "us-west-2": "787052242323",
}


def package_objects(stack: cdk.Stack) -> list[str]:
    """Returns ARNs of the packages in the region of a stack, or of all regions while unknown.

    A region whose bucket AWS does not document has none: Python packages do not require it, npm
    packages are not reachable there.

    Source: "Create the Amazon S3 gateway endpoint" in CodeArtifact's guide.
    """
    region = stack.region
    return [
        f"arn:{stack.partition}:s3:::assets-{owner}-{name}/*"
        for name, owner in _OWNERS.items()
        if name == region or not is_known(region)
    ]
