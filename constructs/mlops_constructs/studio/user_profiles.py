"""User profiles of a domain from a list of users."""

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
    """Defines a user profile for each user of a list.

    The logical id of a profile depends only on the name of the user: adding, removing or moving
    users in the list does not affect the others. A changed name is a different user.

    Args:
        domain: domain of the profiles.
        users: users of the domain; `StudioUser.from_yaml` reads them from a file.
        roles: execution roles by the names that the users refer to, such as roles of personas.
            Defaults to None: no roles; users have the execution role of the domain.
        removal_policy: policy for the profile, and the private spaces, of a user who is removed
            from the list; see `UserProfile`. With DESTROY their applications and spaces are deleted
            first. Defaults to None: the policy of an owned domain.

    Attributes:
        profiles: the profiles by the names of the users.

    Raises:
        ValueError: if the input is invalid; the message lists every problem of all users, with the
            place in the list.

    Example:
        ```python
        domain = Domain.from_domain_id(stack, "Studio", "d-0abc1def2ghi")
        UserProfiles(
            stack,
            "Users",
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
        problems = Problems("UserProfiles", self)
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
            yield f"{name}: got the name {number} times; allowed is one user of each name"


def _problems(
    user: StudioUser, domain: DomainBase, roles: Mapping[str, iam.IRole]
) -> Iterator[str]:
    yield from name_problems("user_profile_name", user.user_profile_name)
    yield from user.settings.problems()
    yield from user_problems(domain, user.identity_center_user)
    if user.role is not None and user.role not in roles:
        allowed = f"allowed are {', '.join(roles)}" if roles else "give `roles`"
        yield f"role: got {user.role!r}; {allowed}"
