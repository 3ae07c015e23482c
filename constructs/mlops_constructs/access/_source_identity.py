"""Who it was, where people share a role."""

from typing import cast

from aws_cdk import aws_iam as iam

SAGEMAKER = "sagemaker.amazonaws.com"


def let_sagemaker_name_people(role: iam.Role, principal: iam.IPrincipal) -> None:
    """Lets SageMaker say for whom it assumes a role.

    A domain whose sessions carry the name of the user profile, as those of `studio.Domain` do, can
    use no role without this: neither a person's execution role nor one that a person hands to a
    job.

    Args:
        role: the role.
        principal: SageMaker, as the role's trust policy has it.

    Source: "Turn on sourceIdentity in CloudTrail logs for SageMaker AI Studio Classic" in the
    Developer Guide.
    """
    trust = cast(iam.PolicyDocument, role.assume_role_policy)
    trust.add_statements(
        iam.PolicyStatement(principals=[principal], actions=["sts:SetSourceIdentity"])
    )
