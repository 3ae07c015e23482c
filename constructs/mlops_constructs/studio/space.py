"""Spaces: where an application of Studio runs, with its volume."""

from __future__ import annotations

from enum import StrEnum

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._problems import Problems, is_known, outside
from mlops_constructs._regions import region_problems

from ._names import name_problems
from .studio_app import StudioApp
from .user_profile import UserProfileBase
from .user_settings import LARGEST_VOLUME_GIB, SMALLEST_VOLUME_GIB

LONGEST_DISPLAY_NAME = 64


class SpaceSharing(StrEnum):
    """Who can use a space."""

    PRIVATE = "Private"
    """Its owner."""

    SHARED = "Shared"
    """Everybody in the domain; all work in it with the domain's `shared_space_role`."""


class Space(cdk.Resource):
    """Defines a space: a volume, and the application that is opened with it.

    People make private spaces by themselves. A space in a stack is for what a team shares, or for
    a volume of a certain size. When an idle application in it is ended follows from the domain,
    and from what people choose in Studio: CloudFormation has no such property of a space.

    Args:
        owner: the profile of the person who owns it, and with it the domain.
        app: the application for which it is.
        space_name: its name, unique in the domain.
        sharing: who can use it. Left out: its owner.
        storage_gib: size of its volume, 5 to 16384 and not more than the domain allows. It can
            only grow. Left out: the domain's default.
        instance_type: instance that is chosen when a person chooses none. Left out: the domain's.
        display_name: what people see. Left out: its name.
        remote_access: whether an IDE on somebody's own machine may connect to it, as
            `Domain.grant_remote_ide` lets people do. What is in the space can then be copied to
            that machine. It takes an instance with 8 GiB of memory. Left out: Studio alone opens
            it.
        removal_policy: what becomes of the space, and of all files on its volume, when it leaves
            the stack. With DESTROY its application is ended first. Left out: what becomes of an
            owned domain; a space of an imported one stays.

    Another name, owner or sharing replaces the space: its files stay with the former one.

    Raises:
        ValueError: with every problem of the input.

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
        problems = Problems(f"Space {self.node.path}")
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
        # Names are no references: a space is made after its owner, and is deleted before.
        self._resource.node.add_dependency(owner)
        domain.outlives(self._resource)
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
    if outside(storage_gib, SMALLEST_VOLUME_GIB, LARGEST_VOLUME_GIB):
        found.append(
            f"storage_gib: got {storage_gib}; allowed are {SMALLEST_VOLUME_GIB} to "
            f"{LARGEST_VOLUME_GIB}"
        )
    if is_known(instance_type) and not str(instance_type).startswith("ml."):
        found.append(f"instance_type: got {instance_type!r}; allowed are ml.… types")
    shown = display_name if display_name is not None and is_known(display_name) else "its name"
    if not shown.strip() or len(shown) > LONGEST_DISPLAY_NAME:
        found.append(
            f"display_name: got {shown!r}; allowed are 1 to {LONGEST_DISPLAY_NAME} characters, not "
            "only white space"
        )
    return found
