"""A real AWS account, read with the credentials of the shell and never changed."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.framework.root_keys import RootKeys

_MIN_ATTEMPTS = 8
READS = ("Describe", "Get", "List", "BatchGet", "Head")


@dataclass(frozen=True)
class RealAccount(LocalAws):
    """An account whose clients have the credentials of the shell and reject every change.

    Args:
        session: session with the credentials.
    """

    session: boto3.Session = field(default_factory=boto3.Session)

    def at(self, account: str, region: str = "") -> "RealAccount":
        """Returns the same credentials in another region.

        Raises:
            RehearsalError: it is another account, which needs other credentials.
        """
        if account != self.account:
            raise RehearsalError(
                f"A stage of the project is in account {account}.",
                f"The credentials are of account {self.account}, and a report reads one account.",
                "Read its endpoint in the console of that account; the page has the other parts.",
            )
        return replace(self, region=region or self.region)

    def mlflow_link(self, app: str) -> str:
        """Returns no link: AWS makes one for minutes only, by a call that is not one of `READS`.

        Args:
            app: ARN of the App.
        """
        return ""

    def client(self, service: str, *, seconds: float = 120, attempts: int = 2) -> Any:
        """Returns a boto3 client that only reads.

        Args:
            service: name of the service.
            seconds: read timeout in seconds. Defaults to 120.
            attempts: maximum number of attempts of a call. Defaults to 2.
        """
        # This mode waits longer from attempt to attempt when AWS throttles.
        config = Config(
            read_timeout=seconds,
            retries={"mode": "standard", "total_max_attempts": max(attempts, _MIN_ATTEMPTS)},
        )
        made = self.session.client(service, region_name=self.region, config=config)  # type: ignore[call-overload]
        made.meta.events.register("before-call", _reject_change)
        return made


def _reject_change(model: Any, **_: object) -> None:
    if not model.name.startswith(READS):
        raise RehearsalError(
            f"The report would call {model.name}, which may change the account.",
            f"Allowed: operations that begin with {', '.join(READS)}.",
        )


def connect(profile: str = "", region: str = "") -> RealAccount:
    """Returns the account of the credentials.

    Args:
        profile: profile of the AWS configuration. Defaults to that of the shell.
        region: the region. Defaults to that of the shell or profile.

    Raises:
        RehearsalError: there are no credentials, or no region.
    """
    try:
        session = boto3.Session(profile_name=profile or None, region_name=region or None)
        if not session.region_name:
            raise RehearsalError(
                "No region is set.", "", "Pass --region, or set AWS_REGION or a profile's region."
            )
        identity = session.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise RehearsalError(
            "No credentials of an AWS account can be used.",
            str(error),
            "Sign in (`aws sso login`), or pass --profile.",
        ) from error
    return RealAccount(
        url="",
        port=0,
        pid=0,
        ca_bundle=Path(),
        accounts=(identity["Account"],),
        region=session.region_name,
        root_keys=RootKeys(b""),
        proxy="",
        session=session,
    )
