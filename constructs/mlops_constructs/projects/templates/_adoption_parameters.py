"""Template parameters with which a new project adopts the stores of a deleted one."""

import aws_cdk as cdk

from mlops_constructs.projects.adopted_stores import AdoptedStores

NOTHING = "none"
"""Value of a parameter if nothing is adopted; with an empty value the ARN would be malformed."""

_PARAMETERS = {
    "AdoptBucketName": "Bucket that a deleted project of the same name has retained",
    "AdoptKeyId": "Id of the key of that bucket",
    "AdoptImageRepositoryName": "Image repository that the deleted project has retained",
}


def adopted_by_parameters(stack: cdk.Stack) -> AdoptedStores:
    """Creates the parameters and returns the stores that they name.

    SageMaker uses their defaults unless a user sets them. A project adopts nothing unless all of
    them are set.
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
                assert_description=f"Set {', '.join(_PARAMETERS)} together, or none of them",
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
