"""Bucket in which SageMaker Studio finds project templates."""

import ipaddress
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from mlops_constructs._findings import acknowledge, without_access_log, without_replica
from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access import Permission
from mlops_constructs.delivery import ArtifactStore
from mlops_constructs.network import NetworkBase
from mlops_constructs.projects.launch._granting import grant

from ._template_publisher import TemplatePublisher

PREFIX = "templates/"
_READERS = (
    "the bucket holds templates that are public within the account; CloudTrail records who "
    "publishes them and creates projects"
)
_REBUILT = "`cdk deploy` publishes every template again"
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

    A Studio domain finds the templates by its tag `sagemaker:projectS3TemplatesLocation`, whose
    value must be `location`. Users who create projects need the permissions of
    `ProjectTemplate.grant_create_project`.

    Args:
        allowed_cidrs: CIDR blocks of public addresses from which templates can be read, such as
            "203.0.113.0/24" of an office. Requests of AWS services on behalf of users are not
            affected. Defaults to (): all networks, or `allowed_vpcs` only.
        allowed_vpcs: VPCs from which templates can be read through an S3 endpoint, such as that of
            a Studio domain. Their requests have no public address, so they are denied if only
            `allowed_cidrs` is set. Defaults to (): all networks, or `allowed_cidrs` only.
        function_network: network of the function that publishes templates, for organisations that
            require all functions to run in a VPC: a `Network` with the use FUNCTIONS, or an
            existing network with an S3 endpoint. Defaults to None: no VPC.
        removal_policy: what happens to bucket and key when the stack is deleted. The templates
            themselves are removed with the stack. Defaults to retaining bucket and key.

    Raises:
        ValueError: if a CIDR block is malformed.

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
        super().__init__(scope, construct_id)
        self._validate(allowed_cidrs)
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
            self._deny_other_networks(allowed_cidrs, allowed_vpcs)

    @property
    def location(self) -> str:
        """Value of the domain tag `sagemaker:projectS3TemplatesLocation`."""
        return self.bucket.s3_url_for_object(PREFIX)

    def publish(self, construct_id: str, *, template: s3_assets.Asset, name: str) -> str:
        """Publishes an asset as `templates/NAME.yaml` and returns its URL.

        A changed template is published at the same URL.

        Args:
            construct_id: id of the custom resource.
            template: the template file.
            name: name of the template.
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
        """Returns all URLs of a template for CloudFormation; the first is that of `publish`.

        Args:
            name: name of the template.
        """
        key = _key(name)
        return [
            self.bucket.url_for_object(key),
            self.bucket.virtual_hosted_url_for_object(key),
            self.bucket.virtual_hosted_url_for_object(key, regional=False),
        ]

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants a principal permission to list the templates and to read them with their tags.

        Args:
            grantee: the principal.
        """
        return grant(
            grantee,
            [
                Permission(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn]),
                Permission(
                    actions=["s3:GetObject", "s3:GetObjectTagging"],
                    resources=[self.bucket.arn_for_objects(f"{PREFIX}*")],
                    because="users choose among all templates of the bucket",
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
        acknowledge(bucket, {**without_access_log(_READERS), **without_replica(_REBUILT)})
        return bucket

    def _validate(self, cidrs: Sequence[str]) -> None:
        problems = Problems("TemplateBucket", self)
        for cidr in cidrs:
            if is_known(cidr):
                try:
                    ipaddress.ip_network(cidr)
                except ValueError as error:
                    problems.add(
                        f"allowed_cidrs: got {cidr!r} ({error}); allowed are blocks such as "
                        "203.0.113.0/24"
                    )
        problems.raise_if_any()

    def _deny_other_networks(
        self, allowed_cidrs: Sequence[str], allowed_vpcs: Sequence[ec2.IVpc]
    ) -> None:
        """Denies requests from other networks.

        A request has a public address or, through an endpoint, a VPC. Both operators match an
        absent key, so a request with neither is denied.
        """
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
