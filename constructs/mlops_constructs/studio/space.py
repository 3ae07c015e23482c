"""Spaces: an application of Studio with its volume."""

from enum import StrEnum

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._problems import Problems, is_known, outside
from mlops_constructs._regions import region_problems

from ._names import name_problems
from .studio_app import StudioApp
from .user_profile import UserProfileBase
from .user_settings import MAX_VOLUME_GIB, MIN_VOLUME_GIB

MAX_DISPLAY_NAME_LENGTH = 64


class SpaceSharing(StrEnum):
    """The users of a space."""

    PRIVATE = "Private"
    """Only its owner."""

    SHARED = "Shared"
    """All users of the domain, with the domain's `shared_space_role`."""


class Space(cdk.Resource):
    """Defines a space: a volume and the application that uses it.

    Users create private spaces themselves. Define a space in a stack for a team, or for a volume of
    a certain size. The domain, and the choice of users in Studio, determine when an idle
    application of the space is deleted: CloudFormation does not support it for a space.

    A changed name, owner or sharing replaces the space; its files remain in the old one.

    Args:
        owner: profile of the owner, which also determines the domain.
        app: application of the space.
        space_name: name of the space, unique in the domain, up to 63 characters.
        sharing: users of the space. Defaults to `SpaceSharing.PRIVATE`: its owner.
        storage_gib: size of the volume in GiB, 5 to 16,384 and not more than the domain allows; it
            can only grow. Defaults to None: the default of the domain.
        instance_type: default ML instance type. Defaults to None: that of the domain.
        display_name: name that Studio shows, 1 to 64 characters. Defaults to None: `space_name`.
        remote_access: True to allow connections of a local IDE by users with
            `Domain.grant_remote_ide`, which can copy all data of the space. It requires an instance
            with 8 GiB of memory. Defaults to False: only Studio opens the space.
        removal_policy: policy for the space, with all files on its volume, when it is removed from
            the stack. With DESTROY its application is deleted first. Defaults to None: the policy
            of an owned domain; a space of an imported domain is retained.

    Attributes:
        space_name: name of the space.
        space_arn: ARN of the space.

    Raises:
        ValueError: if the input is invalid; the message lists every problem.

    Source: CreateSpace in SageMaker's API reference.

    Example:
        ```python
        domain = Domain.from_domain_id(stack, "Studio", "d-0abc1def2ghi")
        grace = UserProfile(stack, "Grace", domain=domain, user_profile_name="grace")
        Space(
            stack, "Churn", owner=grace, app=StudioApp.JUPYTER_LAB, space_name="churn",
            sharing=SpaceSharing.SHARED, storage_gib=50,
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        owner: UserProfileBase,
        app: StudioApp,
        space_name: str,
        sharing: SpaceSharing = SpaceSharing.PRIVATE,
        storage_gib: int | None = None,
        instance_type: str | None = None,
        display_name: str | None = None,
        remote_access: bool = False,
        removal_policy: cdk.RemovalPolicy | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        problems = Problems("Space", self)
        problems.extend(region_problems(self, "AWS::SageMaker::Space"))
        problems.extend(name_problems("space_name", space_name))
        problems.extend(_problems(storage_gib, instance_type, display_name))
        problems.raise_if_any()
        domain = owner.domain
        self.space_name = space_name
        self._resource = sagemaker.CfnSpace(
            self,
            "Resource",
            domain_id=domain.domain_id,
            space_name=space_name,
            space_display_name=display_name,
            ownership_settings=sagemaker.CfnSpace.OwnershipSettingsProperty(
                owner_user_profile_name=owner.user_profile_name
            ),
            space_sharing_settings=sagemaker.CfnSpace.SpaceSharingSettingsProperty(
                sharing_type=sharing.value
            ),
            space_settings=_settings(app, storage_gib, instance_type, remote_access),
        )
        self.space_arn = self._resource.attr_space_arn
        # The owner's name is not a reference: it needs a dependency.
        self._resource.node.add_dependency(owner)
        domain.delete_before_domain(self._resource)
        policy = removal_policy or domain.removal_policy
        self._resource.apply_removal_policy(policy)
        if policy is cdk.RemovalPolicy.DESTROY:
            domain.cleanup_in(cdk.Stack.of(self)).before(
                self,
                self._resource,
                resource_arn=self.space_arn,
                properties={"SpaceName": space_name},
            )


def _settings(
    app: StudioApp, storage_gib: int | None, instance_type: str | None, remote_access: bool
) -> sagemaker.CfnSpace.SpaceSettingsProperty:
    l1 = sagemaker.CfnSpace
    spec = l1.ResourceSpecProperty(instance_type=instance_type) if instance_type else None
    jupyter_lab = code_editor = None
    if spec and app is StudioApp.JUPYTER_LAB:
        jupyter_lab = l1.SpaceJupyterLabAppSettingsProperty(default_resource_spec=spec)
    elif spec:
        code_editor = l1.SpaceCodeEditorAppSettingsProperty(default_resource_spec=spec)
    storage = None
    if storage_gib is not None:
        storage = l1.SpaceStorageSettingsProperty(
            ebs_storage_settings=l1.EbsStorageSettingsProperty(ebs_volume_size_in_gb=storage_gib)
        )
    return l1.SpaceSettingsProperty(
        app_type=app.value,
        jupyter_lab_app_settings=jupyter_lab,
        code_editor_app_settings=code_editor,
        space_storage_settings=storage,
        remote_access="ENABLED" if remote_access else None,
    )


def _problems(
    storage_gib: int | None, instance_type: str | None, display_name: str | None
) -> list[str]:
    found = []
    if outside(storage_gib, MIN_VOLUME_GIB, MAX_VOLUME_GIB):
        found.append(
            f"storage_gib: got {storage_gib}; allowed are {MIN_VOLUME_GIB} to {MAX_VOLUME_GIB}"
        )
    if is_known(instance_type) and not str(instance_type).startswith("ml."):
        found.append(f"instance_type: got {instance_type!r}; allowed are ml.… types")
    shown = display_name if display_name is not None and is_known(display_name) else "its name"
    if not shown.strip() or len(shown) > MAX_DISPLAY_NAME_LENGTH:
        found.append(
            f"display_name: got {shown!r}; allowed are 1 to {MAX_DISPLAY_NAME_LENGTH} characters, "
            "not only white space"
        )
    return found
