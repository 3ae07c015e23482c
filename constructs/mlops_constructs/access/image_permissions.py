"""Permissions to pull container images."""

from aws_cdk import aws_ecr as ecr

from mlops_constructs._attributes import repository_arn

from .permission import Permission


def image_pull_permissions(repository: ecr.IRepository, *further: str) -> list[Permission]:
    """Returns the permissions to pull the images of one repository of Amazon ECR.

    Args:
        repository: repository of the images.
        further: other actions on it, such as `ecr:DescribeImages`.

    Source: "Amazon ECR repository policies" in its guide.

    Example:
        ```python
        image_pull_permissions(repository, "ecr:DescribeImages")
        ```
    """
    pulling = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    return [
        Permission(actions=sorted({*pulling, *further}), resources=[repository_arn(repository)]),
        Permission(
            actions=["ecr:GetAuthorizationToken"],
            resources=["*"],
            because="the token is for the registry; the action has no resource level",
        ),
    ]
