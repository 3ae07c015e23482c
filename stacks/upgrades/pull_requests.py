"""Pull requests at CodeCommit and at third-party providers.

AWS CodeConnections cannot open a pull request, so a provider's API is called with a token of the
user, from the environment variable `GIT_PROVIDER_TOKEN`. The address of a self-hosted provider is
that of the connection's host.

Sources: AWS CodeCommit API Reference, CreatePullRequest; "REST API endpoints for pull requests" of
GitHub; "Merge requests API" of GitLab; "Pullrequests" of Bitbucket's REST API.
"""

import json
import os
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit

from stacks.upgrades.commands import UpgradeError, aws
from stacks.upgrades.deployed_projects import ProjectRepository

TOKEN = "GIT_PROVIDER_TOKEN"  # noqa: S105 - the name of a variable
_TIMEOUT_SECONDS = 60
_MAX_DESCRIPTION = 10_000  # CodeCommit allows 10,240 characters


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """A pull request to open.

    Args:
        source: branch with the changes.
        target: branch of the team.
        title: title, up to 150 characters.
        description: description in Markdown.
    """

    source: str
    target: str
    title: str
    description: str

    @property
    def shown_description(self) -> str:
        """The description, shortened to what all providers allow."""
        if len(self.description) <= _MAX_DESCRIPTION:
            return self.description
        return self.description[: _MAX_DESCRIPTION - 20].rstrip() + "\n\n(shortened)"


def open_pull_request(repository: ProjectRepository, request: PullRequest) -> str:
    """Opens a pull request, unless the branch has an open one; returns where it is.

    Args:
        repository: the repository.
        request: the pull request.

    Raises:
        UpgradeError: it cannot be opened; the branch is pushed already.
    """
    if not repository.connection_arn:
        return _open_at_code_commit(repository, request)
    found = aws(
        *("codeconnections", "get-connection", "--connection-arn", repository.connection_arn),
        region=repository.region,
    )["Connection"]
    provider = found["ProviderType"]
    if provider not in _APIS:
        raise UpgradeError(
            f"pull requests at {provider} are not supported; open one from {request.source} to "
            f"{request.target} at the provider"
        )
    token = os.environ.get(TOKEN, "")
    if not token:
        raise UpgradeError(
            f"{TOKEN} is not set; set it to a token of {provider} that can open pull requests in "
            f"{repository.name} and run the command again, or open one from {request.source}"
        )
    kind, address = _APIS[provider]
    if "HostArn" in found:
        host = aws(
            *("codeconnections", "get-host", "--host-arn", found["HostArn"]),
            region=repository.region,
        )
        address = host["ProviderEndpoint"].rstrip("/") + kind.PATH
    return kind(address, token).open(repository.name, request)


def _open_at_code_commit(repository: ProjectRepository, request: PullRequest) -> str:
    region = repository.region
    ids = aws(
        *("codecommit", "list-pull-requests", "--repository-name", repository.name),
        *("--pull-request-status", "OPEN"),
        region=region,
    )["pullRequestIds"]
    for one in ids:
        found = aws("codecommit", "get-pull-request", "--pull-request-id", one, region=region)
        targets = found["pullRequest"]["pullRequestTargets"]
        if any(target["sourceReference"] == f"refs/heads/{request.source}" for target in targets):
            return f"pull request {one}"
    created = aws(
        *("codecommit", "create-pull-request", "--title", request.title),
        *("--description", request.shown_description, "--targets"),
        json.dumps(
            [
                {
                    "repositoryName": repository.name,
                    "sourceReference": request.source,
                    "destinationReference": request.target,
                }
            ]
        ),
        region=region,
    )["pullRequest"]
    return f"pull request {created['pullRequestId']}"


class _Api(ABC):
    """REST API of a provider.

    Args:
        address: address of the API.
        token: token of the user.
    """

    PATH = ""
    """Path of the API on a self-hosted server."""

    def __init__(self, address: str, token: str) -> None:
        self._address = address
        self._token = token

    @abstractmethod
    def open(self, repository: str, request: PullRequest) -> str:
        """Opens a pull request, unless there is one; returns its address.

        Args:
            repository: OWNER/NAME.
            request: the pull request.
        """

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def _call(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> Any:
        """Calls the API; returns the parsed response."""
        url = f"{self._address}{path}"
        if urlsplit(url).scheme != "https":
            raise UpgradeError(f"got the address {self._address}; allowed are https addresses")
        request = urllib.request.Request(  # noqa: S310 - https only
            url,
            json.dumps(content).encode() if content is not None else None,
            {
                **self._authorization(),
                "Accept": "application/json",
                "Content-Type": "application/json",
            },
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
                return json.load(response)
        except HTTPError as error:
            detail = error.read(500).decode(errors="replace").strip()
            raise UpgradeError(f"{method} {url}: {error.code} {detail}") from error
        except (URLError, ValueError) as error:
            raise UpgradeError(f"{method} {url}: {error}") from error


class _GitHub(_Api):
    """GitHub and GitHub Enterprise Server."""

    PATH = "/api/v3"

    def open(self, repository: str, request: PullRequest) -> str:
        owner = repository.partition("/")[0]
        pulls = f"/repos/{repository}/pulls"
        query = urlencode({"head": f"{owner}:{request.source}", "state": "open"})
        found = self._call("GET", f"{pulls}?{query}") or [
            self._call(
                "POST",
                pulls,
                {
                    "title": request.title,
                    "head": request.source,
                    "base": request.target,
                    "body": request.shown_description,
                },
            )
        ]
        return str(found[0]["html_url"])


class _GitLab(_Api):
    """GitLab and self-managed GitLab."""

    PATH = "/api/v4"

    def open(self, repository: str, request: PullRequest) -> str:
        requests = f"/projects/{quote(repository, safe='')}/merge_requests"
        query = urlencode({"source_branch": request.source, "state": "opened"})
        found = self._call("GET", f"{requests}?{query}") or [
            self._call(
                "POST",
                requests,
                {
                    "title": request.title,
                    "source_branch": request.source,
                    "target_branch": request.target,
                    "description": request.shown_description,
                },
            )
        ]
        return str(found[0]["web_url"])


class _Bitbucket(_Api):
    """Bitbucket Cloud."""

    def open(self, repository: str, request: PullRequest) -> str:
        requests = f"/repositories/{repository}/pullrequests"
        query = urlencode({"q": f'source.branch.name="{request.source}" AND state="OPEN"'})
        found = self._call("GET", f"{requests}?{query}")["values"] or [
            self._call(
                "POST",
                requests,
                {
                    "title": request.title,
                    "source": {"branch": {"name": request.source}},
                    "destination": {"branch": {"name": request.target}},
                    "description": request.shown_description,
                },
            )
        ]
        return str(found[0]["links"]["html"]["href"])


_APIS: dict[str, tuple[type[_Api], str]] = {
    "Bitbucket": (_Bitbucket, "https://api.bitbucket.org/2.0"),
    "GitHub": (_GitHub, "https://api.github.com"),
    "GitHubEnterpriseServer": (_GitHub, ""),
    "GitLab": (_GitLab, "https://gitlab.com/api/v4"),
    "GitLabSelfManaged": (_GitLab, ""),
}
