"""Roles of users, restricted to one domain and one project."""

from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access._job_guard import (
    JobNetwork,
    not_encrypted_with,
    outside_of,
    unencrypted_traffic,
)
from mlops_constructs.access._source_identity import SAGEMAKER, let_sagemaker_set_source_identity
from mlops_constructs.access.least_privilege_role import LeastPrivilegeRole
from mlops_constructs.access.permission import Permission
from mlops_constructs.access.permissions_boundary import PermissionsBoundary

from ._persona_in_domain import permissions_in_domain
from ._persona_in_project import permissions_in_project
from .federation import Federation
from .persona import Persona
from .project_access import ProjectAccess

PERSONA_PATH = "/sagemaker-personas/"
"""Path of users' roles, outside of the paths where launch roles of projects change policies."""


class PersonaRole(LeastPrivilegeRole):
    """Defines the role of the users of a persona: data scientists, engineers, reviewers or others.

    The role is restricted to one Studio domain, one project, or both: its statements name the
    domain's apps and spaces, and SageMaker resources with the project's name or tag. In the domain,
    each user changes only their own spaces, and uses shared ones; private spaces of other users are
    not accessible. The role creates no roles and no policies, and passes only the project's
    execution roles, only to SageMaker. A permissions boundary enforces this for policies that are
    attached later.

    With `network`, jobs and models outside of it are denied; with `keys`, those without one of the
    keys are denied, except on instance types with local NVMe disks, which do not support a key.
    With either, traffic between the instances of a job must be encrypted.

    A Studio domain or user profile uses the role as its execution role. Statements of other
    constructs' grants (a feature group's `grant_read`) also extend the boundary that is created
    here.

    Args:
        persona: persona of the users.
        domain_id: id of the Studio domain, such as `d-0a1b2c3d4e5f`. Defaults to None: no access to
            Studio.
        domain_key: KMS key of the volumes of the domain's spaces, `Domain.encryption_key`. Defaults
            to None: a key of AWS, which requires no permission.
        project: project of the users. Defaults to None: no project.
        network: required network of jobs and models. Defaults to None: not restricted.
        keys: KMS keys, one of which must encrypt volumes and outputs. Defaults to none: not
            restricted.
        federated: users who assume the role themselves, and the source of their profile's name.
            Defaults to None: only SageMaker assumes the role, for Studio.
        permissions_boundary: permissions boundary of the role. Defaults to None: a boundary of the
            permissions that this template grants.

    Raises:
        ValueError: neither domain nor project is given, or an id or name is malformed.

    Source: "How to use SageMaker AI execution roles" in the Developer Guide.

    Example:
        ```python
        PersonaRole(
            stack,
            "Scientists",
            persona=Persona.data_scientist(),
            domain_id="d-0a1b2c3d4e5f",
            project=ProjectAccess(project_name="churn", bucket=bucket, execution_roles=[role]),
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        persona: Persona,
        domain_id: str | None = None,
        domain_key: kms.IKey | None = None,
        project: ProjectAccess | None = None,
        network: JobNetwork | None = None,
        keys: Sequence[kms.IKey] = (),
        federated: Federation | None = None,
        permissions_boundary: iam.IManagedPolicy | None = None,
    ) -> None:
        problems = Problems(f"PersonaRole {scope.node.path}/{construct_id}")
        problems.extend(_problems(domain_id, domain_key, project))
        problems.raise_if_any()
        profile_name = federated.profile_name if federated else None
        permissions: list[Permission] = []
        if domain_id is not None:
            permissions += permissions_in_domain(
                scope, persona, domain_id, profile_name=profile_name, domain_key=domain_key
            )
        if project is not None:
            permissions += permissions_in_project(scope, persona, project)
        if persona.works:  # other personas start nothing
            permissions += outside_of(network) if network else []
            permissions += not_encrypted_with(keys) if keys else []
            permissions += unencrypted_traffic() if network or keys else []
        studio = _studio(scope)
        super().__init__(
            scope,
            construct_id,
            assumed_by=studio,
            permissions=permissions,
            description=f"Users: {persona.name}",
            path=PERSONA_PATH,
            permissions_boundary=permissions_boundary,
        )
        self.persona = persona
        let_sagemaker_set_source_identity(self, studio)
        if federated is not None:
            cast(iam.PolicyDocument, self.assume_role_policy).add_statements(federated.trust())
        self._boundary: PermissionsBoundary | None = None
        if permissions_boundary is None:
            self._boundary = self._own_boundary(permissions)

    def add_to_principal_policy(
        self, statement: iam.PolicyStatement
    ) -> iam.AddToPrincipalPolicyResult:
        """Adds a statement to a managed policy, and its actions to the boundary made here.

        Args:
            statement: statement that is added.

        Raises:
            ValueError: an action of IAM or STS, or with a wildcard, which no boundary supports.
        """
        if self._boundary and statement.effect == iam.Effect.ALLOW:
            self._boundary.allow(*statement.actions)
        return super().add_to_principal_policy(statement)

    def _own_boundary(self, permissions: Sequence[Permission]) -> PermissionsBoundary:
        allowed = [one for one in permissions if not one.denied]
        passed = [arn for one in allowed if "iam:PassRole" in one.actions for arn in one.resources]
        boundary = PermissionsBoundary(
            self,
            "Boundary",
            actions=[
                action for one in allowed for action in one.actions if action != "iam:PassRole"
            ],
            on_resources={"iam:PassRole": passed} if passed else {},
            description=f"Maximum permissions of users: {self.persona.name}",
            path=PERSONA_PATH,
        )
        resource = cast(iam.CfnRole, self.node.default_child)
        resource.permissions_boundary = boundary.policy.managed_policy_arn
        return boundary


def _studio(scope: Construct) -> iam.IPrincipal:
    """Returns the principal of SageMaker, restricted to requests of this account."""
    account = cdk.Stack.of(scope).account
    return iam.ServicePrincipal(
        SAGEMAKER, conditions={"StringEquals": {"aws:SourceAccount": account}}
    )


def _problems(
    domain_id: str | None, domain_key: kms.IKey | None, project: ProjectAccess | None
) -> list[str]:
    problems = []
    if domain_key is not None and domain_id is None:
        problems.append("domain_key: requires domain_id; give the id of the domain, too")
    if domain_id is None and project is None:
        problems.append("domain_id, project: got neither; give one of them")
    if domain_id is not None and is_known(domain_id) and not domain_id.startswith("d-"):
        problems.append(f"domain_id: got {domain_id!r}; allowed are ids such as d-0a1b2c3d4e5f")
    if project is not None and is_known(project.project_name):
        name = project.project_name
        if not name or len(name) > 32 or "*" in name or name != name.lower():
            problems.append(
                f"project.project_name: got {name!r}; allowed are up to 32 lower case letters, "
                "digits and hyphens"
            )
    return problems
