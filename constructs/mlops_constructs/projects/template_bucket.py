"""Where SageMaker Studio finds project templates."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access import Permission
from mlops_constructs.delivery import ArtifactStore
from mlops_constructs.network import NetworkBase

from .granting import grant
from .template_bucket_findings import acknowledge_bucket
from .template_publisher import TemplatePublisher

PREFIX = "templates/"
_STUDIO_ORIGIN = "https://*.sagemaker.aws"
_EXPOSED = [
    "ETag",
    "x-amz-delete-marker",
    "x-amz-id-2",
    "x-amz-request-id",
    "x-amz-server-side-encryption",
    "x-amz-version-id",
]


class TemplateBucket(Construct):
    """Defines a bucket with project templates, as the Studio page "Projects" reads them.

    A Studio domain finds the templates by its tag `sagemaker:projectS3TemplatesLocation`, which is
    to be `location`. People who create projects need what
    `ProjectTemplate.grant_create_project` gives.

    Source: "Create a SageMaker project template in an Amazon S3 bucket" in the Developer Guide.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        allowed_cidrs: Sequence[str] = (),
        allowed_vpcs: Sequence[ec2.IVpc] = (),
        function_network: NetworkBase | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        """Creates the bucket, its key, and the function that publishes templates.

        Args:
            allowed_cidrs: networks from which templates may be read, for instance
                "203.0.113.0/24": public addresses, such as those of an office. AWS services that
                act for a person are not affected. Default: every network, or `allowed_vpcs` alone.
            allowed_vpcs: VPCs from which templates may be read through an endpoint for S3, such as
                that of a Studio domain. Their requests have no public address, so `allowed_cidrs`
                alone refuses them. Default: every network, or `allowed_cidrs` alone.
            function_network: where the function runs that publishes templates: a `Network` with
                the use FUNCTIONS, or one of somebody else with an endpoint for S3. For an
                organisation that demands each function in a VPC. Default: in no VPC.
            removal_policy: what happens to bucket and key when the stack is deleted. Default: they
                stay. The templates themselves are removed with the stack.

        Raises ValueError for what is not a CIDR block.
        """
        super().__init__(scope, construct_id)
        _check_cidrs(allowed_cidrs)
        self.key = kms.Key(
            self,
            "Key",
            description="Encrypts SageMaker project templates",
            enable_key_rotation=True,
            removal_policy=removal_policy,
        )
        self.bucket = self._bucket(removal_policy)
        log_key = ArtifactStore(bucket=self.bucket, key=self.key).encrypt_logs(self)
        publisher = TemplatePublisher(
            self, bucket=self.bucket, prefix=PREFIX, log_key=log_key, network=function_network
        )
        self._publisher_role, self._publisher = publisher.role, publisher.function
        if allowed_cidrs or allowed_vpcs:
            self._refuse_other_networks(allowed_cidrs, allowed_vpcs)

    @property
    def location(self) -> str:
        """Value of the domain tag `sagemaker:projectS3TemplatesLocation`."""
        return self.bucket.s3_url_for_object(PREFIX)

    def publish(self, construct_id: str, *, template: s3_assets.Asset, name: str) -> str:
        """Publishes an asset as `templates/NAME.yaml`, and returns its address.

        A changed template is published again under the same address.
        """
        key = _key(name)
        reading = Permission(
            actions=["s3:GetObject"],
            resources=[template.bucket.arn_for_objects(template.s3_object_key)],
        )
        granted = self._publisher_role.add_to_principal_policy(reading.statement())
        published = cdk.CustomResource(
            self,
            construct_id,
            resource_type="Custom::ProjectTemplate",
            service_token=self._publisher.function_arn,
            service_timeout=cdk.Duration.minutes(5),
            properties={
                "SourceBucket": template.s3_bucket_name,
                "SourceKey": template.s3_object_key,
                "Bucket": self.bucket.bucket_name,
                "Key": key,
            },
        )
        if granted.policy_dependable is not None:
            published.node.add_dependency(granted.policy_dependable)
        return self.bucket.url_for_object(key)

    def urls_of(self, name: str) -> list[str]:
        """Every address under which CloudFormation finds the template `name`.

        The first is the one that `publish` gives.
        """
        key = _key(name)
        return [
            self.bucket.url_for_object(key),
            self.bucket.virtual_hosted_url_for_object(key),
            self.bucket.virtual_hosted_url_for_object(key, regional=False),
        ]

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal list the templates and read them with their tags, as Studio does."""
        return grant(
            grantee,
            [
                Permission(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn]),
                Permission(
                    actions=["s3:GetObject", "s3:GetObjectTagging"],
                    resources=[self.bucket.arn_for_objects(f"{PREFIX}*")],
                    because="people choose among all templates of the bucket",
                ),
                Permission(actions=["kms:Decrypt"], resources=[self.key.key_arn]),
            ],
        )

    def _bucket(self, removal_policy: cdk.RemovalPolicy) -> s3.Bucket:
        methods = s3.HttpMethods
        bucket = s3.Bucket(
            self,
            "Resource",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            cors=[
                s3.CorsRule(
                    allowed_origins=[_STUDIO_ORIGIN],
                    allowed_methods=[
                        methods.DELETE,
                        methods.GET,
                        methods.HEAD,
                        methods.POST,
                        methods.PUT,
                    ],
                    allowed_headers=["*"],
                    exposed_headers=_EXPOSED,
                )
            ],
            removal_policy=removal_policy,
        )
        acknowledge_bucket(bucket)
        return bucket

    def _refuse_other_networks(
        self, allowed_cidrs: Sequence[str], allowed_vpcs: Sequence[ec2.IVpc]
    ) -> None:
        """A request has either a public address or, through an endpoint, a VPC: both operators
        match a key that is absent, so what is neither is denied."""
        elsewhere: dict[str, dict[str, object]] = {}
        if allowed_cidrs:
            elsewhere["NotIpAddress"] = {"aws:SourceIp": list(allowed_cidrs)}
        if allowed_vpcs:
            elsewhere["StringNotEquals"] = {"aws:SourceVpc": [vpc.vpc_id for vpc in allowed_vpcs]}
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["s3:GetObject", "s3:ListBucket"],
                resources=[self.bucket.bucket_arn, self.bucket.arn_for_objects("*")],
                conditions={
                    **elsewhere,
                    "Bool": {"aws:ViaAWSService": "false"},
                    "ArnNotEquals": {"aws:PrincipalArn": self._publisher_role.role_arn},
                },
            )
        )


def _key(name: str) -> str:
    return f"{PREFIX}{name}.yaml"


def _check_cidrs(cidrs: Sequence[str]) -> None:
    problems = Problems("the template bucket")
    for cidr in cidrs:
        if is_known(cidr):
            try:
                ipaddress.ip_network(cidr)
            except ValueError as error:
                problems.add(
                    f"allowed_cidrs: {cidr!r} is no network ({error}); allowed are blocks such as "
                    "203.0.113.0/24"
                )
    problems.raise_if_any()
