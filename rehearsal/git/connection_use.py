"""The IAM evaluation of the use of a connection.

Source: "Actions, resources, and condition keys for AWS CodeConnections" in the Service
Authorization Reference.
"""

from rehearsal.framework.platform import AwsError, Platform, Scope

_PREFIXES = ("codeconnections", "codestar-connections")
_READS, _WRITES = "read_only", "read_write"


def authorize_use(
    platform: Platform,
    principal_arn: str,
    connection_arn: str,
    *,
    repository: str,
    action: str,
    writes: bool = False,
) -> None:
    """Evaluates whether a principal may use a connection for a repository.

    The service has two IAM prefixes, and the age of the connection decides which one applies. The
    rehearsal cannot know the age, so the permission of either prefix is sufficient.

    Args:
        platform: the AWS around the service.
        principal_arn: the caller.
        connection_arn: the connection.
        repository: the repository as OWNER/NAME.
        action: value of the condition key ProviderAction, such as GitPush.
        writes: True if the action changes the repository. Defaults to False.

    Raises:
        AwsError: the principal has no permission.
    """
    owner, _, name = repository.rpartition("/")
    scope = Scope(principal_arn.split(":")[4], connection_arn.split(":")[3])
    denied: AwsError | None = None
    for prefix in _PREFIXES:
        keys = {
            f"{prefix}:FullRepositoryId": repository,
            f"{prefix}:OwnerId": owner,
            f"{prefix}:RepositoryName": name,
            f"{prefix}:ProviderAction": action,
            f"{prefix}:ProviderPermissionsRequired": _WRITES if writes else _READS,
        }
        try:
            platform.authorize(
                principal_arn, f"{prefix}:UseConnection", connection_arn, scope, keys
            )
        except AwsError as error:
            denied = denied or error
        else:
            return
    if denied is not None:
        raise denied
