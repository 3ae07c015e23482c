"""Sharing a feature group with other accounts, by AWS RAM."""

from collections.abc import Sequence

from mlops_constructs._problems import is_known

from .online_store import OnlineStore

READ = "AWSRAMPermissionSageMakerFeatureGroupReadOnly"
READ_AND_WRITE = "AWSRAMPermissionSageMakerFeatureGroupReadWrite"


def sharing_problems(accounts: Sequence[str], online: OnlineStore | None) -> list[str]:
    """What AWS would refuse, or what no account could use."""
    found = [
        f"accounts: got {account!r}; allowed is the id of an account, 12 digits"
        for account in accounts
        if is_known(account) and not (account.isdecimal() and len(account) == 12)
    ]
    if not accounts:
        found.append("accounts: got none; name those that may use the group")
    if online is None:
        found.append(
            "online: got a group without an online store, which is what other accounts read; of "
            "the offline store share the bucket and the table"
        )
    elif online.encryption_key is None:
        found.append(
            "online: got a store with a key of AWS, which no other account may use; give it "
            "encryption_key"
        )
    return found
