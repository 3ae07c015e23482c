"""Logs and alarms of the accounts."""

from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.settings.model import InAccounts
from stacks.settings.names import BucketName, Emails, RemovalChoice

RETENTIONS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)  # fmt: skip
"""Days that CloudWatch Logs supports (PutRetentionPolicy in its API reference)."""


def _supported(days: int) -> int:
    if days not in RETENTIONS:
        raise ValueError(
            f"one of the periods of CloudWatch Logs: {', '.join(map(str, RETENTIONS))}"
        )
    return days


RetentionDays = Annotated[
    int, AfterValidator(_supported), Field(json_schema_extra={"enum": list(RETENTIONS)})
]


class LogSettings(InAccounts):
    """Access logs and alarms of an account, in the stack `Foundation`."""

    retention_days: RetentionDays = 365
    """Time that logs are kept. Defaults to 365."""
    access_bucket: BucketName | None = None
    """Existing bucket of S3 server access logs. Defaults to a new one."""
    alarms: Emails = []
    """Email addresses that alarms notify. Defaults to none."""
    removal: RemovalChoice = None
    """Handling of logs and keys when the stack is deleted. Defaults to that of `defaults`."""
