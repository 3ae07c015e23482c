"""Source identity in shared roles."""

from typing import cast

from aws_cdk import aws_iam as iam

SAGEMAKER = "sagemaker.amazonaws.com"


def let_sagemaker_set_source_identity(role: iam.Role, principal: iam.IPrincipal) -> None:
    """Lets SageMaker set the source identity when it assumes a role.

    A domain whose sessions carry the name of the user profile, as those of `studio.Domain` do,
    cannot use a role without this permission: neither the execution role of a user nor one that a
    user passes to a job.

    Args:
        role: the role.
        principal: SageMaker, as in the trust policy of the role.

    Source: "Turn on sourceIdentity in CloudTrail logs for SageMaker AI Studio Classic" in the
    Developer Guide.
    """
    trust = cast(iam.PolicyDocument, role.assume_role_policy)
    trust.add_statements(
        iam.PolicyStatement(principals=[principal], actions=["sts:SetSourceIdentity"])
    )
