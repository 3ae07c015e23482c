"""The IAM actions of identities, keys and secrets."""

from __future__ import annotations

from rehearsal.cloudformation.stack_permissions import StockType

_IAM_ROLE = "arn:aws:iam::{account}:role{path}{name}"

IDENTITY_TYPES: dict[str, StockType] = {
    "AWS::KMS::Key": StockType(
        arn="arn:aws:kms:{region}:{account}:key/{name}",
        create=("kms:CreateKey",),
        delete=("kms:DescribeKey", "kms:ScheduleKeyDeletion"),
        # A new key has no ARN to name yet, and no tags that IAM knows of.
        after={"EnableKeyRotation": ("kms:EnableKeyRotation",)},
        defaults={"EnableKeyRotation": False},
        known_tags=False,
    ),
    "AWS::KMS::Alias": StockType(
        arn="arn:aws:kms:{region}:{account}:{name}",
        name_property="AliasName",
        create=("kms:CreateAlias",),
        update=("kms:UpdateAlias",),
        delete=("kms:DeleteAlias",),
    ),
    "AWS::IAM::Role": StockType(
        arn=_IAM_ROLE,
        name_property="RoleName",
        create=("iam:CreateRole",),
        delete=("iam:DeleteRole",),
        when={
            "PermissionsBoundary": ("iam:PutRolePermissionsBoundary",),
            "Policies": ("iam:PutRolePolicy",),
            "Tags": ("iam:TagRole",),
        },
        when_deleted={"Policies": ("iam:DeleteRolePolicy",)},
        attaches="ManagedPolicyArns",
    ),
    "AWS::IAM::Policy": StockType(
        arn="arn:aws:iam::{account}:role/{name}",
        each="Roles",
        create=("iam:PutRolePolicy",),
        update=("iam:PutRolePolicy",),
        delete=("iam:DeleteRolePolicy",),
    ),
    "AWS::IAM::InstanceProfile": StockType(
        arn="arn:aws:iam::{account}:instance-profile{path}{name}",
        name_property="InstanceProfileName",
        create=("iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"),
        delete=("iam:DeleteInstanceProfile",),
    ),
    "AWS::IAM::ManagedPolicy": StockType(
        arn="arn:aws:iam::{account}:policy{path}{name}",
        name_property="ManagedPolicyName",
        create=("iam:CreatePolicy",),
        # There may be five versions, so the oldest has to go; none but the default may be left.
        update=(
            "iam:GetPolicy",
            "iam:ListPolicyVersions",
            "iam:CreatePolicyVersion",
            "iam:DeletePolicyVersion",
        ),
        delete=("iam:ListPolicyVersions", "iam:DeletePolicyVersion", "iam:DeletePolicy"),
        attaches_to="Roles",
    ),
    "AWS::SecretsManager::Secret": StockType(
        arn="arn:aws:secretsmanager:{region}:{account}:secret:{name}",
        name_property="Name",
        create=("secretsmanager:CreateSecret",),
        update=("secretsmanager:UpdateSecret",),
        delete=("secretsmanager:DeleteSecret",),
    ),
}
