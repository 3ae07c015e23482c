"""The condition keys that requests of the rehearsal have, as far as AWS's requests have them.

A key that is listed may be absent from a request, as on AWS. A key that is not listed is one that
the rehearsal does not compute: `unknown_conditions` rejects what depends on it.

Sources: "AWS global condition context keys" in the IAM user guide; "Actions, resources, and
condition keys" in the service authorization reference.
"""

_GLOBAL = (
    "CurrentTime",
    "EpochTime",
    "MultiFactorAuthPresent",
    "PrincipalAccount",
    "PrincipalArn",
    "PrincipalOrgID",
    "PrincipalTag/*",
    "PrincipalType",
    "RequestTag/*",
    "RequestedRegion",
    "ResourceAccount",
    "ResourceTag/*",
    "SecureTransport",
    "SourceAccount",
    "SourceArn",
    "SourceIdentity",
    "SourceIp",
    "TagKeys",
    "TokenIssueTime",
    "ViaAWSService",
    "userid",
    "username",
    # No request comes through a VPC endpoint, from an instance, or by a web identity.
    "Ec2InstanceSourcePrivateIPv4",
    "Ec2InstanceSourceVpc",
    "FederatedProvider",
    "MultiFactorAuthAge",
    # SNS sets the owner for services only, in the policies that topics have by default.
    "SourceOwner",
    "SourceVpc",
    "SourceVpcArn",
    "SourceVpce",
    "VpcSourceIp",
)
_OF_SERVICES = {
    "application-autoscaling": ("scalable-dimension", "service-namespace"),
    "cloudformation": ("ChangeSetName", "RoleArn", "StackPolicyUrl", "TemplateUrl"),
    "cloudwatch": ("namespace",),
    "codecommit": ("References",),
    "dynamodb": ("LeadingKeys",),
    "ec2": ("AuthorizedService", "Subnet"),
    "events": ("detail-type", "source"),
    "iam": (
        "AWSServiceName",
        "PassedToService",
        "PermissionsBoundary",
        "PolicyARN",
        "ResourceTag/*",
    ),
    "kms": (
        "CallerAccount",
        "EncryptionContext:*",
        "EncryptionContextKeys",
        "GrantIsForAWSResource",
        "ViaService",
    ),
    "s3": (
        "DataAccessPointArn",
        "ExistingObjectTag/*",
        "ResourceAccount",
        "delimiter",
        "max-keys",
        "prefix",
        "x-amz-acl",
        "x-amz-grant-full-control",
        "x-amz-grant-read",
        "x-amz-grant-read-acp",
        "x-amz-grant-write",
        "x-amz-grant-write-acp",
        "x-amz-server-side-encryption",
    ),
    "sagemaker": (
        "AppNetworkAccess",
        "CustomerMetadataProperties/*",
        "CustomerMetadataPropertiesToRemove",
        "DirectInternetAccess",
        "InstanceTypes",
        "InterContainerTrafficEncryption",
        "MaxRuntimeInSeconds",
        "MinimumInstanceMetadataServiceVersion",
        "ModelApprovalStatus",
        "ModelLifeCycle:stage",
        "ModelLifeCycle:stageStatus",
        "NetworkIsolation",
        "OutputKmsKey",
        "OwnerUserProfileArn",
        "ResourceTag/*",
        "RootAccess",
        "SearchVisibilityCondition/*",
        "SpaceSharingType",
        "TaggingAction",
        "TargetModel",
        "VolumeKmsKey",
        "VpcSecurityGroupIds",
        "VpcSubnets",
    ),
    "servicecatalog": ("accountLevel", "roleLevel", "userLevel"),
    "sts": ("ExternalId", "RoleSessionName", "SourceIdentity"),
}
_ALL = [f"aws:{key}".lower() for key in _GLOBAL] + [
    f"{service}:{key}".lower() for service, keys in _OF_SERVICES.items() for key in keys
]
_KEYS = frozenset(key for key in _ALL if not key.endswith("*"))
_FAMILIES = tuple(key.removesuffix("*") for key in _ALL if key.endswith("*"))


def is_computed(key: str) -> bool:
    """Returns True if requests of the rehearsal have a condition key where AWS's have it."""
    lowered = key.lower()
    return lowered in _KEYS or lowered.startswith(_FAMILIES)
