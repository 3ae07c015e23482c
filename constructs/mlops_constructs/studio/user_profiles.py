"""All people of a Studio domain, from a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs._problems import Problems

from ._names import name_problems
from .domain_base import DomainBase
from .studio_user import StudioUser
from .user_profile import UserProfile, user_problems


class UserProfiles(Construct):
    """Defines a user profile for each person of a list.

    A profile's place in the template follows from the person's name alone: whoever is added, left
    out or moved in the list changes nothing for the others. Another name is another user.

    Args:
        domain: the domain.
        users: who works in it; `StudioUser.from_yaml` reads them from a file.
        roles: execution roles by the words that the list has for them, such as roles of personas.
        removal_policy: what becomes of the profile of a person who leaves the list, and of their
            private spaces; see `UserProfile`. With DESTROY their applications are ended and the
            spaces that they own deleted first. Left out: what becomes of an owned domain.

    Attributes:
        profiles: the profiles by the names of the people.

    Raises:
        ValueError: with every problem of all people, and where they are listed.

    Example:
        ```python
        domain = Domain.from_domain_id(stack, "Studio", "d-0abc1def2ghi")
        UserProfiles(
            stack,
            "People",
            domain=domain,
            users=[StudioUser(user_profile_name="katherine", role="scientists")],
            roles={"scientists": role},
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain: DomainBase,
        users: Sequence[StudioUser],
        roles: Mapping[str, iam.IRole] | None = None,
        removal_policy: cdk.RemovalPolicy | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        roles = roles or {}
        problems = Problems(f"UserProfiles {self.node.path}")
        problems.extend(_twice(users))
        for user in users:
            where = user.origin or user.user_profile_name
            problems.extend(f"{where}: {problem}" for problem in _problems(user, domain, roles))
        problems.raise_if_any()
        self.profiles = {
            user.user_profile_name: UserProfile(
                self,
                user.user_profile_name,
                domain=domain,
                user_profile_name=user.user_profile_name,
                execution_role=roles[user.role] if user.role else None,
                settings=user.settings,
                identity_center_user=user.identity_center_user,
                removal_policy=removal_policy,
            )
            for user in users
        }


def _twice(users: Sequence[StudioUser]) -> Iterator[str]:
    for name, number in Counter(user.user_profile_name for user in users).items():
        if number > 1:
            yield f"{name}: got the name {number} times; each person has a name of their own"


def _problems(
    user: StudioUser, domain: DomainBase, roles: Mapping[str, iam.IRole]
) -> Iterator[str]:
    yield from name_problems("user_profile_name", user.user_profile_name)
    yield from user.settings.problems()
    yield from user_problems(domain, user.identity_center_user)
    if user.role is not None and user.role not in roles:
        allowed = f"allowed are {', '.join(roles)}" if roles else "give `roles`"
        yield f"role: got {user.role!r}; {allowed}"
