"""Studio domains."""

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
"""The location of project templates. Source: "Create a SageMaker project template"."""
MAX_TAG_VALUE_LENGTH = 128
_LOCATION = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/([\w.=+@/-]*/)?")


class Domain(DomainBase):
    """Defines a SageMaker Studio domain with JupyterLab and Code Editor.

    Idle applications are deleted after 2 hours, all traffic uses the VPC, and volumes and the home
    file system are encrypted with a customer managed key.

    With `removal_policy` DESTROY a function (custom resource `Custom::StudioCleanup`) deletes all
    applications, spaces and profiles, the domain with its file system, and the security groups that
    SageMaker created, including those that are not part of a stack. With RETAIN all of it is kept,
    with the key, the role and any other resource that the domain refers to; its network must be
    kept, too, so define it in another stack.

    Args:
        network: network of the applications.
        authentication: authentication mode. Defaults to None: IAM.
        domain_name: name of the domain, up to 63 characters. A changed name, authentication or key
            replaces the domain. Defaults to None: a name generated from the stack's name and the
            construct's path.
        execution_role: role of users without a role of their profile. Its trust policy must let
            SageMaker identify the user (`sts:SetSourceIdentity`). Defaults to None: a role that can
            only use the user's own and shared spaces.
        shared_space_role: role of the applications of shared spaces, for all users: that of the
            project of their users, such as a `PersonaRole` with `project` and without `domain_id`.
            The domain grants it the permissions that Studio needs. Defaults to None:
            `execution_role`.
        settings: default settings of users. Defaults to None: the defaults of `UserSettings`.
        encryption_key: key of the file system and the volumes. The policy of an imported key must
            allow CloudWatch Logs when `removal_policy` is DESTROY. Defaults to None: a new key.
        project_templates_location: location of project templates: an s3:// URL of up to 128
            characters that ends with a slash, such as `TemplateBucket.location`. Defaults to None:
            no custom templates.
        removal_policy: policy for the domain, with all its data, when it is removed from the stack.
            Defaults to `RETAIN_ON_UPDATE_OR_DELETE`: the domain is kept.
        function_network: `Network` with the use FUNCTIONS, or any network with endpoints for
            sagemaker.api, elasticfilesystem, ec2 and S3, for the function that clears the domain,
            in organizations that require functions in a VPC. Lambda takes up to 20 minutes to
            release its network interfaces when the stack is deleted. Defaults to None: no VPC.

    Attributes:
        execution_role: role of users without a role of their profile.
        shared_space_role: role of the applications of shared spaces.
        security_groups: security groups of the applications.

    Raises:
        ValueError: if the input is invalid; the message lists every problem.

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
        problems = Problems("Domain", self)
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
                referred.retain()
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
        """Imports an existing domain of this account and region.

        Args:
            scope: parent of the construct.
            construct_id: id of the construct within the scope.
            domain_id: id of the domain: `d-` followed by letters and digits.
            function_network: network of the function that deletes applications before a profile or
                space of the domain, as for an owned domain. Defaults to None: no VPC.

        Example:
            ```python
            Domain.from_domain_id(stack, "Shared", "d-0abc1def2ghi")
            ```
        """
        return _ImportedDomain(scope, construct_id, domain_id, function_network=function_network)

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
            # AWS applies the user settings to private spaces only.
            default_space_settings=properties.DefaultSpaceSettingsProperty(
                **{**common, "execution_role": self.shared_space_role.role_arn},
                jupyter_lab_app_settings=jupyter_lab,
                space_storage_settings=settings.storage.render(properties)
                if settings.storage
                else None,
            ),
            domain_settings=properties.DomainSettingsProperty(
                docker_settings=network.docker_access.render(),
                # CloudTrail then identifies users who share a role.
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


class _ImportedDomain(DomainBase):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        domain_id: str,
        *,
        function_network: NetworkBase | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.domain_id = domain_id
        self.domain_arn = self.stack.format_arn(
            service="sagemaker", resource="domain", resource_name=domain_id
        )
        self.function_network = function_network


def _location_problems(location: str | None) -> list[str]:
    if location is None or not is_known(location):
        return []
    if _LOCATION.fullmatch(location) and len(location) <= MAX_TAG_VALUE_LENGTH:
        return []
    return [
        f"project_templates_location: got {location!r}; allowed are URLs such as "
        f"s3://bucket/templates/ of up to {MAX_TAG_VALUE_LENGTH} characters"
    ]
