"""The running local AWS: its address and the settings for boto3, the CDK CLI and git."""

import functools
import json
import os
import shlex
import shutil
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.client import server_end
from rehearsal.client.errors import NOT_RUNNING, RehearsalError
from rehearsal.client.process_tree import identify
from rehearsal.framework import standing_links
from rehearsal.framework.proxy_settings import UserProxy
from rehearsal.framework.root_keys import RootKeys

BUILD_DIRECTORY = Path("build/rehearsal")
STATE_DIRECTORY = BUILD_DIRECTORY / "aws"
STATE_VARIABLE = "REHEARSAL_STATE_DIRECTORY"
"""The variable with the state directory, for `rehearse-docker` in any folder."""
SERVER_MODULE = "rehearsal.server.main"
# The variables and files with which a user configures AWS concern real accounts only.
_OWN_SETTINGS = {
    name: (None, None, os.devnull if name.endswith("_file") else default, conversion)
    for name, (_, _, default, conversion) in (botocore.session.Session.SESSION_VARIABLES.items())
}


_CREATION = threading.Lock()


@dataclass(frozen=True)
class LocalAws:
    """A running local AWS, as its server describes it in endpoint.json."""

    url: str
    port: int
    pid: int
    ca_bundle: Path
    accounts: Sequence[str]
    region: str
    root_keys: RootKeys
    proxy: str
    """URL of the proxy that leads AWS's host names to it."""

    @property
    def account(self) -> str:
        """The first account, which is the tooling account."""
        return self.accounts[0]

    def at(self, account: str, region: str = "") -> "LocalAws":
        """Returns the same server with another account as the first one.

        Args:
            account: id of the account.
            region: the region. Defaults to that of this one.
        """
        return replace(self, accounts=(account,), region=region or self.region)

    def mlflow_link(self, app: str) -> str:
        """Returns a link to the pages of an MLflow App that works while the local AWS is up.

        Args:
            app: ARN of the App.
        """
        secret = self.root_keys.secret_access_key(app.split(":")[4])
        name, query = app.rpartition("/")[2], standing_links.query(app, secret)
        return f"{self.url}/_mlflow/{name}/{standing_links.PATH}?{query}"

    def root_variables(self, account: str) -> dict[str, str]:
        """Returns the variables with the access key of the root of an account."""
        return {
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": self.root_keys.secret_access_key(account),
        }

    def client(self, service: str, *, seconds: float = 120, attempts: int = 2) -> Any:
        """Returns a boto3 client of the root user of the first account, the same one each time.

        Args:
            service: name of the service.
            seconds: read timeout in seconds. Defaults to 120.
            attempts: maximum number of attempts of a call. Defaults to 2.
        """
        secret = self.root_keys.secret_access_key(self.account)
        place = (self.account, secret, self.region, self.url, str(self.ca_bundle))
        with _CREATION:  # sessions do not create clients concurrently
            return _client(place, service, seconds, attempts)

    def variables(self) -> dict[str, str]:
        """Returns the variables that point aws, boto3, the CDK CLI and git to the local AWS."""
        bundle = str(self.ca_bundle)
        aws = shlex.quote(shutil.which("aws", path=program_path(os.environ)["PATH"]) or "aws")
        # Only `get` supports the option; `store` would start Python without effect.
        sign_in = f"{aws} codecommit credential-helper --ignore-host-check get"
        # For this URL only, so that other remotes keep their credentials. The empty helper removes
        # those of the user's configuration.
        settings = {
            f"credential.{self.url}.helper": [
                "",
                f'!f() {{ test "$1" != get || {sign_in}; }}; f',
            ],
            f"credential.{self.url}.UseHttpPath": ["true"],
            f"http.{self.url}.proxy": [""],
        }
        pairs = [(key, value) for key, values in settings.items() for value in values]
        variables = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CA_BUNDLE": bundle,
            **self.root_variables(self.account),
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_DOCKER": str(Path(sys.executable).with_name("rehearse-docker")),
            STATE_VARIABLE: str(self.ca_bundle.parent.parent),
            "NODE_EXTRA_CA_CERTS": bundle,
            "REQUESTS_CA_BUNDLE": bundle,
            "SSL_CERT_FILE": bundle,
            "CURL_CA_BUNDLE": bundle,
            "GIT_SSL_CAINFO": bundle,  # takes precedence over git's configuration
            "GIT_CONFIG_COUNT": str(len(pairs)),
        }
        variables |= UserProxy.of(os.environ).replaced_by(self.proxy)
        for index, (key, value) in enumerate(pairs):
            variables[f"GIT_CONFIG_KEY_{index}"] = key
            variables[f"GIT_CONFIG_VALUE_{index}"] = value
        return variables

    def environment(self) -> dict[str, str]:
        """Returns this environment with `variables`, without what configures real accounts."""
        current = {name: v for name, v in os.environ.items() if not name.startswith("AWS_")}
        nothing = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
        return program_path({**current, **nothing, **self.variables()})

    def problem(self) -> Exception | None:
        """Returns the error of a call to the server; None if it responds."""
        try:
            self.client("sts", seconds=30, attempts=1).get_caller_identity()
        except (BotoCoreError, ClientError, OSError) as error:
            return error
        return None

    def is_ready(self) -> bool:
        """Returns True if the server responds to a call."""
        return self.problem() is None


