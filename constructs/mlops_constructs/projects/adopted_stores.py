"""What an earlier project of the same name has left."""

from __future__ import annotations

import re
from dataclasses import dataclass

import aws_cdk as cdk

from mlops_constructs._problems import Problems, is_known

BUCKET_NAME = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
KEY_ARN = r"arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/(?:[0-9a-f-]{36}|mrk-[0-9a-f]{32})"
IMAGE_REPOSITORY_NAME = r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"


@dataclass(frozen=True, kw_only=True)
class AdoptedStores:
    """Names the stores that an earlier project of the same name has left, for a new one.

    A project that was deleted with `retain` leaves its stores, its repositories and its model
    package group. The last two are found by the project's name.

    Args:
        bucket_name: of the artifact bucket; the output `ArtifactBucketName` of the deleted stack.
        key_arn: of the key that encrypts it, and no alias.
        image_repository_name: of the repository in Amazon ECR, without the registry; the end of the
            output `ImageRepositoryUri`.
        unless: condition of the template under which the project creates everything after all, for
            a template whose parameters decide. Default: it never does.

    Raises ValueError for what cannot be such a name or ARN; tokens are not checked.

    Example:
        ```python
        AdoptedStores(
            bucket_name="project-churn-projectstoresartifacts03b132a2-w1x2y3z4",
            key_arn="arn:aws:kms:eu-west-1:111111111111:key/1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901",
            image_repository_name="project-churn-projectstoresimages62144b92-a1b2c3d4",
        )
        ```
    """

    bucket_name: str
    key_arn: str
    image_repository_name: str
    unless: cdk.CfnCondition | None = None

    def __post_init__(self) -> None:
        problems = Problems("the adoption of a project's stores")
        for name, value, pattern, allowed in (
            ("bucket_name", self.bucket_name, BUCKET_NAME, "a bucket's name"),
            (
                "key_arn",
                self.key_arn,
                KEY_ARN,
                "the ARN of a key, arn:aws:kms:REGION:ACCOUNT:key/ID",
            ),
            (
                "image_repository_name",
                self.image_repository_name,
                IMAGE_REPOSITORY_NAME,
                "the name of a repository without its registry",
            ),
        ):
            if is_known(value) and not re.fullmatch(pattern, value):
                problems.add(
                    f"{name} is {value!r}; allowed is {allowed}. The outputs of the deleted stack "
                    "have it"
                )
        problems.raise_if_any()


def define_only_if_created(adopted: AdoptedStores, *resources: cdk.CfnResource) -> None:
    """Gives resources the condition under which nothing is adopted."""
    for resource in resources:
        resource.cfn_options.condition = adopted.unless


def created_or(adopted: AdoptedStores, *, created: str, taken_up: str) -> str:
    """The value of what is created where nothing is adopted, else of what is."""
    if adopted.unless is None:
        return taken_up
    return cdk.Fn.condition_if(adopted.unless.logical_id, created, taken_up).to_string()
