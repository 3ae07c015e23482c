"""ARNs of SageMaker resources."""

import aws_cdk as cdk
from constructs import IConstruct


def sagemaker_arn(scope: IConstruct, resource: str, name: str) -> str:
    """Returns the ARN of a SageMaker resource in the account and region of `scope`."""
    return cdk.Stack.of(scope).format_arn(
        service="sagemaker", resource=resource, resource_name=name
    )
