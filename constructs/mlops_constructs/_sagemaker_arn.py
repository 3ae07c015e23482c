"""ARNs of SageMaker resources."""

from constructs import IConstruct

from ._environment import environment_of


def sagemaker_arn(
    scope: IConstruct, resource: str, name: str, *, account: str | None = None
) -> str:
    """Returns the ARN of a SageMaker resource in the region of `scope`.

    Args:
        scope: a construct.
        resource: type of the resource, such as "endpoint".
        name: name of the resource.
        account: account of the resource. Defaults to None: the account of `scope`.
    """
    return environment_of(scope).arn("sagemaker", resource, name, account=account)
