"""Studio domains."""

from __future__ import annotations

import re
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems
from mlops_constructs.network import NetworkBase

from ._cleanup import Cleanup
from ._domain_role import allow_own_spaces, allow_studio, define_role
from ._names import generated_name, name_problems
from .authentication import Authentication
from .domain_base import DomainBase
from .domain_network import DomainNetwork
from .studio_app import StudioApp
from .user_settings import UserSettings

TEMPLATES_TAG = "sagemaker:projectS3TemplatesLocation"
"""Where Studio looks for templates of projects: "Create a SageMaker project template"."""
LONGEST_TAG_VALUE = 128
_LOCATION = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/([\w.=+@/-]*/)?")


class Domain(DomainBase):
    """Defines a SageMaker Studio domain: JupyterLab and Code Editor for a group of people.

    Applications that nobody uses are ended after 2 hours, all traffic goes through the VPC, and
    volumes and the home file system are encrypted with a key of the account.

    With `removal_policy` DESTROY a function (an own `Custom::StudioCleanup`) ends all applications
    and removes spaces, profiles, the domain with its file system, and the security groups that
    SageMaker made, also those that no stack knows. With RETAIN all of it stays, with the key, the
    role and whatever else the domain refers to; its network must stay too, so keep that in another
    stack.

    Args:
        network: where applications run.
        authentication: how people come in. Left out: with IAM.
        domain_name: its name. Left out: one is made of the stack's name and the path in the stack.
            Another name, authentication or key replaces the domain.
        execution_role: role with which people work who have none of their own. One that
            is given has to let SageMaker name the person: `sts:SetSourceIdentity` in its trust
            policy. Left out: one that can only use spaces: their own, and shared ones.
        shared_space_role: role with which applications of shared spaces run, whoever opens them: of
            the project that its people share, such as a `PersonaRole` with `project` and without
            `domain_id`. The domain grants it what Studio needs. Left out: `execution_role`, which
            can do nothing but use spaces if the domain makes it.
        settings: what people find in Studio. Left out: the defaults of `UserSettings`.
        encryption_key: key of the file system and the volumes. Left out: a new one. One that is
            imported must let CloudWatch Logs use it when `removal_policy` is DESTROY.
        project_templates_location: where Studio finds templates of projects, an s3:// URL that
            ends with a slash, as `TemplateBucket.location`. Left out: Studio shows none of yours.
        removal_policy: what becomes of the domain, and all work in it, when it leaves the stack.
            Left out: it stays.
        function_network: a `Network` with the use FUNCTIONS, or one of somebody else with endpoints
            for sagemaker.api, elasticfilesystem, ec2 and S3, in which the function that clears the
            domain runs; for organisations that allow functions only in a VPC. Lambda takes up to 20
            minutes to give its interfaces back when the stack is deleted. Left out: it is in none.

    Raises:
        ValueError: with every problem of the input.

    Source: CreateDomain in SageMaker's API reference.

    Example:
        ```python
        Domain(stack, "Studio", network=DomainNetwork.vpc_only(vpc))
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        network: DomainNetwork,
        authentication: Authentication | None = None,
        domain_name: str | None = None,
        execution_role: iam.IRole | None = None,
        shared_space_role: iam.IRole | None = None,
        settings: UserSettings | None = None,
        encryption_key: kms.IKey | None = None,
        project_templates_location: str | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        function_network: NetworkBase | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        settings = (settings or UserSettings()).with_defaults()
        problems = Problems(f"Domain {self.node.path}")
        problems.extend(region_problems(self, "AWS::SageMaker::Domain"))
        problems.extend(name_problems("domain_name", domain_name))
        problems.extend(network.problems())
        problems.extend(settings.problems())
        problems.extend(_location_problems(project_templates_location))
        problems.raise_if_any()

        self.removal_policy = removal_policy
        self.function_network = function_network
        self.authentication = authentication or Authentication.iam()
        self.encryption_key = encryption_key or self._define_key()
        own_role = None if execution_role else define_role(self, self.encryption_key)
        self.execution_role: iam.IRole = execution_role or own_role  # type: ignore[assignment]
        self.shared_space_role: iam.IRole = shared_space_role or self.execution_role
        self.security_groups = network.security_groups_for(self)
        self._resource = self._define(domain_name, network, settings)
        self.domain_id = self._resource.attr_domain_id
        self.domain_arn = self._resource.attr_domain_arn
        if own_role is not None:
            allow_own_spaces(own_role, self)
        if shared_space_role is not None:
            allow_studio(shared_space_role, self, self.encryption_key)
        if project_templates_location is not None:
            self._tag(TEMPLATES_TAG, project_templates_location)
        if removal_policy is cdk.RemovalPolicy.DESTROY:
            self._clean_up_first()
        else:
            for referred in settings.referred():
                referred.keep()
        cdk.RemovalPolicies.of(self).apply(removal_policy)

    @classmethod
    def from_domain_id(
        cls,
        scope: Construct,
        construct_id: str,
        domain_id: str,
        *,
        function_network: NetworkBase | None = None,
    ) -> DomainBase:
        """A domain of this account and region that exists already.

        Args:
            domain_id: `d-` and letters and digits.
            function_network: where the function runs that ends applications before a profile or
                space of it is deleted, as for an owned domain. Left out: in no VPC.

        Example:
            ```python
            Domain.from_domain_id(stack, "Shared", "d-0abc1def2ghi")
            ```
        """
        imported = DomainBase(scope, construct_id)
        imported.domain_id = domain_id
        imported.function_network = function_network
        imported.domain_arn = cdk.Stack.of(imported).format_arn(
            service="sagemaker", resource="domain", resource_name=domain_id
        )
        return imported

    def _define_key(self) -> kms.Key:
        return kms.Key(
            self,
            "Key",
            description="Studio: home file system and volumes",
            enable_key_rotation=True,
        )

    def _define(
        self, domain_name: str | None, network: DomainNetwork, settings: UserSettings
    ) -> sagemaker.CfnDomain:
        properties = sagemaker.CfnDomain
        groups = [group.security_group_id for group in self.security_groups] or None
        common: dict[str, Any] = {
            "execution_role": self.execution_role.role_arn,
            "security_groups": groups,
        }
        jupyter_lab = settings.jupyter_lab.render(properties, StudioApp.JUPYTER_LAB)
        return properties(
            self,
            "Resource",
            domain_name=domain_name or generated_name(self),
            auth_mode=self.authentication.mode if self.authentication else "IAM",
            app_network_access_type=network.access_type,
            vpc_id=network.vpc.vpc_id,
            subnet_ids=network.subnet_ids,
            kms_key_id=self.encryption_key.key_arn if self.encryption_key else None,
            default_user_settings=settings.render(
                properties,
                studio_web_portal="ENABLED",
                default_landing_uri="studio::",
                **common,
            ),
            # AWS applies the settings of users to private spaces only.
            default_space_settings=properties.DefaultSpaceSettingsProperty(
                **{**common, "execution_role": self.shared_space_role.role_arn},
                jupyter_lab_app_settings=jupyter_lab,
                space_storage_settings=settings.storage.render(properties)
                if settings.storage
                else None,
            ),
            domain_settings=properties.DomainSettingsProperty(
                docker_settings=network.docker_access.render(),
                # CloudTrail then tells who it was where people share a role.
                execution_role_identity_config="USER_PROFILE_NAME",
            ),
            tag_propagation="ENABLED",
        )

    def _tag(self, key: str, value: str) -> None:
        kind = self._resource.cfn_resource_type
        cdk.Tags.of(self._resource).add(key, value, include_resource_types=[kind])

    def _clean_up_first(self) -> None:
        self.cleanup = Cleanup(self, "Cleanup", domain=self)
        file_system = self._resource.attr_home_efs_file_system_id
        self.cleanup.allow_removal_of_domain(file_system)
        self.before_removal = self.cleanup.before(
            self,
            self._resource,
            resource_arn=self.domain_arn,
            properties={"FileSystemId": file_system},
        )


def _location_problems(location: str | None) -> list[str]:
    if location is None or not is_known(location):
        return []
    if _LOCATION.fullmatch(location) and len(location) <= LONGEST_TAG_VALUE:
        return []
    return [
        f"project_templates_location: got {location!r}; allowed are addresses such as "
        f"s3://bucket/templates/ of up to {LONGEST_TAG_VALUE} characters"
    ]
