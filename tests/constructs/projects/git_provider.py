"""A git provider behind a connection, as its users see it."""

import json
import os
import ssl
import subprocess
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from rehearsal.client import connection
from rehearsal.client.local_aws import LocalAws

PARAMETER = "/mlops/Connections/github/arn"


class GitProvider:
    """The provider of an authorised connection that Parameter Store has by its ARN.

    Args:
        aws: the local AWS.
        self_hosted: True for a connection whose host has the address of the provider's API.
    """

    def __init__(self, aws: LocalAws, *, self_hosted: bool = False) -> None:
        self.aws = aws
        client = aws.client("codeconnections")
        kind = {"ProviderType": "GitHub"}
        if self_hosted:
            host = client.create_host(
                Name="github",
                ProviderType="GitHubEnterpriseServer",
                ProviderEndpoint="https://github.example.com",
            )
            kind = {"HostArn": host["HostArn"]}
        created = client.create_connection(ConnectionName="github", **kind)
        self.connection_arn = str(created["ConnectionArn"])
        aws.client("ssm").put_parameter(Name=PARAMETER, Value=self.connection_arn, Type="String")
        self._connection = connection.authorize(aws, "github")
        self.api_url = f"{self._connection.url}/api/v3"
        if self_hosted:
            client.update_host(HostArn=kind["HostArn"], ProviderEndpoint=self._connection.url)

    def create(self, owner: str, name: str) -> None:
        """Creates an empty repository."""
        self.request("POST", f"/orgs/{owner}/repos", {"name": name})

    def remote(self, repository: str) -> str:
        """The URL with which the provider's own users clone and push."""
        return f"{self._connection.url}/{repository}.git"

    def pull_requests(self, repository: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.request("GET", f"/repos/{repository}/pulls?state=all")
        return found

    def request(self, method: str, path: str, content: Any = None) -> Any:
        request = urllib.request.Request(  # noqa: S310
            f"{self.api_url}{path}",
            json.dumps(content).encode() if content is not None else None,
            {"Authorization": "Bearer of-ada"},
            method=method,
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(
                context=ssl.create_default_context(cafile=str(self.aws.ca_bundle))
            ),
        )
        try:
            with opener.open(request, timeout=60) as response:
                return json.load(response)
        except HTTPError as error:
            raise AssertionError(f"{error.code} {error.read().decode()}") from error

    def clone(self, repository: str, folder: Path) -> Path:
        git(self.aws, folder.parent, "clone", "--quiet", self.remote(repository), str(folder))
        return folder

    def git(self, clone: Path, *arguments: str) -> str:
        return git(self.aws, clone, *arguments)

    def push(self, clone: Path, message: str, branch: str = "main") -> str:
        """Commits and pushes all files of a clone; the id of the commit."""
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        git(self.aws, clone, "add", "--all")
        git(self.aws, clone, *who, "commit", "--quiet", "--message", message)
        git(self.aws, clone, "push", "--quiet", "origin", f"HEAD:{branch}")
        return git(self.aws, clone, "rev-parse", "HEAD").strip()


def git(aws: LocalAws, folder: Path, *arguments: str) -> str:
    """Runs git as a user of the local AWS."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**aws.environment(), "GIT_CONFIG_GLOBAL": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"git {arguments}: {done.stderr}"
    return done.stdout