@functools.lru_cache(maxsize=128)
def _client(
    place: tuple[str, str, str, str, str], service: str, seconds: float, attempts: int
) -> Any:
    """Returns a client; the creation of one takes 25 times as long as a call.

    Args:
        place: account, secret access key, region, URL and CA bundle.
        service: name of the service.
        seconds: read timeout.
        attempts: maximum number of attempts.
    """
    account, secret, region, url, ca_bundle = place
    return _session(account, secret, region).client(
        service,  # type: ignore[call-overload]
        endpoint_url=url,
        verify=ca_bundle,
        config=Config(
            connect_timeout=5,
            read_timeout=seconds,
            retries={"total_max_attempts": attempts},
            s3={"addressing_style": "path"},
            proxies={},  # the local AWS is on this machine
        ),
    )


@functools.cache
def _session(account: str, secret: str, region: str) -> boto3.Session:
    """Returns the session of all clients; it caches service models, which load in half a second."""
    return boto3.Session(
        botocore_session=botocore.session.Session(session_vars=_OWN_SETTINGS),
        aws_access_key_id=account,
        aws_secret_access_key=secret,
        region_name=region,
    )


def installed_programs() -> list[str]:
    """Returns the folders of the programs that are installed in this project."""
    return [str(Path(sys.executable).parent), str(Path("node_modules/.bin").absolute())]


def program_path(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns an environment with the programs of this project first on PATH."""
    path = os.pathsep.join((*installed_programs(), environment.get("PATH", os.defpath)))
    return {**environment, "PATH": path}


def find(directory: Path = STATE_DIRECTORY) -> LocalAws | None:
    """Returns the local AWS that runs on a state directory; None if none runs."""
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
            root_keys=RootKeys.read(directory),
            proxy=data["proxy"],
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return None  # incomplete: the server is not ready yet, or died at its start
    return found if is_server(found.pid) else None


def require(directory: Path = STATE_DIRECTORY) -> LocalAws:
    """Returns the running local AWS.

    Raises:
        RehearsalError: None runs.
    """
    found = find(directory)
    if found is not None:
        return found
    died = server_end.read(directory)
    if died is None:
        raise RehearsalError("The local AWS is not running.", "", NOT_RUNNING)
    raise RehearsalError(
        "The local AWS is not running: it died.",
        "\n".join((died.sentence, *died.log)),
        "Run `rehearse up`, which restores its state.",
    )


def last_port(directory: Path = STATE_DIRECTORY) -> int:
    """Returns the port of the last local AWS of a state directory; 0 if no local AWS has run."""
    for name in ("endpoint.json", "stopped.json"):
        try:
            return int(json.loads((directory / name).read_text())["port"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return 0


def is_server(pid: int) -> bool:
    """Returns True if the process is a local AWS: the system may have reused the process id."""
    if identify(pid) is None:
        return False
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return SERVER_MODULE.encode() in arguments
