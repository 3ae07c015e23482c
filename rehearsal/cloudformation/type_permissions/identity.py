"""IAM permissions of roles, policies, keys and secrets."""

from rehearsal.cloudformation.stack_permissions import TypePermissions

_IAM_ROLE = "arn:aws:iam::{account}:role{path}{name}"

IDENTITY_PERMISSIONS: dict[str, TypePermissions] = {
    "AWS::KMS::Key": TypePermissions(
        arn="arn:aws:kms:{region}:{account}:key/{name}",
        create=("kms:CreateKey",),
        delete=("kms:DescribeKey", "kms:ScheduleKeyDeletion"),
        # A new key has no ARN yet, and no tags that IAM sees.
        after={"EnableKeyRotation": ("kms:EnableKeyRotation",)},
        defaults={"EnableKeyRotation": False},
        known_tags=False,
    ),
    "AWS::KMS::Alias": TypePermissions(
        arn="arn:aws:kms:{region}:{account}:{name}",
        name_property="AliasName",
        create=("kms:CreateAlias",),
        update=("kms:UpdateAlias",),
        delete=("kms:DeleteAlias",),
    ),
    "AWS::IAM::Role": TypePermissions(
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
    "AWS::IAM::Policy": TypePermissions(
        arn="arn:aws:iam::{account}:role/{name}",
        each="Roles",
        create=("iam:PutRolePolicy",),
        update=("iam:PutRolePolicy",),
        delete=("iam:DeleteRolePolicy",),
    ),
    "AWS::IAM::InstanceProfile": TypePermissions(
        arn="arn:aws:iam::{account}:instance-profile{path}{name}",
        name_property="InstanceProfileName",
        create=("iam:CreateInstanceProfile", "iam:AddRoleToInstanceProfile"),
        delete=("iam:DeleteInstanceProfile",),
    ),
    "AWS::IAM::ManagedPolicy": TypePermissions(
        arn="arn:aws:iam::{account}:policy{path}{name}",
        name_property="ManagedPolicyName",
        create=("iam:CreatePolicy",),
        # A policy has up to five versions: the oldest one is deleted for a new one.
        update=(
            "iam:GetPolicy",
            "iam:ListPolicyVersions",
            "iam:CreatePolicyVersion",
            "iam:DeletePolicyVersion",
        ),
        delete=("iam:ListPolicyVersions", "iam:DeletePolicyVersion", "iam:DeletePolicy"),
        attaches_to="Roles",
    ),
    "AWS::SecretsManager::Secret": TypePermissions(
        arn="arn:aws:secretsmanager:{region}:{account}:secret:{name}",
        name_property="Name",
        create=("secretsmanager:CreateSecret",),
        update=("secretsmanager:UpdateSecret",),
        delete=("secretsmanager:DeleteSecret",),
    ),
}
