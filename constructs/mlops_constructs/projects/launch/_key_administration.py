"""Permissions of a launch role on the keys of projects.

It takes KMS up to five minutes to recognise the tag of a new key, so with a condition on the tag
the launch role could not finish the creation of a key. The key policy names the role instead;
CloudFormation writes it when it creates the key. The condition remains for keys whose policy names
another role, such as that of an earlier template.

Source: "ABAC for AWS KMS" and "Key policies in AWS KMS" in the KMS Developer Guide.
"""

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
"""Actions to create, update and delete a key, and to let an image repository use it."""


def administration_by(launch_role_arn: str) -> iam.PolicyStatement:
    """Returns the statement of a key policy that lets the launch role administer the key."""
    return iam.PolicyStatement(
        sid="LaunchRole",
        principals=[iam.ArnPrincipal(launch_role_arn)],
        actions=list(KEY_ACTIONS),
        resources=["*"],
    )
