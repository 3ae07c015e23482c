"""Users of a Studio domain: their roles, profiles and spaces."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs import studio
from mlops_constructs.access import PersonaRole
from stacks.platform_stack import PlatformStack
from stacks.settings.defaults import DefaultSettings
from stacks.settings.studio import SharingOfSpace, SpaceSettings
from stacks.studio_stack import StudioStack
from stacks.users.personas import PERSONAS, allow_tools, federation
from stacks.users.project_personas import ProjectPersonas

_SHARING = {
    SharingOfSpace.PRIVATE: studio.SpaceSharing.PRIVATE,
    SharingOfSpace.SHARED: studio.SpaceSharing.SHARED,
}


class PeopleStack(PlatformStack):
    """Defines the users of a domain, who change more often than the domain.

    The role of a user is a persona in the workspace of the domain, such as `data_scientist`, or a
    persona of a project, such as `churn/data_scientist`.

    Args:
        domain_stack: stack of the domain.
        users: users of the domain.
        project_personas: personas of projects, by the names of the projects. Defaults to None: no
            projects.
        defaults: settings of every stack.
        env: account and region.

    Raises:
        ValueError: with every role that does not exist, and the owners of spaces that are not
            users.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain_stack: StudioStack,
        users: Sequence[studio.StudioUser],
        project_personas: Mapping[str, ProjectPersonas] | None = None,
        defaults: DefaultSettings,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            defaults=defaults,
            env=env,
            description="Users of SageMaker Studio",
        )
        _validate(users, domain_stack.settings.spaces, project_personas or {})
        self._domain_stack = domain_stack
        self._projects = project_personas or {}
        domain = domain_stack.domain_in(self)
        named = sorted({user.role for user in users if user.role})
        profiles = studio.UserProfiles(
            self,
            "Users",
            domain=domain,
            users=[self._with_defaults_of_project(user) for user in users],
            roles={
                **self._workspace_roles([name for name in named if name in PERSONAS]),
                **{name: self._project_role(name) for name in named if name not in PERSONAS},
            },
            removal_policy=domain_stack.removal_policy,
        ).profiles
        for space in domain_stack.settings.spaces:
            self._define_space(space, profiles[space.owner])

    def _workspace_roles(self, names: Sequence[str]) -> dict[str, iam.IRole]:
        """Returns a role of each persona in the workspace of the domain."""
        if not names:
            return {}
        studio_stack = self._domain_stack
        key = studio_stack.key_in(self)
        workspace = studio_stack.workspace_in(self, key)
        source = studio_stack.network_source
        federated = federation(self, studio_stack.settings.federation)
        mlflow = studio_stack.mlflow_in(self, workspace.bucket)
        roles: dict[str, iam.IRole] = {}
        for name in names:
            role = PersonaRole(
                self,
                f"Role-{name}",
                persona=PERSONAS[name],
                domain_id=studio_stack.domain_id_in(self),
                domain_key=key,
                project=workspace,
                network=source.job_subnets_in(self) if studio_stack.vpc_only else None,
                keys=[key],
                federated=federated,
            )
            allow_tools(role, mlflow=mlflow, packages=studio_stack.packages)
            roles[name] = role
        return roles

    def _project_role(self, name: str) -> iam.IRole:
        project, _, persona = name.partition("/")
        arn = self._projects[project].role_arn_in(self, persona)
        return iam.Role.from_role_arn(self, f"Role-{project}-{persona}", arn, mutable=False)

    def _with_defaults_of_project(self, user: studio.StudioUser) -> studio.StudioUser:
        """Returns a user whose JupyterLab starts with the SDK's defaults of their project."""
        project, _, persona = (user.role or "").partition("/")
        if not persona or not PERSONAS[persona].works:
            return user
        name = f"Start-{project}"
        config = self.node.try_find_child(name)
        if config is None:
            arn = self._projects[project].start_script_arn_in(self)
            config = studio.LifecycleConfig.from_lifecycle_config_arn(
                self, name, arn, app=studio.StudioApp.JUPYTER_LAB
            )
        script = cast(studio.LifecycleConfigBase, config)
        jupyter_lab = replace(
            user.settings.jupyter_lab, lifecycle_configs=[script], default_lifecycle_config=script
        )
        return replace(user, settings=replace(user.settings, jupyter_lab=jupyter_lab))

    def _define_space(self, given: SpaceSettings, owner: studio.UserProfileBase) -> None:
        studio.Space(
            self,
            f"Space-{given.name}",
            owner=owner,
            app=given.app,
            space_name=given.name,
            sharing=_SHARING[given.sharing],
            storage_gib=given.storage_gib,
            instance_type=given.instance_type,
            removal_policy=self._domain_stack.removal_policy,
        )


def _validate(
    users: Sequence[studio.StudioUser],
    spaces: Sequence[SpaceSettings],
    projects: Mapping[str, ProjectPersonas],
) -> None:
    allowed = [
        *PERSONAS,
        *(f"{name}/{persona}" for name, project in projects.items() for persona in project.names),
    ]
    found = [
        f"{user.origin or user.user_profile_name}: role: got {user.role!r}; allowed are "
        f"{', '.join(allowed)}"
        for user in users
        if user.role is not None and user.role not in allowed
    ]
    names = [user.user_profile_name for user in users]
    found += [
        f"studio.spaces: {space.name}: owner: got {space.owner!r}; allowed are the users "
        f"{', '.join(names) or '(none)'}"
        for space in spaces
        if space.owner not in names
    ]
    if found:
        raise ValueError(
            "the users of Studio cannot be defined:" + "".join(f"\n  - {one}" for one in found)
        )
