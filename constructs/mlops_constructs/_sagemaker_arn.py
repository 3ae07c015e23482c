"""ARNs of SageMaker resources."""

import aws_cdk as cdk
from constructs import IConstruct


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
    return cdk.Stack.of(scope).format_arn(
        service="sagemaker", resource=resource, resource_name=name, account=account
    )
