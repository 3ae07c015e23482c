"""IAM permissions of buckets and image repositories."""

from rehearsal.cloudformation.stack_permissions import TypePermissions

STORAGE_PERMISSIONS: dict[str, TypePermissions] = {
    "AWS::S3::Bucket": TypePermissions(
        arn="arn:aws:s3:::{name}",
        name_property="BucketName",
        lowercase_name=True,
        create=("s3:CreateBucket",),
        delete=("s3:DeleteBucket",),
        defaults={"AccessControl": "Private"},
        when={
            "AccessControl": ("s3:PutBucketAcl",),
            "BucketEncryption": ("s3:PutEncryptionConfiguration",),
            "CorsConfiguration": ("s3:PutBucketCORS",),
            "LifecycleConfiguration": ("s3:PutLifecycleConfiguration",),
            "LoggingConfiguration": ("s3:PutBucketLogging",),
            "NotificationConfiguration": ("s3:PutBucketNotification",),
            "OwnershipControls": ("s3:PutBucketOwnershipControls",),
            "PublicAccessBlockConfiguration": ("s3:PutBucketPublicAccessBlock",),
            "Tags": ("s3:PutBucketTagging",),
            "VersioningConfiguration": ("s3:PutBucketVersioning",),
            "WebsiteConfiguration": ("s3:PutBucketWebsite",),
        },
    ),
    "AWS::S3::BucketPolicy": TypePermissions(
        arn="arn:aws:s3:::{name}",
        name_property="Bucket",
        create=("s3:PutBucketPolicy",),
        update=("s3:PutBucketPolicy",),
        delete=("s3:DeleteBucketPolicy",),
    ),
    "AWS::ECR::Repository": TypePermissions(
        arn="arn:aws:ecr:{region}:{account}:repository/{name}",
        name_property="RepositoryName",
        lowercase_name=True,
        create=("ecr:CreateRepository",),
        delete=("ecr:DeleteRepository",),
        when={
            "ImageScanningConfiguration": ("ecr:PutImageScanningConfiguration",),
            "LifecyclePolicy": ("ecr:PutLifecyclePolicy",),
            "RepositoryPolicyText": ("ecr:SetRepositoryPolicy",),
            "Tags": ("ecr:TagResource",),
        },
        keys={"EncryptionConfiguration.KmsKey": ("kms:DescribeKey", "kms:CreateGrant")},
        through="ecr",
    ),
}
