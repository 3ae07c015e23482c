"""Retained stores of a deleted project that a new project of the same name adopts."""

import re
from dataclasses import dataclass
from typing import ClassVar

import aws_cdk as cdk

from mlops_constructs._problems import Problems, is_known


@dataclass(frozen=True, kw_only=True)
class AdoptedStores:
    """Defines the retained stores of a deleted project that a new one of the same name adopts.

    A project that was deleted with `retain` leaves its stores, its repositories and its model
    package group. The repositories and the group are found by the project's name.

    Args:
        bucket_name: name of the artifact bucket; the output `ArtifactBucketName` of the deleted
            stack.
        key_arn: ARN of the key that encrypts the bucket, not of an alias; the output
            `ArtifactKeyArn`.
        image_repository_name: name of the ECR repository without the registry; the end of the
            output `ImageRepositoryUri`.
        unless: template condition under which the project creates everything instead, for a
            template whose parameters decide. Defaults to None: the project always adopts.

    Raises:
        ValueError: if a name or the ARN is malformed; tokens are not validated.

    Example:
        ```python
        AdoptedStores(
            bucket_name="project-churn-projectstoresartifacts03b132a2-w1x2y3z4",
            key_arn="arn:aws:kms:eu-west-1:111111111111:key/1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901",
            image_repository_name="project-churn-projectstoresimages62144b92-a1b2c3d4",
        )
        ```
    """

    BUCKET_NAME_PATTERN: ClassVar[str] = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
    """Pattern of a bucket name."""

    KEY_ARN_PATTERN: ClassVar[str] = (
        r"arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/(?:[0-9a-f-]{36}|mrk-[0-9a-f]{32})"
    )
    """Pattern of the ARN of a KMS key."""

    IMAGE_REPOSITORY_NAME_PATTERN: ClassVar[str] = r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
    """Pattern of the name of an ECR repository."""

    bucket_name: str
    key_arn: str
    image_repository_name: str
    unless: cdk.CfnCondition | None = None

    def __post_init__(self) -> None:
        problems = Problems("AdoptedStores")
        for name, value, pattern, allowed in (
            ("bucket_name", self.bucket_name, self.BUCKET_NAME_PATTERN, "a bucket's name"),
            (
                "key_arn",
                self.key_arn,
                self.KEY_ARN_PATTERN,
                "the ARN of a key, arn:aws:kms:REGION:ACCOUNT:key/ID",
            ),
            (
                "image_repository_name",
                self.image_repository_name,
                self.IMAGE_REPOSITORY_NAME_PATTERN,
                "the name of a repository without its registry",
            ),
        ):
            if is_known(value) and not re.fullmatch(pattern, value):
                problems.add(
                    f"{name}: got {value!r}; allowed is {allowed}, as in the outputs of the "
                    "deleted stack"
                )
        problems.raise_if_any()


def define_only_if_created(adopted: AdoptedStores, *resources: cdk.CfnResource) -> None:
    """Gives resources the condition under which nothing is adopted."""
    for resource in resources:
        resource.cfn_options.condition = adopted.unless


def created_or(adopted: AdoptedStores, *, created: str, existing: str) -> str:
    """Returns the value of the created resource if nothing is adopted, else the adopted value."""
    if adopted.unless is None:
        return existing
    return cdk.Fn.condition_if(adopted.unless.logical_id, created, existing).to_string()
