"""What a launch role does with the keys of projects.

KMS takes up to five minutes to know the tag of a new key, so a condition on the tag does not let
the launch role finish the key that it has just made. The key's policy names the role instead;
CloudFormation writes it while it creates the key. The condition stays for keys whose policy names
another role, such as that of an earlier template.

Source: "ABAC for AWS KMS" and "Key policies in AWS KMS" in the KMS Developer Guide.
"""

from __future__ import annotations

from aws_cdk import aws_iam as iam

KEY_ACTIONS = (
    "kms:CreateGrant",
    "kms:DescribeKey",
    "kms:DisableKeyRotation",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RetireGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
)
"""What creates, changes and deletes a key, and lets a repository of images use it."""


def administration_by(launch_role_arn: str) -> iam.PolicyStatement:
    """The statement of a key's policy that names the launch role; it uses no data."""
    return iam.PolicyStatement(
        sid="LaunchRole",
        principals=[iam.ArnPrincipal(launch_role_arn)],
        actions=list(KEY_ACTIONS),
        resources=["*"],
    )
