"""The local AWS that runs: where it is, and how boto3, the CDK CLI and git reach it."""

from __future__ import annotations

import functools
import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.client.errors import NOT_UP, RehearsalError
from rehearsal.client.process_tree import identify

BUILD_DIRECTORY = Path("build/rehearsal")
STATE_DIRECTORY = BUILD_DIRECTORY / "aws"
SERVER_MODULE = "rehearsal.server.main"
# The local AWS takes a 12-digit access key for root of that account; it does not check the secret.
SECRET_ACCESS_KEY = "rehearsal"  # noqa: S105


@dataclass(frozen=True)
class LocalAws:
    """A local AWS that runs: what its server wrote into endpoint.json when it was ready."""

    url: str
    port: int
    pid: int
    ca_bundle: Path
    accounts: Sequence[str]
    region: str

    @property
    def account(self) -> str:
        return self.accounts[0]

    def client(self, service: str, *, seconds: float = 120, attempts: int = 2) -> Any:
        """A boto3 client as root of the first account."""
        return _session(self.account, self.region).client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.url,
            verify=str(self.ca_bundle),
            config=Config(
                connect_timeout=5,
                read_timeout=seconds,
                retries={"total_max_attempts": attempts},
                s3={"addressing_style": "path"},
            ),
        )

    def variables(self) -> dict[str, str]:
        """The environment that points aws, boto3, the CDK CLI and git at the local AWS."""
        bundle = str(self.ca_bundle)
        aws = shlex.quote(shutil.which("aws", path=program_path(os.environ)["PATH"]) or "aws")
        # Only `get` knows the option; `store` would start Python again, for nothing.
        sign_in = f"{aws} codecommit credential-helper --ignore-host-check get"
        # For this URL alone, so that git's other remotes keep their own sign-in. An empty helper
        # drops those of the user's configuration.
        settings = {
            f"credential.{self.url}.helper": [
                "",
                f'!f() {{ test "$1" != get || {sign_in}; }}; f',
            ],
            f"credential.{self.url}.UseHttpPath": ["true"],
        }
        pairs = [(key, value) for key, values in settings.items() for value in values]
        variables = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CA_BUNDLE": bundle,
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NODE_EXTRA_CA_CERTS": bundle,
            "GIT_SSL_CAINFO": bundle,  # it wins over git's configuration, where it is set
            "GIT_CONFIG_COUNT": str(len(pairs)),
        }
        for index, (key, value) in enumerate(pairs):
            variables[f"GIT_CONFIG_KEY_{index}"] = key
            variables[f"GIT_CONFIG_VALUE_{index}"] = value
        return variables

    def environment(self) -> dict[str, str]:
        """Our environment with `variables`, without credentials or profiles of the user's own."""
        foreign = ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE")
        ours = {name: value for name, value in os.environ.items() if name not in foreign}
        return program_path({**ours, **self.variables()})

    def answers(self) -> bool:
        """Whether the server answers a call now."""
        try:
            identity = self.client("sts", seconds=10, attempts=1).get_caller_identity()
        except (BotoCoreError, ClientError, OSError):
            return False
        return bool(identity["Account"] == self.account)


@functools.cache
def _session(account: str, region: str) -> boto3.Session:
    """One session for all clients: reading the model of a service takes half a second."""
    return boto3.Session(
        aws_access_key_id=account,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        region_name=region,
    )


def installed_programs() -> list[str]:
    """Where the programs are that are installed in this project."""
    return [str(Path(sys.executable).parent), str(Path("node_modules/.bin").absolute())]


def program_path(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with the programs that are installed in this project first on PATH."""
    path = os.pathsep.join((*installed_programs(), environment.get("PATH", os.defpath)))
    return {**environment, "PATH": path}


def find(directory: Path = STATE_DIRECTORY) -> LocalAws | None:
    """The local AWS that runs on a state directory; forgets one that died."""
    try:
        text = (directory / "endpoint.json").read_text()
        data = json.loads(text)
        found = LocalAws(
            url=data["url"],
            port=int(data["port"]),
            pid=int(data["pid"]),
            ca_bundle=Path(data["ca_bundle"]).absolute(),
            accounts=tuple(data["accounts"]),
            region=data["region"],
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return None  # half-written: its server died while it started, or is not ready yet
    return found if _is_server(found.pid) else None


def require(directory: Path = STATE_DIRECTORY) -> LocalAws:
    """The local AWS that runs; raises `RehearsalError` when there is none."""
    found = find(directory)
    if found is None:
        raise RehearsalError("The local AWS is not up.", "", NOT_UP)
    return found


def _is_server(pid: int) -> bool:
    """Whether a process is a server of ours: an id may have been given to another since."""
    if identify(pid) is None:
        return False
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return SERVER_MODULE.encode() in arguments
