"""Template parameters with which a new project adopts what an earlier one has left."""

from __future__ import annotations

import aws_cdk as cdk

from .adopted_stores import AdoptedStores

NOTHING = "none"
"""What a parameter says where nothing is adopted; an empty value would make no valid ARN."""

_PARAMETERS = {
    "AdoptBucketName": "Bucket that a deleted project of the same name has left",
    "AdoptKeyId": "Id of the key of that bucket",
    "AdoptImageRepositoryName": "Image repository that the deleted project has left",
}


def adopted_by_parameters(stack: cdk.Stack) -> AdoptedStores:
    """Parameters that SageMaker leaves alone unless people give them, and what they stand for.

    A project adopts nothing unless all of them are given.
    """
    bucket, key, images = (
        cdk.CfnParameter(
            stack,
            name,
            default=NOTHING,
            description=f"{description}; {NOTHING!r} for a new project",
        ).value_as_string
        for name, description in _PARAMETERS.items()
    )
    values = (bucket, key, images)
    none = [cdk.Fn.condition_equals(value, NOTHING) for value in values]
    given = [cdk.Fn.condition_not(cdk.Fn.condition_equals(value, NOTHING)) for value in values]
    cdk.CfnRule(
        stack,
        "AdoptAllOrNothing",
        assertions=[
            cdk.CfnRuleAssertion(
                assert_=cdk.Fn.condition_or(
                    cdk.Fn.condition_and(*given), cdk.Fn.condition_and(*none)
                ),
                assert_description=f"Give {', '.join(_PARAMETERS)} together, or none of them",
            )
        ],
    )
    return AdoptedStores(
        bucket_name=bucket,
        key_arn=stack.format_arn(service="kms", resource="key", resource_name=key),
        image_repository_name=images,
        unless=cdk.CfnCondition(
            stack, "AdoptsNothing", expression=cdk.Fn.condition_equals(bucket, NOTHING)
        ),
    )
